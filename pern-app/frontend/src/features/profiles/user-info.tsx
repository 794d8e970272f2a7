import { Link } from 'react-router';
import { Avatar } from '../../shared/avatar.tsx';
import type { Profile } from '../../shared/contract.ts';
import { Icon } from '../../shared/icon.tsx';
import { useSessionState } from '../../shared/session-context.tsx';
import { FollowButton } from './follow-button.tsx';

/** The head of a profile: picture, name, words about oneself. */
export function UserInfo({ profile, onChange }: { profile: Profile; onChange: (profile: Profile) => void }) {
  const { user } = useSessionState();
  return (
    <div className="user-info">
      <div className="container narrow">
        <Avatar image={profile.image} className="user-img" />
        <h4 aria-level={1}>{profile.username}</h4>
        <p>{profile.bio}</p>
        {user?.username === profile.username ? (
          <Link className="btn btn-sm btn-outline-secondary action-btn" to="/settings">
            <Icon name="ion-gear-a" /> Edit Profile Settings
          </Link>
        ) : (
          <FollowButton profile={profile} onChange={onChange} className="action-btn" />
        )}
      </div>
    </div>
  );
}
