import { useCallback } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { ArticleFeed } from '../features/articles/article-feed.tsx';
import { readProfile } from '../features/profiles/api.ts';
import { UserInfo } from '../features/profiles/user-info.tsx';
import { LoadFailed, Loading, Missing, Page } from '../shared/page.tsx';
import { pageOf } from '../shared/pagination.tsx';
import { useApi } from '../shared/session-context.tsx';
import { useResource } from '../shared/use-resource.ts';
import { Tab } from './home-page.tsx';

/** `/profile/:username` and `/profile/:username/favorites`. */
export default function ProfilePage({ favorites }: { favorites: boolean }) {
  const { username = '' } = useParams();
  const [search] = useSearchParams();
  const api = useApi();
  const load = useCallback((signal: AbortSignal) => readProfile(api, username, signal), [api, username]);
  const profile = useResource(load);
  const path = `/profile/${encodeURIComponent(username)}`;
  const base = favorites ? `${path}/favorites` : path;
  if (profile.missing || profile.errors.length > 0) {
    return (
      <Page title={username} className="profile-page">
        <div className="container page">
          <h1>{username}</h1>
          {profile.missing ? (
            <Missing what="This person" />
          ) : (
            <LoadFailed errors={profile.errors} onRetry={profile.reload} />
          )}
        </div>
      </Page>
    );
  }
  return (
    <Page title={username} className="profile-page">
      {profile.value === undefined ? (
        <Loading text="Loading the profile…" />
      ) : (
        <UserInfo profile={profile.value} onChange={profile.replace} />
      )}
      <div className="container narrow">
        {/* Not a <nav>: the links of the navigation bar are found by that name. */}
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        <div className="articles-toggle" role="navigation" aria-label="Articles of this person">
          <ul className="nav nav-pills outline-active">
            <Tab to={path} active={!favorites} text="My Articles" />
            <Tab to={`${path}/favorites`} active={favorites} text="Favorited Articles" />
          </ul>
        </div>
        <ArticleFeed
          label={favorites ? `Articles ${username} likes` : `Articles by ${username}`}
          kind={favorites ? 'favorited' : 'author'}
          value={username}
          page={pageOf(search)}
          hrefOf={(page) => `${base}?page=${page}`}
          empty={<p>No articles are here… yet.</p>}
        />
      </div>
    </Page>
  );
}
