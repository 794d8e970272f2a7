import { useLocation, useNavigate } from 'react-router';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Icon } from '../../shared/icon.tsx';
import { comingFrom } from '../../shared/navigation.ts';
import { useApi, useSessionState } from '../../shared/session-context.tsx';
import { type Action, useAction } from '../../shared/use-action.ts';
import { type ArticleSummary, favorite } from './api.ts';

export interface FavoriteButtonProps {
  article: ArticleSummary;
  onChange: (article: ArticleSummary) => void;
}

/** Makes an article a favourite, or not any more. Who is not signed in is asked to, and comes back. */
export function useFavorite({ article, onChange }: FavoriteButtonProps): Action & { toggle: () => void } {
  const api = useApi();
  const { status } = useSessionState();
  const navigate = useNavigate();
  const location = useLocation();
  const action = useAction();
  function toggle() {
    if (status === 'unauthenticated') return void navigate('/login', { state: comingFrom(location) });
    void action.run(async () => onChange(await favorite(api, article.slug, !article.favorited)));
  }
  return { ...action, toggle };
}

const classOf = (favorited: boolean) => `btn btn-sm ${favorited ? 'btn-primary' : 'btn-outline-primary'}`;

/** The small button of a list: only the number is visible. */
export function FavoriteCount(props: FavoriteButtonProps) {
  const { article } = props;
  const { busy, errors, toggle } = useFavorite(props);
  return (
    <>
      <button
        type="button"
        className={`${classOf(article.favorited)} pull-xs-right`}
        aria-disabled={busy}
        onClick={toggle}
      >
        <Icon name="ion-heart" /> {article.favoritesCount}
        <span className="sr-only">
          {article.favorited ? ' favorites, unfavorite ' : ' favorites, favorite '}
          {article.title}
        </span>
      </button>
      <ErrorMessages messages={errors} />
    </>
  );
}
