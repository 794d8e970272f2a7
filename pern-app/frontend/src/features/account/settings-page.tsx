import type { SubmitEvent } from 'react';
import { useNavigate } from 'react-router';
import type { User } from '../../shared/contract.ts';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Field, TextField, valuesOf } from '../../shared/field.tsx';
import { FormPage } from '../../shared/page.tsx';
import { useSession } from '../../shared/session-context.tsx';
import { SignedIn } from '../../shared/signed-in.tsx';
import { useAction } from '../../shared/use-action.ts';

/** Changes what is known about the current user, and signs out. */
export default function SettingsPage() {
  return (
    <FormPage title="Your Settings" className="settings-page">
      <SignedIn>{(user) => <SettingsForm user={user} />}</SignedIn>
    </FormPage>
  );
}

/** An empty password means the old one stays. */
function changesOf(form: HTMLFormElement) {
  const value = valuesOf(form);
  const password = value('password');
  const changes = { image: value('image'), username: value('username'), bio: value('bio'), email: value('email') };
  return password === '' ? changes : { ...changes, password };
}

function SettingsForm({ user }: { user: User }) {
  const session = useSession();
  const navigate = useNavigate();
  const { busy, errors, refused, run } = useAction();

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const changes = changesOf(event.currentTarget);
    void run(async () => {
      const { username } = await session.update(changes);
      await navigate(`/profile/${encodeURIComponent(username)}`);
    });
  }

  return (
    <>
      <ErrorMessages messages={errors} />
      <form onSubmit={submit} noValidate aria-label="Your settings">
        <Field
          label="URL of profile picture (https)"
          name="image"
          refused={refused('image')}
          defaultValue={user.image ?? ''}
        />
        <Field
          label="Your Name"
          large
          name="username"
          refused={refused('username')}
          defaultValue={user.username}
          autoComplete="username"
        />
        <TextField
          label="Short bio about you"
          large
          name="bio"
          refused={refused('bio')}
          rows={6}
          defaultValue={user.bio ?? ''}
        />
        <Field
          label="Email"
          large
          name="email"
          refused={refused('email')}
          type="email"
          defaultValue={user.email}
          autoComplete="email"
        />
        <Field
          label="New Password"
          large
          name="password"
          refused={refused('password')}
          type="password"
          autoComplete="new-password"
        />
        <button className="btn btn-lg btn-primary pull-xs-right" type="submit" disabled={busy}>
          Update Settings
        </button>
      </form>
      <hr />
      <button type="button" className="btn btn-outline-danger" onClick={session.logout}>
        Or click here to logout.
      </button>
    </>
  );
}
