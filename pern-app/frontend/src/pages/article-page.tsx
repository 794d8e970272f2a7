import { useCallback } from 'react';
import { useParams } from 'react-router';
import { type Article, readArticle } from '../features/articles/api.ts';
import { ArticleActions } from '../features/articles/article-actions.tsx';
import { ArticleMeta, TagList } from '../features/articles/article-meta.tsx';
import { Comments } from '../features/comments/comments.tsx';
import { Markdown } from '../shared/markdown/markdown.tsx';
import { LoadFailed, Loading, Missing, Page } from '../shared/page.tsx';
import { useApi } from '../shared/session-context.tsx';
import { useResource } from '../shared/use-resource.ts';

/** `/article/:slug`. */
export default function ArticlePage() {
  const { slug = '' } = useParams();
  const api = useApi();
  const load = useCallback((signal: AbortSignal) => readArticle(api, slug, signal), [api, slug]);
  const article = useResource(load);
  if (article.value !== undefined) return <LoadedArticle article={article.value} onChange={article.replace} />;
  return (
    <Page title="Article" className="article-page">
      <div className="container page">
        <h1 className="sr-only">Article</h1>
        {article.loading ? <Loading text="Loading the article…" /> : null}
        {article.missing ? <Missing what="This article" /> : null}
        {article.errors.length > 0 && !article.missing ? (
          <LoadFailed errors={article.errors} onRetry={article.reload} />
        ) : null}
      </div>
    </Page>
  );
}

function LoadedArticle({ article, onChange }: { article: Article; onChange: (article: Article) => void }) {
  const meta = (
    <ArticleMeta author={article.author} date={article.createdAt}>
      <ArticleActions article={article} onChange={onChange} />
    </ArticleMeta>
  );
  return (
    <Page title={article.title} className="article-page">
      <div className="banner">
        <div className="container">
          <h1>{article.title}</h1>
          {meta}
        </div>
      </div>
      <div className="container page">
        <div className="article-content">
          <Markdown text={article.body} />
          <TagList tags={article.tagList} />
        </div>
        <hr />
        <div className="article-actions">{meta}</div>
        <Comments slug={article.slug} />
      </div>
    </Page>
  );
}
