import type { Cache } from '../cache.ts';
import type { Database } from '../database.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import type { Route } from '../http/route.ts';
import type { Tokens } from '../http/tokens.ts';
import { articleRoutes } from './articles/routes.ts';
import { ARTICLES_GENERATION, createArticleService } from './articles/service.ts';
import { type ArticleStore, createArticleStore } from './articles/store.ts';
import { commentRoutes } from './comments/routes.ts';
import { createCommentStore } from './comments/store.ts';
import { profileRoutes } from './profiles/routes.ts';
import { createProfileService } from './profiles/service.ts';
import { createProfileStore } from './profiles/store.ts';
import { tagRoutes } from './tags/routes.ts';
import { createPasswords } from './users/passwords.ts';
import { userRoutes } from './users/routes.ts';
import { createUserService } from './users/service.ts';
import { createUserStore } from './users/store.ts';

export interface FeatureDependencies {
  database: Database;
  cache: Cache;
  cacheTtlMs: number;
  tokens: Tokens;
  limits: RateLimits;
  /** Uniform numbers in [0, 1). */
  random: () => number;
  /** Another release's, in tests of schema phases. */
  articleStore?: ArticleStore;
}

/** All that is particular to this application. A team replaces what is in this folder and keeps everything around it. */
export function createFeatures(dependencies: FeatureDependencies): Route[] {
  const { database, cache, cacheTtlMs, tokens, limits, random } = dependencies;
  const generations = [ARTICLES_GENERATION];
  const articles = createArticleService({
    store: dependencies.articleStore ?? createArticleStore(database),
    cache,
    cacheTtlMs,
    random,
  });
  const users = createUserService({
    store: createUserStore(database),
    passwords: createPasswords(),
    tokens,
    limits,
    onChanged: () => cache.increment(ARTICLES_GENERATION),
  });
  return [
    ...userRoutes(users),
    ...profileRoutes(createProfileService(createProfileStore(database), articles.forgetFeed)),
    ...articleRoutes(articles),
    ...commentRoutes(createCommentStore(database)),
    ...tagRoutes({ database, cache, generations, ttlMs: cacheTtlMs }),
  ];
}
