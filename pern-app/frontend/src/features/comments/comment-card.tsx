import { Link } from 'react-router';
import { Avatar } from '../../shared/avatar.tsx';
import { formatDate } from '../../shared/dates.ts';
import { Icon } from '../../shared/icon.tsx';
import type { Comment } from './api.ts';

/** One comment; `onRemove` is given to its author only. */
export function CommentCard({ comment, onRemove }: { comment: Comment; onRemove: (() => void) | undefined }) {
  const { author, createdAt } = comment;
  const profile = `/profile/${encodeURIComponent(author.username)}`;
  return (
    <article className="card" aria-label={`Comment by ${author.username}`}>
      <div className="card-block">
        <p className="card-text">{comment.body}</p>
      </div>
      <div className="card-footer">
        <Link to={profile} className="comment-author" tabIndex={-1} aria-hidden="true">
          <Avatar image={author.image} className="comment-author-img" />
        </Link>
        <Link to={profile} className="comment-author">
          {author.username}
        </Link>
        <time className="date-posted" dateTime={createdAt}>
          {formatDate(createdAt)}
        </time>
        {onRemove === undefined ? null : (
          <span className="mod-options">
            <button type="button" className="icon-button" aria-label="Delete this comment" onClick={onRemove}>
              <Icon name="ion-trash-a" />
            </button>
          </span>
        )}
      </div>
    </article>
  );
}
