import type { SubmitEvent } from 'react';
import { Link, Navigate, useLocation } from 'react-router';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Field, valuesOf } from '../../shared/field.tsx';
import { returnPath } from '../../shared/navigation.ts';
import { FormPage } from '../../shared/page.tsx';
import { useSession, useSessionState } from '../../shared/session-context.tsx';
import { useAction } from '../../shared/use-action.ts';

/** Signs in and goes back to where the reader came from. */
export default function LoginPage() {
  const session = useSession();
  const { status } = useSessionState();
  const location = useLocation();
  const { busy, errors, refused, run } = useAction();
  if (status === 'authenticated') return <Navigate to={returnPath(location)} replace />;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const value = valuesOf(event.currentTarget);
    void run(() => session.login({ email: value('email'), password: value('password') }));
  }

  return (
    <FormPage title="Sign in" className="auth-page">
      <p className="text-xs-center">
        <Link to={{ pathname: '/register', search: location.search }} state={location.state}>
          Need an account?
        </Link>
      </p>
      <ErrorMessages messages={errors} />
      <form onSubmit={submit} noValidate aria-label="Sign in">
        <Field label="Email" large name="email" refused={refused('email')} type="email" autoComplete="email" />
        <Field
          label="Password"
          large
          name="password"
          refused={refused('password')}
          type="password"
          autoComplete="current-password"
        />
        <button className="btn btn-lg btn-primary pull-xs-right" type="submit" disabled={busy}>
          Sign in
        </button>
      </form>
    </FormPage>
  );
}
