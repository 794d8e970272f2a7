import * as z from 'zod';
import type { Cache } from '../../cache.ts';
import type { Database } from '../../database.ts';
import { defineRoute, type Route } from '../../http/route.ts';

const state = z.enum(['ok', 'unreachable']);
const info = z
  .object({ version: z.string(), environment: z.string(), database: state, redis: state })
  .meta({ id: 'Info' });

/** `GET /api/info`: what runs here and what it can reach. Always 200, so that the page can show an outage. */
export function infoRoutes(
  release: { version: string; environment: string },
  database: Database,
  cache: Cache,
): Route[] {
  const stateOf = (isOk: boolean): z.infer<typeof state> => (isOk ? 'ok' : 'unreachable');
  return [
    defineRoute({
      method: 'get',
      path: '/api/info',
      operation: 'GetInfo',
      summary: 'What runs here and what it can reach',
      viewer: 'none',
      success: { status: 200, body: info },
      failures: [],
      async handle() {
        const pinged = database.ping().then(
          () => true,
          () => false,
        );
        const [databaseOk, redisOk] = await Promise.all([pinged, cache.observeReachable()]);
        return { ...release, database: stateOf(databaseOk), redis: stateOf(redisOk) };
      },
    }),
  ];
}
