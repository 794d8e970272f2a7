import { type ReactNode, useCallback } from 'react';
import { LoadFailed, Loading } from '../../shared/page.tsx';
import { Pagination } from '../../shared/pagination.tsx';
import { useApi } from '../../shared/session-context.tsx';
import { type Resource, useResource } from '../../shared/use-resource.ts';
import { type ArticleList, type ArticleSource, type ArticleSummary, PAGE_LENGTH, readArticles } from './api.ts';
import { ArticlePreview } from './article-preview.tsx';

interface ArticleFeedProps {
  label: string;
  kind: ArticleSource['kind'];
  value?: string;
  page: number;
  hrefOf: (page: number) => string;
  /** What is said when there are none. */
  empty: ReactNode;
}

/** One page of a list of articles. */
export function ArticleFeed({ label, kind, value, page, hrefOf, empty }: ArticleFeedProps) {
  const api = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readArticles(api, { kind, value } as ArticleSource, page, signal),
    [api, kind, value, page],
  );
  const list = useResource(load);
  return (
    <section aria-label={label} aria-busy={list.loading}>
      <FeedContent list={list} empty={empty} />
      <Pagination page={page} pages={Math.ceil((list.value?.articlesCount ?? 0) / PAGE_LENGTH)} hrefOf={hrefOf} />
    </section>
  );
}

function FeedContent({ list, empty }: { list: Resource<ArticleList>; empty: ReactNode }) {
  if (list.errors.length > 0) return <LoadFailed errors={list.errors} onRetry={list.reload} />;
  if (list.value === undefined) return <Loading text="Loading articles…" />;
  const { articles } = list.value;
  if (articles.length === 0) return <div className="empty-feed-message">{empty}</div>;
  const change = (changed: ArticleSummary) =>
    list.replace({
      ...(list.value as ArticleList),
      articles: articles.map((article) => (article.slug === changed.slug ? changed : article)),
    });
  return articles.map((article) => <ArticlePreview key={article.slug} article={article} onChange={change} />);
}
