import { brokenConstraint } from '../../database.ts';
import { found, unknownViewer } from '../../http/errors.ts';
import type { Profile } from './profile.ts';
import type { ProfileStore } from './store.ts';

/** Rejects with 404 `profile` for an unknown name, and with 401 for a viewer who does not exist any more. */
export interface ProfileService {
  find(username: string, viewerId: string | undefined): Promise<Profile>;
  follow(username: string, viewerId: string): Promise<Profile>;
  unfollow(username: string, viewerId: string): Promise<Profile>;
}

/** @param onFollowsChanged told whose follows have changed: their feed has, too */
export function createProfileService(
  store: ProfileStore,
  onFollowsChanged: (viewerId: string) => Promise<void>,
): ProfileService {
  const find = async (username: string, viewerId: string | undefined) =>
    found('profile', await store.find(username, viewerId));
  return {
    find,
    async follow(username, viewerId) {
      try {
        await store.follow(username, viewerId);
      } catch (error) {
        throw brokenConstraint(error) === 'follows_follower_fkey' ? unknownViewer() : error;
      }
      await onFollowsChanged(viewerId);
      return find(username, viewerId);
    },
    async unfollow(username, viewerId) {
      await store.unfollow(username, viewerId);
      await onFollowsChanged(viewerId);
      return find(username, viewerId);
    },
  };
}
