import { useCallback } from 'react';
import { Link } from 'react-router';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { LoadFailed, Loading } from '../../shared/page.tsx';
import { useApi, useSessionState } from '../../shared/session-context.tsx';
import { useAction } from '../../shared/use-action.ts';
import { useResource } from '../../shared/use-resource.ts';
import { readComments, removeComment, writeComment } from './api.ts';
import { CommentCard } from './comment-card.tsx';
import { CommentForm } from './comment-form.tsx';

/** What readers say about an article, and a form to say something. */
export function Comments({ slug }: { slug: string }) {
  const api = useApi();
  const { user } = useSessionState();
  const load = useCallback((signal: AbortSignal) => readComments(api, slug, signal), [api, slug]);
  const comments = useResource(load);
  const removal = useAction();
  const known = comments.value ?? [];
  const write = async (body: string) => comments.replace([await writeComment(api, slug, body), ...known]);
  const remove = (id: number) =>
    void removal.run(async () => {
      await removeComment(api, slug, id);
      comments.replace(known.filter((comment) => comment.id !== id));
    });
  return (
    <section aria-labelledby="comments-heading" className="comments narrow" aria-busy={comments.loading}>
      <h2 id="comments-heading">Comments</h2>
      {user === null ? <SignInToComment slug={slug} /> : <CommentForm user={user} onWrite={write} />}
      <ErrorMessages messages={removal.errors} />
      {comments.errors.length > 0 ? <LoadFailed errors={comments.errors} onRetry={comments.reload} /> : null}
      {comments.loading ? <Loading text="Loading comments…" /> : null}
      {known.map((comment) => (
        <CommentCard
          key={comment.id}
          comment={comment}
          onRemove={comment.author.username === user?.username ? () => remove(comment.id) : undefined}
        />
      ))}
    </section>
  );
}

function SignInToComment({ slug }: { slug: string }) {
  const next = new URLSearchParams({ next: `/article/${encodeURIComponent(slug)}` });
  return (
    <p>
      <Link to={`/login?${next}`}>Sign in</Link> or <Link to={`/register?${next}`}>sign up</Link> to add comments on
      this article.
    </p>
  );
}
