import { expect, test } from 'vitest';
import type { Cache } from '../../cache.ts';
import { createArticleService } from './service.ts';
import type { Article, ArticleStore } from './store.ts';

/** Cache in memory. Known lies: nothing expires, and nothing ever fails. */
function memoryCache(): Cache & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get: async (key) => entries.get(key),
    set: async (key, value) => void entries.set(key, value),
    increment: async (key) => void entries.set(key, String(Number(entries.get(key) ?? 0) + 1)),
    observeReachable: async () => true,
    close: async () => undefined,
  };
}

/** Articles in memory. Known lies: order of insertion, no limits, one fixed date. */
function memoryStore(): ArticleStore & { reads: number } {
  const articles: Article[] = [];
  return {
    reads: 0,
    async list() {
      this.reads += 1;
      return { articles: [...articles], articlesCount: articles.length };
    },
    find: async (id) => articles.find((article) => article.id === id),
    async create(input) {
      const article = { ...input, id: articles.length + 1, createdAt: '2026-01-01T00:00:00.000Z', likes: 0 };
      articles.push(article);
      return article;
    },
    like: async () => undefined,
    remove: async () => false,
  };
}

const PAGE = { limit: 20, offset: 0 };
const ARTICLE = { title: 'a', body: 'b', author: 'c' };

test('a second reading comes from the cache, pages apart', async () => {
  const store = memoryStore();
  const service = createArticleService(store, memoryCache(), 5000);
  await service.list(PAGE);
  await service.list(PAGE);
  expect(store.reads).toBe(1);
  await service.list({ limit: 20, offset: 20 });
  expect(store.reads).toBe(2);
});

test('after a write nobody reads the old list, not even one stored late', async () => {
  const store = memoryStore();
  const cache = memoryCache();
  const service = createArticleService(store, cache, 5000);
  await service.list(PAGE);
  const stale = [...cache.entries];
  await service.create(ARTICLE);
  for (const [key, value] of stale) cache.entries.set(key, value);
  expect((await service.list(PAGE)).articlesCount).toBe(1);
});

test.each(['{', '{"articles":1}', 'null'])('an unreadable entry %s counts as a miss', async (entry) => {
  const store = memoryStore();
  const cache = memoryCache();
  const service = createArticleService(store, cache, 5000);
  await service.list(PAGE);
  for (const key of cache.entries.keys()) cache.entries.set(key, entry);
  expect(await service.list(PAGE)).toEqual({ articles: [], articlesCount: 0 });
  expect(store.reads).toBe(2);
});

test('a time to live of 0 turns the cache off', async () => {
  const cache = memoryCache();
  await createArticleService(memoryStore(), cache, 0).list(PAGE);
  expect(cache.entries.size).toBe(0);
});
