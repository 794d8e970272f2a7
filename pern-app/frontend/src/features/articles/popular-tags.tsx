import { useCallback } from 'react';
import { Link } from 'react-router';
import { LoadFailed, Loading } from '../../shared/page.tsx';
import { useApi } from '../../shared/session-context.tsx';
import { useResource } from '../../shared/use-resource.ts';
import { readTags } from './api.ts';

/** Links to the articles of each tag. */
export function PopularTags() {
  const api = useApi();
  const load = useCallback((signal: AbortSignal) => readTags(api, signal), [api]);
  const tags = useResource(load);
  return (
    <aside className="sidebar" aria-labelledby="popular-tags">
      <h2 id="popular-tags">Popular Tags</h2>
      {tags.errors.length > 0 ? <LoadFailed errors={tags.errors} onRetry={tags.reload} /> : null}
      {tags.value === undefined && tags.errors.length === 0 ? <Loading text="Loading tags…" /> : null}
      <div className="tag-list">
        {tags.value?.map((tag) => (
          <Link key={tag} to={`/tag/${encodeURIComponent(tag)}`} className="tag-default tag-pill">
            {tag}
          </Link>
        ))}
      </div>
      {tags.value?.length === 0 ? <p>No tags yet.</p> : null}
    </aside>
  );
}
