import type { Database } from '../../database.ts';

export interface User {
  /** UUID. */
  id: string;
  email: string;
  username: string;
  bio: string | null;
  image: string | null;
}

/** What a user wants to have changed; what is undefined stays. */
export interface UserChange {
  email?: string | undefined;
  username?: string | undefined;
  passwordHash?: string | undefined;
  bio?: string | null | undefined;
  image?: string | null | undefined;
}

/**
 * Users in PostgreSQL. Names and addresses are compared without case. A write that would take somebody else's rejects with
 * the database's error; see `brokenConstraint`.
 */
export interface UserStore {
  /** Which of the two somebody else has already; `exceptId` is not somebody else. */
  findTaken(
    email: string | undefined,
    username: string | undefined,
    exceptId?: string,
  ): Promise<('email' | 'username')[]>;
  create(user: { email: string; username: string; passwordHash: string }): Promise<User>;
  findByEmail(email: string): Promise<(User & { passwordHash: string }) | undefined>;
  find(id: string): Promise<User | undefined>;
  /** @returns undefined when there is no such user */
  update(id: string, change: UserChange): Promise<User | undefined>;
}

const COLUMNS = 'id, email, username, bio, image';
const TAKEN = `SELECT coalesce(bool_or(lower(email) = lower($1)), false) AS email,
  coalesce(bool_or(lower(username) = lower($2)), false) AS username
  FROM users WHERE (lower(email) = lower($1) OR lower(username) = lower($2)) AND id IS DISTINCT FROM $3::uuid`;
const CREATE = `INSERT INTO users (email, username, password_hash) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`;
const FIND_BY_EMAIL = `SELECT ${COLUMNS}, password_hash AS "passwordHash" FROM users WHERE lower(email) = lower($1)`;
const FIND = `SELECT ${COLUMNS} FROM users WHERE id = $1`;
// A flag beside each nullable column: null is a value that one can change it to.
const UPDATE = `UPDATE users SET email = coalesce($2, email), username = coalesce($3, username),
  password_hash = coalesce($4, password_hash), bio = CASE WHEN $5::boolean THEN $6 ELSE bio END,
  image = CASE WHEN $7::boolean THEN $8 ELSE image END WHERE id = $1 RETURNING ${COLUMNS}`;

export function createUserStore(database: Database): UserStore {
  return {
    async findTaken(email, username, exceptId) {
      const values = [email ?? null, username ?? null, exceptId ?? null];
      const [row] = await database.query<{ email: boolean; username: boolean }>('users.taken', TAKEN, values);
      return (['email', 'username'] as const).filter((field) => row?.[field]);
    },
    async create({ email, username, passwordHash }) {
      const [user] = await database.query<User>('users.create', CREATE, [email, username, passwordHash]);
      if (user === undefined) throw new Error('INSERT ... RETURNING gave no row');
      return user;
    },
    async findByEmail(email) {
      const [row] = await database.query<User & { passwordHash: string }>('users.login', FIND_BY_EMAIL, [email]);
      return row;
    },
    async find(id) {
      const [user] = await database.query<User>('users.find', FIND, [id]);
      return user;
    },
    async update(id, { email, username, passwordHash, bio, image }) {
      const given = [email ?? null, username ?? null, passwordHash ?? null];
      const nullable = [bio !== undefined, bio ?? null, image !== undefined, image ?? null];
      const [user] = await database.query<User>('users.update', UPDATE, [id, ...given, ...nullable]);
      return user;
    },
  };
}
