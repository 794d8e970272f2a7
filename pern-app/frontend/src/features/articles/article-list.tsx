import type { Article } from './api.ts';

interface ArticleListProps {
  articles: Article[];
  busy: boolean;
  onLike: (id: number) => void;
  onRemove: (id: number) => void;
}

/** The articles of one page. Button labels name their article, so that they make sense out of context. */
export function ArticleList({ articles, busy, onLike, onRemove }: ArticleListProps) {
  if (articles.length === 0) return <p>No articles yet.</p>;
  return (
    <ul className="articles">
      {articles.map((article) => (
        <li key={article.id}>
          <article className="card">
            <h3>{article.title}</h3>
            <p className="byline">
              {article.author}, <time dateTime={article.createdAt}>{new Date(article.createdAt).toLocaleString()}</time>
            </p>
            <p className="text">{article.body}</p>
            <div className="actions">
              <button
                type="button"
                disabled={busy}
                aria-label={`Like ${article.title}`}
                onClick={() => onLike(article.id)}
              >
                Like ({article.likes})
              </button>
              <button
                type="button"
                className="quiet"
                disabled={busy}
                aria-label={`Delete ${article.title}`}
                onClick={() => onRemove(article.id)}
              >
                Delete
              </button>
            </div>
          </article>
        </li>
      ))}
    </ul>
  );
}
