import type { User } from '../shared/contract.ts';
import type { Session, SessionStatus } from '../shared/session.ts';

interface ConduitDebug {
  getToken(): string | null;
  getAuthState(): SessionStatus;
  getCurrentUser(): User | null;
}

declare global {
  interface Window {
    __conduit_debug__?: ConduitDebug;
  }
}

/**
 * The interface that the public browser suite of the RealWorld specification reads. It tells nothing that a script on
 * this page could not read from `localStorage` anyway.
 */
export function exposeDebug(session: Session): void {
  window.__conduit_debug__ = {
    getToken: session.token,
    getAuthState: () => session.state().status,
    getCurrentUser: () => session.state().user,
  };
}
