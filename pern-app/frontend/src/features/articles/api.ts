import { type Fetch, requestJson } from '../../shared/http.ts';

export interface Article {
  id: number;
  title: string;
  body: string;
  author: string;
  createdAt: string;
  likes: number;
}

export type NewArticle = Pick<Article, 'title' | 'body' | 'author'>;

export interface ArticlePage {
  articles: Article[];
  articlesCount: number;
}

export interface ArticlesApi {
  list(page: { limit: number; offset: number }): Promise<ArticlePage>;
  create(article: NewArticle): Promise<Article>;
  like(id: number): Promise<Article>;
  remove(id: number): Promise<void>;
}

/** The back end's article routes, under the page's own origin. */
export function createArticlesApi(fetch: Fetch): ArticlesApi {
  const article = async (method: string, url: string, body?: unknown) =>
    ((await requestJson(fetch, method, url, body)) as { article: Article }).article;
  return {
    list: async ({ limit, offset }) =>
      (await requestJson(fetch, 'GET', `/api/articles?limit=${limit}&offset=${offset}`)) as ArticlePage,
    create: (input) => article('POST', '/api/articles', input),
    like: (id) => article('POST', `/api/articles/${id}/like`),
    remove: async (id) => void (await requestJson(fetch, 'DELETE', `/api/articles/${id}`)),
  };
}
