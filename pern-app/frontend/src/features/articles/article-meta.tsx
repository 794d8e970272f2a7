import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Avatar } from '../../shared/avatar.tsx';
import type { Profile } from '../../shared/contract.ts';
import { formatDate } from '../../shared/dates.ts';

/** Who wrote it and when; what can be done with it stands beside. */
export function ArticleMeta({ author, date, children }: { author: Profile; date: string; children: ReactNode }) {
  const profile = `/profile/${encodeURIComponent(author.username)}`;
  return (
    <div className="article-meta">
      {/* The name leads to the same place; a second stop for keyboards would only be in the way. */}
      <Link to={profile} tabIndex={-1} aria-hidden="true">
        <Avatar image={author.image} />
      </Link>
      <div className="info">
        <Link to={profile} className="author">
          {author.username}
        </Link>
        <time className="date" dateTime={date}>
          {formatDate(date)}
        </time>
      </div>
      {children}
    </div>
  );
}

/** Tags as text. */
export function TagList({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <ul className="tag-list" aria-label="Tags">
      {tags.map((tag) => (
        <li key={tag} className="tag-default tag-pill tag-outline">
          {tag}
        </li>
      ))}
    </ul>
  );
}
