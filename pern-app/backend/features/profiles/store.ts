import type { Database } from '../../database.ts';
import type { Profile } from './profile.ts';

/** Who follows whom, in PostgreSQL. `viewerId` is the UUID of whoever asks, undefined for a stranger. */
export interface ProfileStore {
  find(username: string, viewerId: string | undefined): Promise<Profile | undefined>;
  /** Following twice is following. Rejects with the database's error when the follower is not there; see `brokenConstraint`. */
  follow(username: string, followerId: string): Promise<void>;
  unfollow(username: string, followerId: string): Promise<void>;
}

const FIND = `SELECT u.username, u.bio, u.image,
  EXISTS (SELECT FROM follows f WHERE f.follower_id = $2 AND f.followed_id = u.id) AS following
  FROM users u WHERE lower(u.username) = lower($1)`;
const FOLLOW = `INSERT INTO follows (follower_id, followed_id)
  SELECT $2, id FROM users WHERE lower(username) = lower($1) ON CONFLICT DO NOTHING`;
const UNFOLLOW = `DELETE FROM follows WHERE follower_id = $2
  AND followed_id = (SELECT id FROM users WHERE lower(username) = lower($1))`;

export function createProfileStore(database: Database): ProfileStore {
  return {
    async find(username, viewerId) {
      const [row] = await database.query<Profile>('profiles.find', FIND, [username, viewerId ?? null]);
      return row;
    },
    async follow(username, followerId) {
      await database.query('profiles.follow', FOLLOW, [username, followerId]);
    },
    async unfollow(username, followerId) {
      await database.query('profiles.unfollow', UNFOLLOW, [username, followerId]);
    },
  };
}
