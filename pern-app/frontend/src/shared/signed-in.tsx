import { type ReactNode, useState } from 'react';
import { Navigate, useLocation } from 'react-router';
import type { User } from './contract.ts';
import { comingFrom } from './navigation.ts';
import { Loading } from './page.tsx';
import { useSessionState } from './session-context.tsx';

/** Shows its content to a signed-in user; sends others to the login, which brings them back. Who signs out here goes home. */
export function SignedIn({ children }: { children: (user: User) => ReactNode }) {
  const { status, user } = useSessionState();
  const location = useLocation();
  const [wasSignedIn, setWasSignedIn] = useState(false);
  if (user !== null && !wasSignedIn) setWasSignedIn(true);
  if (user !== null) return children(user);
  if (status === 'unauthenticated' && wasSignedIn) return <Navigate to="/" replace />;
  if (status === 'unauthenticated') return <Navigate to="/login" replace state={comingFrom(location)} />;
  return status === 'loading' ? <Loading /> : <p>You can go on as soon as the server answers again.</p>;
}
