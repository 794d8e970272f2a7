import { type RequestHandler, Router } from 'express';
import type { Cache } from '../../cache.ts';
import type { Database } from '../../database.ts';
import { methodNotAllowed } from '../../requests.ts';

export interface Info {
  version: string;
  environment: string;
  database: 'ok' | 'unreachable';
  redis: 'ok' | 'unreachable';
}

/** `GET /api/info`: what runs here and what it can reach. Always 200, so that the page can show an outage. */
export function infoRoutes(
  release: Pick<Info, 'version' | 'environment'>,
  database: Database,
  cache: Cache,
  guard: RequestHandler,
): Router {
  const router = Router();
  router
    .route('/api/info')
    .all(guard)
    .get(async (_request, response) => {
      const [databaseOk, redisOk] = await Promise.all([
        database.ping().then(
          () => true,
          () => false,
        ),
        cache.observeReachable(),
      ]);
      const state = (ok: boolean) => (ok ? 'ok' : 'unreachable');
      const info: Info = { ...release, database: state(databaseOk), redis: state(redisOk) };
      response.json(info);
    })
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}
