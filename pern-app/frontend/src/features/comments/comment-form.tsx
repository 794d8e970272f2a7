import { type SubmitEvent, useId, useRef } from 'react';
import { Avatar } from '../../shared/avatar.tsx';
import type { User } from '../../shared/contract.ts';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { valuesOf } from '../../shared/field.tsx';
import { useAction } from '../../shared/use-action.ts';

/** Says something; what was typed stays until it has been accepted. */
export function CommentForm({ user, onWrite }: { user: User; onWrite: (body: string) => Promise<void> }) {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const { busy, errors, run } = useAction();
  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const body = valuesOf(event.currentTarget)('comment');
    void run(() => onWrite(body)).then((written) => written && form.current?.reset());
  }
  return (
    <>
      <ErrorMessages messages={errors} />
      <form ref={form} className="card comment-form" onSubmit={submit} noValidate>
        <div className="card-block">
          <label className="sr-only" htmlFor={id}>
            Your comment
          </label>
          <textarea id={id} name="comment" className="form-control" placeholder="Write a comment..." rows={3} />
        </div>
        <div className="card-footer">
          <Avatar image={user.image} className="comment-author-img" />
          <button type="submit" className="btn btn-sm btn-primary" disabled={busy}>
            Post Comment
          </button>
        </div>
      </form>
    </>
  );
}
