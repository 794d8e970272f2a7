import { HttpError } from '../../../operations/errors.ts';
import { brokenConstraint } from '../../database.ts';
import { unknownViewer } from '../../http/errors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Tokens } from '../../http/tokens.ts';
import type { Passwords } from './passwords.ts';
import type { User, UserChange, UserStore } from './store.ts';

/** A user as they see themselves, with a fresh token. */
export interface SignedInUser extends Omit<User, 'id'> {
  token: string;
}

export interface UserService {
  /** @throws {HttpError} 409 when name or address are taken, 429 when one place registers too many */
  register(user: { email: string; username: string; password: string }, clientAddress: string): Promise<SignedInUser>;
  /** @throws {HttpError} 401 for a wrong password or an unknown address alike, 429 after too many */
  login(credentials: { email: string; password: string }, clientAddress: string): Promise<SignedInUser>;
  /** @throws {HttpError} 401 when the user does not exist any more */
  find(id: string): Promise<SignedInUser>;
  /** @throws {HttpError} 409 when name or address are taken, 401 when the user does not exist any more */
  update(
    id: string,
    change: Omit<UserChange, 'passwordHash'> & { password?: string | undefined },
  ): Promise<SignedInUser>;
}

export interface UserDependencies {
  store: UserStore;
  passwords: Passwords;
  tokens: Tokens;
  limits: RateLimits;
  /** Told after a change: what others see of the user may be in a cache. */
  onChanged: () => Promise<void>;
}

const INVALID_CREDENTIALS = new HttpError(401, 'invalid_credentials', { credentials: ['invalid'] });

export function createUserService({ store, passwords, tokens, limits, onChanged }: UserDependencies): UserService {
  const signedIn = async ({ id, ...user }: User): Promise<SignedInUser> => ({ ...user, token: await tokens.issue(id) });

  async function refuseTaken(email: string | undefined, username: string | undefined, exceptId?: string) {
    const taken = await store.findTaken(email, username, exceptId);
    if (taken.length > 0) throw conflict(taken);
  }

  return {
    async register({ email, username, password }, clientAddress) {
      await limits.admitRegistration(clientAddress);
      await refuseTaken(email, username);
      const passwordHash = await passwords.hash(password);
      return signedIn(await unlessTaken(store.create({ email, username, passwordHash })));
    },
    async login({ email, password }, clientAddress) {
      await limits.admitLogin(email, clientAddress);
      const known = await store.findByEmail(email);
      if (!(await passwords.matches(password, known?.passwordHash)) || known === undefined) throw INVALID_CREDENTIALS;
      await limits.forgiveLogins(email, clientAddress);
      const { passwordHash: _, ...user } = known;
      return signedIn(user);
    },
    async find(id) {
      const user = await store.find(id);
      if (user === undefined) throw unknownViewer();
      return signedIn(user);
    },
    async update(id, { password, ...change }) {
      if (change.email !== undefined || change.username !== undefined)
        await refuseTaken(change.email, change.username, id);
      const passwordHash = password === undefined ? undefined : await passwords.hash(password);
      const user = await unlessTaken(store.update(id, { ...change, passwordHash }));
      if (user === undefined) throw unknownViewer();
      await onChanged();
      return signedIn(user);
    },
  };
}

const conflict = (fields: readonly string[]) =>
  new HttpError(409, 'conflict', Object.fromEntries(fields.map((field) => [field, ['has already been taken']])));

/** Two who want the same name at the same moment both find it free; the index decides. */
async function unlessTaken<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    const field = /^users_(email|username)_key$/.exec(brokenConstraint(error) ?? '')?.[1];
    throw field === undefined ? error : conflict([field]);
  }
}
