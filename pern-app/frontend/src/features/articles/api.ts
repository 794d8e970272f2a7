import type { Profile } from '../../shared/contract.ts';
import { type ApiClient, fieldOf } from '../../shared/http.ts';

/** An article of a list, which carries no body. */
export interface ArticleSummary {
  slug: string;
  title: string;
  description: string;
  tagList: string[];
  createdAt: string;
  updatedAt: string;
  favorited: boolean;
  favoritesCount: number;
  author: Profile;
}

export interface Article extends ArticleSummary {
  body: string;
}

export type ArticleInput = Pick<Article, 'title' | 'description' | 'body' | 'tagList'>;

export interface ArticleList {
  articles: ArticleSummary[];
  articlesCount: number;
}

/** Which articles: those of everybody, of the people the reader follows, or by one property. */
export type ArticleSource = { kind: 'global' | 'following' } | { kind: 'tag' | 'author' | 'favorited'; value: string };

export const PAGE_LENGTH = 10;

/** @param page from 1 */
export async function readArticles(
  api: ApiClient,
  source: ArticleSource,
  page: number,
  signal: AbortSignal,
): Promise<ArticleList> {
  const query = new URLSearchParams({ limit: String(PAGE_LENGTH), offset: String((page - 1) * PAGE_LENGTH) });
  if ('value' in source) query.set(source.kind, source.value);
  const path = source.kind === 'following' ? '/articles/feed' : '/articles';
  const answer = await api.request('GET', `${path}?${query}`, { signal });
  return { articles: fieldOf(answer, 'articles'), articlesCount: fieldOf(answer, 'articlesCount') };
}

const pathOf = (slug: string) => `/articles/${encodeURIComponent(slug)}`;

export async function readArticle(api: ApiClient, slug: string, signal: AbortSignal): Promise<Article> {
  return fieldOf(await api.request('GET', pathOf(slug), { signal }), 'article');
}

/** Creates an article, or changes the one called `slug`. */
export async function saveArticle(api: ApiClient, article: ArticleInput, slug: string | undefined): Promise<Article> {
  const options = { body: { article } };
  const answer =
    slug === undefined
      ? await api.request('POST', '/articles', options)
      : await api.request('PUT', pathOf(slug), options);
  return fieldOf(answer, 'article');
}

export async function removeArticle(api: ApiClient, slug: string): Promise<void> {
  await api.request('DELETE', pathOf(slug));
}

/** Makes the article a favourite of the reader, or not any more. */
export async function favorite(api: ApiClient, slug: string, favorited: boolean): Promise<Article> {
  const answer = await api.request(favorited ? 'POST' : 'DELETE', `${pathOf(slug)}/favorite`, { keepalive: true });
  return fieldOf(answer, 'article');
}

export async function readTags(api: ApiClient, signal: AbortSignal): Promise<string[]> {
  return fieldOf(await api.request('GET', '/tags', { signal }), 'tags');
}
