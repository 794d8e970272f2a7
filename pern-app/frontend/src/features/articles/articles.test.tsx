import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { createArticlesApi } from './api.ts';
import { ArticleForm } from './article-form.tsx';
import { ArticleList } from './article-list.tsx';

const ARTICLE = {
  id: 7,
  title: '<b>Bold</b>',
  body: 'text',
  author: 'Ann',
  createdAt: '2026-01-02T03:04:05.000Z',
  likes: 3,
};
const nothing = () => undefined;

test('titles are text, never markup, and buttons name their article', () => {
  const html = renderToStaticMarkup(
    <ArticleList articles={[ARTICLE]} busy={false} onLike={nothing} onRemove={nothing} />,
  );
  expect(html).toContain('<h3>&lt;b&gt;Bold&lt;/b&gt;</h3>');
  expect(html).toContain('aria-label="Like &lt;b&gt;Bold&lt;/b&gt;"');
  expect(html).toContain('dateTime="2026-01-02T03:04:05.000Z"');
});

test('an empty list says so', () => {
  expect(renderToStaticMarkup(<ArticleList articles={[]} busy={false} onLike={nothing} onRemove={nothing} />)).toBe(
    '<p>No articles yet.</p>',
  );
});

test('every field of the form has a label', () => {
  const html = renderToStaticMarkup(<ArticleForm busy={false} onCreate={async () => true} />);
  const labels = [...html.matchAll(/for="([^"]+)"/g)].map((match) => match[1]);
  const fields = [...html.matchAll(/<(?:input|textarea)[^>]* id="([^"]+)"/g)].map((match) => match[1]);
  expect(fields).toHaveLength(3);
  expect(labels).toEqual(fields);
});

test('the API client asks the routes of the back end', async () => {
  const asked: string[] = [];
  const api = createArticlesApi(async (url, init) => {
    asked.push(`${init?.method} ${url} ${init?.body ?? ''}`.trim());
    return init?.method === 'DELETE'
      ? new Response(null, { status: 204 })
      : Response.json({ article: ARTICLE, articles: [], articlesCount: 0 });
  });
  await api.list({ limit: 10, offset: 20 });
  expect(await api.create({ title: 'a', body: 'b', author: 'c' })).toEqual(ARTICLE);
  await api.like(7);
  await api.remove(7);
  expect(asked).toEqual([
    'GET /api/articles?limit=10&offset=20',
    'POST /api/articles {"title":"a","body":"b","author":"c"}',
    'POST /api/articles/7/like',
    'DELETE /api/articles/7',
  ]);
});
