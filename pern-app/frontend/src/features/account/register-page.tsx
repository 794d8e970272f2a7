import type { SubmitEvent } from 'react';
import { Link, Navigate, useLocation } from 'react-router';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Field, valuesOf } from '../../shared/field.tsx';
import { returnPath } from '../../shared/navigation.ts';
import { FormPage } from '../../shared/page.tsx';
import { useSession, useSessionState } from '../../shared/session-context.tsx';
import { useAction } from '../../shared/use-action.ts';

/** Creates an account, which signs in as well. */
export default function RegisterPage() {
  const session = useSession();
  const { status } = useSessionState();
  const location = useLocation();
  const { busy, errors, refused, run } = useAction();
  if (status === 'authenticated') return <Navigate to={returnPath(location)} replace />;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const value = valuesOf(event.currentTarget);
    const user = { username: value('username'), email: value('email'), password: value('password') };
    void run(() => session.register(user));
  }

  return (
    <FormPage title="Sign up" className="auth-page">
      <p className="text-xs-center">
        <Link to={{ pathname: '/login', search: location.search }} state={location.state}>
          Have an account?
        </Link>
      </p>
      <ErrorMessages messages={errors} />
      <form onSubmit={submit} noValidate aria-label="Sign up">
        <Field label="Username" large name="username" refused={refused('username')} autoComplete="username" />
        <Field label="Email" large name="email" refused={refused('email')} type="email" autoComplete="email" />
        <Field
          label="Password"
          large
          name="password"
          refused={refused('password')}
          type="password"
          autoComplete="new-password"
        />
        <button className="btn btn-lg btn-primary pull-xs-right" type="submit" disabled={busy}>
          Sign up
        </button>
      </form>
    </FormPage>
  );
}
