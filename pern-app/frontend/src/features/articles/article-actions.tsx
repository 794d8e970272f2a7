import { Link, useNavigate } from 'react-router';
import type { Profile } from '../../shared/contract.ts';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Icon } from '../../shared/icon.tsx';
import { useApi, useSessionState } from '../../shared/session-context.tsx';
import { useAction } from '../../shared/use-action.ts';
import { FollowButton } from '../profiles/follow-button.tsx';
import { type Article, type ArticleSummary, removeArticle } from './api.ts';
import { useFavorite } from './favorite-button.tsx';

interface ArticleActionsProps {
  article: Article;
  onChange: (article: Article) => void;
}

/** What the reader can do with an article: its author changes or deletes it, others follow and favourite. */
export function ArticleActions(props: ArticleActionsProps) {
  const { user } = useSessionState();
  return props.article.author.username === user?.username ? <OwnActions {...props} /> : <OtherActions {...props} />;
}

function OwnActions({ article }: ArticleActionsProps) {
  const api = useApi();
  const navigate = useNavigate();
  const { busy, errors, run } = useAction();
  const remove = () =>
    void run(async () => {
      await removeArticle(api, article.slug);
      await navigate('/');
    });
  return (
    <>
      <Link className="btn btn-sm btn-outline-secondary" to={`/editor/${encodeURIComponent(article.slug)}`}>
        <Icon name="ion-edit" /> Edit Article
      </Link>
      <button type="button" className="btn btn-sm btn-outline-danger" disabled={busy} onClick={remove}>
        <Icon name="ion-trash-a" /> Delete Article
      </button>
      <ErrorMessages messages={errors} />
    </>
  );
}

function OtherActions({ article, onChange }: ArticleActionsProps) {
  const changeAuthor = (author: Profile) => onChange({ ...article, author });
  const changeSummary = (changed: ArticleSummary) => onChange({ ...article, ...changed });
  const { busy, errors, toggle } = useFavorite({ article, onChange: changeSummary });
  return (
    <>
      <FollowButton profile={article.author} onChange={changeAuthor} />
      <button
        type="button"
        className={`btn btn-sm ${article.favorited ? 'btn-primary' : 'btn-outline-primary'}`}
        aria-disabled={busy}
        onClick={toggle}
      >
        <Icon name="ion-heart" /> {article.favorited ? 'Unfavorite' : 'Favorite'} Article{' '}
        <span className="counter">({article.favoritesCount})</span>
      </button>
      <ErrorMessages messages={errors} />
    </>
  );
}
