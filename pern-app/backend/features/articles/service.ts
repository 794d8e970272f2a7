import { type Cache, cachedText } from '../../cache.ts';
import { brokenConstraint } from '../../database.ts';
import { forbidden, found, unknownViewer } from '../../http/errors.ts';
import type { Page } from '../../http/input.ts';
import type { Article, NewArticle } from './article.ts';
import { computeSlug, slugSuffix } from './slug.ts';
import type { ArticleFilter, ArticleStore } from './store.ts';

/** Changes whenever any article does. */
export const ARTICLES_GENERATION = 'articles:v2:generation';
const feedGeneration = (viewerId: string) => `feed:v1:${viewerId}:generation`;

/**
 * What one can do with articles. Unknown slugs reject with 404, other people's articles with 403, and a viewer who does not
 * exist any more with 401. Lists and feeds are JSON text; they may be as old as the cache's time to live when Redis was away
 * during a write.
 */
export interface ArticleService {
  list(filter: ArticleFilter, page: Page, viewerId: string | undefined): Promise<string>;
  /** Articles of everybody whom the viewer follows. */
  feed(page: Page, viewerId: string): Promise<string>;
  find(slug: string, viewerId: string | undefined): Promise<Article>;
  create(article: NewArticle, authorId: string): Promise<Article>;
  /** A new title makes a new slug. */
  update(slug: string, change: Partial<NewArticle>, viewerId: string): Promise<Article>;
  remove(slug: string, viewerId: string): Promise<void>;
  favorite(slug: string, viewerId: string): Promise<Article>;
  unfavorite(slug: string, viewerId: string): Promise<Article>;
  /** To be told when somebody follows others than before. */
  forgetFeed(viewerId: string): Promise<void>;
}

export interface ArticleDependencies {
  store: ArticleStore;
  cache: Cache;
  cacheTtlMs: number;
  /** Uniform numbers in [0, 1), for slugs of equal titles. */
  random: () => number;
}

const ATTEMPTS_MAX = 5;

export function createArticleService({ store, cache, cacheTtlMs: ttlMs, random }: ArticleDependencies): ArticleService {
  async function changing<T>(change: Promise<T>): Promise<T> {
    try {
      const result = await change;
      await cache.increment(ARTICLES_GENERATION);
      return result;
    } catch (error) {
      const isViewerGone = /^(articles_author|favorites_user)_fkey$/.test(brokenConstraint(error) ?? '');
      throw isViewerGone ? unknownViewer() : error;
    }
  }

  /** Writes under the plain slug of a title, and with something unique behind it when that one is taken. */
  async function withSlug<T>(title: string, write: (slug: string) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write(computeSlug(title, attempt === 1 ? '' : slugSuffix(random)));
      } catch (error) {
        if (brokenConstraint(error) !== 'articles_slug_key' || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  async function own(slug: string, viewerId: string): Promise<{ title: string }> {
    const ownership = found('article', await store.findOwnership(slug));
    if (ownership.authorId !== viewerId) throw forbidden('article');
    return ownership;
  }

  const find = async (slug: string, viewerId: string | undefined) => found('article', await store.find(slug, viewerId));

  return {
    async list(filter, page, viewerId) {
      const compute = async () => JSON.stringify(await store.list(filter, page, viewerId));
      // Only what everybody sees is worth keeping: the first pages, as strangers see them.
      const isShared = viewerId === undefined && Object.values(filter).every((value) => value === undefined);
      if (!isShared) return compute();
      const key = `articles:v2:list:${page.limit}:${page.offset}`;
      return cachedText(cache, { key, generations: [ARTICLES_GENERATION], ttlMs }, compute);
    },
    feed(page, viewerId) {
      const compute = async () => JSON.stringify(await store.list({ followedBy: viewerId }, page, viewerId));
      const generations = [ARTICLES_GENERATION, feedGeneration(viewerId)];
      return cachedText(
        cache,
        { key: `feed:v1:${viewerId}:${page.limit}:${page.offset}`, generations, ttlMs },
        compute,
      );
    },
    find,
    create: (article, authorId) => changing(withSlug(article.title, (slug) => store.create(slug, article, authorId))),
    async update(slug, change, viewerId) {
      const { title } = await own(slug, viewerId);
      const isRenamed = change.title !== undefined && change.title !== title;
      const write = isRenamed
        ? withSlug(change.title ?? title, (next) => store.update(slug, { ...change, slug: next }, viewerId))
        : store.update(slug, change, viewerId);
      return found('article', await changing(write));
    },
    async remove(slug, viewerId) {
      await own(slug, viewerId);
      await changing(store.remove(slug, viewerId));
    },
    async favorite(slug, viewerId) {
      await changing(store.favorite(slug, viewerId));
      return find(slug, viewerId);
    },
    async unfavorite(slug, viewerId) {
      await changing(store.unfavorite(slug, viewerId));
      return find(slug, viewerId);
    },
    forgetFeed: (viewerId) => cache.increment(feedGeneration(viewerId)),
  };
}
