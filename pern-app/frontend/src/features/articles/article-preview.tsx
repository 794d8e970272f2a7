import { Link } from 'react-router';
import type { ArticleSummary } from './api.ts';
import { ArticleMeta, TagList } from './article-meta.tsx';
import { FavoriteCount } from './favorite-button.tsx';

/** One article of a list. */
export function ArticlePreview({
  article,
  onChange,
}: {
  article: ArticleSummary;
  onChange: (article: ArticleSummary) => void;
}) {
  return (
    <article className="article-preview">
      <ArticleMeta author={article.author} date={article.createdAt}>
        <FavoriteCount article={article} onChange={onChange} />
      </ArticleMeta>
      <Link to={`/article/${encodeURIComponent(article.slug)}`} className="preview-link">
        <h1 aria-level={2}>{article.title}</h1>
        <p>{article.description}</p>
        <span className="read-more">Read more…</span>
        <TagList tags={article.tagList} />
      </Link>
    </article>
  );
}
