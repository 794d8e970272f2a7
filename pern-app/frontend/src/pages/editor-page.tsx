import { useCallback } from 'react';
import { Navigate, useNavigate, useParams } from 'react-router';
import { type Article, readArticle, saveArticle } from '../features/articles/api.ts';
import { ArticleForm } from '../features/articles/article-form.tsx';
import type { User } from '../shared/contract.ts';
import { FormPage, LoadFailed, Loading, Missing } from '../shared/page.tsx';
import { useApi } from '../shared/session-context.tsx';
import { SignedIn } from '../shared/signed-in.tsx';
import { useResource } from '../shared/use-resource.ts';

/** `/editor` writes a new article, `/editor/:slug` changes one. */
export default function EditorPage() {
  const { slug } = useParams();
  return (
    <FormPage title={slug === undefined ? 'New Article' : 'Edit Article'} className="editor-page">
      <SignedIn>
        {(user) => (slug === undefined ? <Editor key="new" /> : <ExistingEditor key={slug} slug={slug} user={user} />)}
      </SignedIn>
    </FormPage>
  );
}

function ExistingEditor({ slug, user }: { slug: string; user: User }) {
  const api = useApi();
  const load = useCallback((signal: AbortSignal) => readArticle(api, slug, signal), [api, slug]);
  const article = useResource(load);
  if (article.missing) return <Missing what="This article" />;
  if (article.errors.length > 0) return <LoadFailed errors={article.errors} onRetry={article.reload} />;
  if (article.value === undefined) return <Loading text="Loading the article…" />;
  if (article.value.author.username !== user.username) {
    return <Navigate to={`/article/${encodeURIComponent(slug)}`} replace />;
  }
  return <Editor article={article.value} />;
}

function Editor({ article }: { article?: Article }) {
  const api = useApi();
  const navigate = useNavigate();
  return (
    <ArticleForm
      article={article}
      onSave={async (input) => {
        const saved = await saveArticle(api, input, article?.slug);
        await navigate(`/article/${encodeURIComponent(saved.slug)}`);
      }}
    />
  );
}
