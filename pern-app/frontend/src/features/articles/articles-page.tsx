import { createArticlesApi } from './api.ts';
import { ArticleForm } from './article-form.tsx';
import { ArticleList } from './article-list.tsx';
import { PAGE_LENGTH, useArticles } from './use-articles.ts';

const api = createArticlesApi((url, init) => fetch(url, init));

/** List, write, like and delete articles. */
export function ArticlesPage() {
  const articles = useArticles(api);
  const { page, offset, busy, error } = articles;
  const total = page?.articlesCount ?? 0;
  return (
    <>
      <p role="alert" className="error">
        {error}
      </p>
      <ArticleForm busy={busy} onCreate={articles.create} />
      <section aria-label="Published articles" aria-busy={busy}>
        {page === undefined ? (
          <p>{error === undefined ? 'Loading…' : 'The articles could not be loaded.'}</p>
        ) : (
          <ArticleList articles={page.articles} busy={busy} onLike={articles.like} onRemove={articles.remove} />
        )}
        {total > PAGE_LENGTH || offset > 0 ? (
          <nav aria-label="Pages" className="actions">
            <button
              type="button"
              disabled={busy || offset === 0}
              onClick={() => articles.show(Math.max(0, offset - PAGE_LENGTH))}
            >
              Newer
            </button>
            <span>
              {Math.min(offset + 1, total)} to {Math.min(offset + PAGE_LENGTH, total)} of {total}
            </span>
            <button
              type="button"
              disabled={busy || offset + PAGE_LENGTH >= total}
              onClick={() => articles.show(offset + PAGE_LENGTH)}
            >
              Older
            </button>
          </nav>
        ) : null}
      </section>
    </>
  );
}
