import * as z from 'zod';
import type { Cache } from '../../cache.ts';
import type { Article, ArticlePage, ArticleStore, NewArticle } from './store.ts';

/** The version belongs to the shape of the cached value: releases N and N-1 share one Redis during a canary. */
const KEY_PREFIX = 'articles:v1';
const GENERATION_KEY = `${KEY_PREFIX}:generation`;

const cachedPage: z.ZodType<ArticlePage> = z.object({
  articles: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      body: z.string(),
      author: z.string(),
      createdAt: z.string(),
      likes: z.number(),
    }),
  ),
  articlesCount: z.number(),
});

/** What one can do with articles. The list may be as old as the cache's time to live when Redis was away during a write. */
export interface ArticleService {
  list(page: { limit: number; offset: number }): Promise<ArticlePage>;
  find(id: number): Promise<Article | undefined>;
  create(article: NewArticle): Promise<Article>;
  like(id: number): Promise<Article | undefined>;
  remove(id: number): Promise<boolean>;
}

/**
 * Articles with a cached list. Every write starts a new generation of keys, so a list that was read before the write but
 * stored after it is never seen again.
 */
export function createArticleService(store: ArticleStore, cache: Cache, cacheTtlMs: number): ArticleService {
  async function changing<T>(change: Promise<T>): Promise<T> {
    const result = await change;
    await cache.increment(GENERATION_KEY);
    return result;
  }
  return {
    async list(page) {
      if (cacheTtlMs === 0) return store.list(page);
      const generation = (await cache.get(GENERATION_KEY)) ?? '0';
      const key = `${KEY_PREFIX}:list:${generation}:${page.limit}:${page.offset}`;
      const cached = parseCachedPage(await cache.get(key));
      if (cached !== undefined) return cached;
      const fresh = await store.list(page);
      await cache.set(key, JSON.stringify(fresh), cacheTtlMs);
      return fresh;
    },
    find: (id) => store.find(id),
    create: (article) => changing(store.create(article)),
    like: (id) => changing(store.like(id)),
    remove: (id) => changing(store.remove(id)),
  };
}

/** What is in the cache is input like any other: something unreadable counts as a miss. */
function parseCachedPage(text: string | undefined): ArticlePage | undefined {
  if (text === undefined) return undefined;
  try {
    return cachedPage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
