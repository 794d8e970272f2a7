import { createContext, type ReactNode, use, useMemo, useSyncExternalStore } from 'react';
import { type ApiClient, createApiClient, type Fetch } from './http.ts';
import type { Session, SessionState } from './session.ts';

const SessionContext = createContext<Session | undefined>(undefined);
const ApiContext = createContext<ApiClient | undefined>(undefined);

/** Gives the session, and a client of the API that is another object for another user, to everything inside. */
export function SessionProvider({ session, fetch, children }: { session: Session; fetch: Fetch; children: ReactNode }) {
  const { generation } = useSyncExternalStore(session.subscribe, session.state);
  const api = useMemo(() => clientOf(session, fetch, generation), [session, fetch, generation]);
  return (
    <SessionContext value={session}>
      <ApiContext value={api}>{children}</ApiContext>
    </SessionContext>
  );
}

/** A new object for each generation: whatever was loaded through the old one loads again. */
function clientOf(session: Session, fetch: Fetch, _generation: number): ApiClient {
  return createApiClient(fetch, session.token);
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('outside of SessionProvider');
  return value;
}

export function useSession(): Session {
  return given(use(SessionContext));
}

/** Renders again when it changes. */
export function useSessionState(): SessionState {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.state);
}

export function useApi(): ApiClient {
  return given(use(ApiContext));
}
