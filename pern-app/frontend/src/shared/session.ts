import type { User } from './contract.ts';
import { createApiClient, type Fetch, fieldOf, RequestError } from './http.ts';
import type { KeyValueStorage } from './storage.ts';

/**
 * Who is using the page. `loading`: a token is there and has not been checked yet. `unavailable`: it could not be checked
 * because the server does not answer; the token is kept and asked about again.
 */
export type SessionStatus = 'loading' | 'authenticated' | 'unauthenticated' | 'unavailable';

export interface SessionState {
  readonly status: SessionStatus;
  readonly user: User | null;
  /** Grows when somebody else is signed in than before: everything shown has to be asked again. */
  readonly generation: number;
}

export interface Credentials {
  email: string;
  password: string;
}

export interface Session {
  state(): SessionState;
  token(): string | null;
  /** @returns how to stop listening */
  subscribe(listener: () => void): () => void;
  /** Checks the stored token; also called when another tab has changed it. */
  start(): Promise<void>;
  /** @throws {RequestError} */
  login(credentials: Credentials): Promise<void>;
  /** @throws {RequestError} */
  register(user: Credentials & { username: string }): Promise<void>;
  /** Changes some fields of the current user. @throws {RequestError} */
  update(changes: Partial<Omit<User, 'token'> & { password: string }>): Promise<User>;
  logout(): void;
}

/** Where the token is kept: the `localStorage` of the browser. */
export type TokenStorage = KeyValueStorage;

export const TOKEN_KEY = 'jwtToken';
const RECONNECT_DELAY_MS_MIN = 2000;
const RECONNECT_DELAY_MS_MAX = 30_000;

export interface SessionParts {
  fetch: Fetch;
  storage: TokenStorage;
  /** Calls back after `delayMs`; returns how to call it off. */
  schedule: (callback: () => void, delayMs: number) => () => void;
}

/** The session of this page. Begins as `loading` or `unauthenticated`; nothing is asked before `start`. */
export function createSession({ fetch, storage, schedule }: SessionParts): Session {
  const listeners = new Set<() => void>();
  const token = () => storage.getItem(TOKEN_KEY);
  const api = createApiClient(fetch, token);
  let state: SessionState = { status: token() === null ? 'unauthenticated' : 'loading', user: null, generation: 0 };
  let cancelReconnect = () => {};
  let reconnectDelayMs = RECONNECT_DELAY_MS_MIN;

  function become(next: Partial<SessionState>): void {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  }

  function signIn(user: User): void {
    cancelReconnect();
    storage.setItem(TOKEN_KEY, user.token);
    become({ status: 'authenticated', user, generation: state.generation + 1 });
  }

  function signOut(): void {
    cancelReconnect();
    storage.removeItem(TOKEN_KEY);
    become({ status: 'unauthenticated', user: null, generation: state.generation + 1 });
  }

  async function check(): Promise<void> {
    const asked = token();
    if (asked === null) {
      if (state.status !== 'unauthenticated') signOut();
      return;
    }
    try {
      const user = fieldOf<User>(await api.request('GET', '/user'), 'user');
      if (token() !== asked) return;
      reconnectDelayMs = RECONNECT_DELAY_MS_MIN;
      const changed = state.user !== null && state.user.username !== user.username;
      become({ status: 'authenticated', user, generation: state.generation + (changed ? 1 : 0) });
    } catch (error) {
      if (token() === asked) failed(error);
    }
  }

  /** A refused token is forgotten; a server that does not answer says nothing about the token. */
  function failed(error: unknown): void {
    const refused = error instanceof RequestError && error.status >= 400 && error.status < 500 && error.status !== 429;
    if (refused) {
      signOut();
      return;
    }
    become({ status: 'unavailable', user: null });
    cancelReconnect();
    cancelReconnect = schedule(() => void check(), reconnectDelayMs);
    reconnectDelayMs = Math.min(reconnectDelayMs * 2, RECONNECT_DELAY_MS_MAX);
  }

  return {
    state: () => state,
    token,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: check,
    async login(user) {
      signIn(fieldOf<User>(await api.request('POST', '/users/login', { body: { user } }), 'user'));
    },
    async register(user) {
      signIn(fieldOf<User>(await api.request('POST', '/users', { body: { user } }), 'user'));
    },
    async update(changes) {
      const user = fieldOf<User>(await api.request('PUT', '/user', { body: { user: changes } }), 'user');
      signIn(user);
      return user;
    },
    logout: signOut,
  };
}
