import * as z from 'zod';
import { type Cache, cachedText } from '../../cache.ts';
import type { Database } from '../../database.ts';
import { defineRoute, JsonText, type Route } from '../../http/route.ts';

/** The most used first; more than anybody reads, and few enough to be sent. */
const TAGS = `SELECT tag FROM (SELECT unnest(tag_list) AS tag FROM articles) AS used
  GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 1000`;

export interface TagOptions {
  database: Database;
  cache: Cache;
  /** Counters that change when an article does. */
  generations: readonly string[];
  ttlMs: number;
}

export function tagRoutes({ database, cache, generations, ttlMs }: TagOptions): Route[] {
  const compute = async () => {
    const rows = await database.query<{ tag: string }>('tags.list', TAGS);
    return JSON.stringify({ tags: rows.map(({ tag }) => tag) });
  };
  return [
    defineRoute({
      method: 'get',
      path: '/api/tags',
      operation: 'GetTags',
      summary: 'Tags of all articles, the most used first',
      viewer: 'none',
      success: { status: 200, body: z.object({ tags: z.array(z.string()) }) },
      failures: [422],
      handle: async () => new JsonText(await cachedText(cache, { key: 'tags:v1', generations, ttlMs }, compute)),
    }),
  ];
}
