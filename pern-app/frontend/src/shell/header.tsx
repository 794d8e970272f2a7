import type { ReactNode } from 'react';
import { Link, NavLink } from 'react-router';
import { Avatar } from '../shared/avatar.tsx';
import type { User } from '../shared/contract.ts';
import { Icon } from '../shared/icon.tsx';
import { useSessionState } from '../shared/session-context.tsx';

/** The navigation bar; what it offers depends on who is signed in. */
export function Header() {
  const { status, user } = useSessionState();
  return (
    <header>
      <nav className="navbar navbar-light" aria-label="Main">
        <div className="container">
          <Link className="navbar-brand" to="/">
            conduit
          </Link>
          <ul className="nav navbar-nav pull-xs-right">
            <Item to="/">Home</Item>
            {user === null ? null : <UserItems user={user} />}
            {status === 'unauthenticated' ? <GuestItems /> : null}
          </ul>
        </div>
      </nav>
      {status === 'unavailable' ? (
        <p className="connection" role="status">
          Connecting… The server does not answer at the moment; you stay signed in.
        </p>
      ) : null}
    </header>
  );
}

function Item({ to, children }: { to: string; children: ReactNode }) {
  return (
    <li className="nav-item">
      <NavLink className="nav-link" to={to} end>
        {children}
      </NavLink>
    </li>
  );
}

function GuestItems() {
  return (
    <>
      <Item to="/login">Sign in</Item>
      <Item to="/register">Sign up</Item>
    </>
  );
}

function UserItems({ user }: { user: User }) {
  return (
    <>
      <Item to="/editor">
        <Icon name="ion-compose" /> New Article
      </Item>
      <Item to="/settings">
        <Icon name="ion-gear-a" /> Settings
      </Item>
      <Item to={`/profile/${encodeURIComponent(user.username)}`}>
        <Avatar image={user.image} className="user-pic" />
        {user.username}
      </Item>
    </>
  );
}
