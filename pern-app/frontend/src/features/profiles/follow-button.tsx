import { useLocation, useNavigate } from 'react-router';
import type { Profile } from '../../shared/contract.ts';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Icon } from '../../shared/icon.tsx';
import { comingFrom } from '../../shared/navigation.ts';
import { useApi, useSessionState } from '../../shared/session-context.tsx';
import { useAction } from '../../shared/use-action.ts';
import { follow } from './api.ts';

/** Follows somebody, or not any more. Who is not signed in is asked to, and comes back. */
export function FollowButton({
  profile,
  onChange,
  className = '',
}: {
  profile: Profile;
  onChange: (profile: Profile) => void;
  className?: string;
}) {
  const api = useApi();
  const { status } = useSessionState();
  const navigate = useNavigate();
  const location = useLocation();
  const { busy, errors, run } = useAction();
  function toggle() {
    if (status === 'unauthenticated') return void navigate('/login', { state: comingFrom(location) });
    void run(async () => onChange(await follow(api, profile.username, !profile.following)));
  }
  return (
    <>
      <button
        type="button"
        className={`btn btn-sm ${profile.following ? 'btn-secondary' : 'btn-outline-secondary'} ${className}`.trim()}
        aria-disabled={busy}
        onClick={toggle}
      >
        <Icon name="ion-plus-round" /> {profile.following ? 'Unfollow' : 'Follow'} {profile.username}
      </button>
      <ErrorMessages messages={errors} />
    </>
  );
}
