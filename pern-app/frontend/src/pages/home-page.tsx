import { Link, Navigate, useParams, useSearchParams } from 'react-router';
import { ArticleFeed } from '../features/articles/article-feed.tsx';
import { PopularTags } from '../features/articles/popular-tags.tsx';
import { comingFrom } from '../shared/navigation.ts';
import { Page } from '../shared/page.tsx';
import { pageOf } from '../shared/pagination.tsx';
import { useSessionState } from '../shared/session-context.tsx';

/** `/`, `/?feed=following` and `/tag/:tag`. */
export default function HomePage() {
  const { tag } = useParams();
  const [search] = useSearchParams();
  const { status } = useSessionState();
  const following = tag === undefined && search.get('feed') === 'following';
  if (following && status === 'unauthenticated') {
    return <Navigate to="/login" replace state={comingFrom({ pathname: '/', search: `?${search}` })} />;
  }
  return (
    <Page title={tag === undefined ? 'Home' : `#${tag}`} className="home-page">
      <div className="banner">
        <div className="container">
          <h1 className="logo-font">conduit</h1>
          <p>A place to share your knowledge.</p>
        </div>
      </div>
      <div className="container page columns">
        <div>
          <FeedTabs following={following} tag={tag} signedIn={status !== 'unauthenticated'} />
          <Feed following={following} tag={tag} page={pageOf(search)} />
        </div>
        <PopularTags />
      </div>
    </Page>
  );
}

function FeedTabs({ following, tag, signedIn }: { following: boolean; tag: string | undefined; signedIn: boolean }) {
  return (
    <nav className="feed-toggle" aria-label="Feeds">
      <ul className="nav nav-pills outline-active">
        {signedIn ? <Tab to="/?feed=following" active={following} text="Your Feed" /> : null}
        <Tab to="/" active={!following && tag === undefined} text="Global Feed" />
        {tag === undefined ? null : <Tab to={`/tag/${encodeURIComponent(tag)}`} active text={`#${tag}`} />}
      </ul>
    </nav>
  );
}

export function Tab({ to, active, text }: { to: string; active: boolean; text: string }) {
  return (
    <li className="nav-item">
      <Link className={active ? 'nav-link active' : 'nav-link'} to={to} aria-current={active ? 'page' : undefined}>
        {text}
      </Link>
    </li>
  );
}

function Feed({ following, tag, page }: { following: boolean; tag: string | undefined; page: number }) {
  if (tag !== undefined) {
    const path = `/tag/${encodeURIComponent(tag)}`;
    const hrefOf = (other: number) => `${path}?page=${other}`;
    return (
      <ArticleFeed
        label={`Articles about ${tag}`}
        kind="tag"
        value={tag}
        page={page}
        hrefOf={hrefOf}
        empty={<p>No articles are here… yet.</p>}
      />
    );
  }
  if (!following) {
    const hrefOf = (other: number) => `/?page=${other}`;
    return (
      <ArticleFeed
        label="Articles of everybody"
        kind="global"
        page={page}
        hrefOf={hrefOf}
        empty={<p>No articles are here… yet.</p>}
      />
    );
  }
  return (
    <ArticleFeed
      label="Articles of the people you follow"
      kind="following"
      page={page}
      hrefOf={(other) => `/?feed=following&page=${other}`}
      empty={
        <p>
          Your feed is empty. Follow some people, or see <Link to="/">what everybody writes</Link>.
        </p>
      }
    />
  );
}
