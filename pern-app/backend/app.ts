import type { IncomingMessage } from 'node:http';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { cachedCheck, createHealth } from '../operations/health.ts';
import { createListener } from '../operations/listener.ts';
import { createLogger } from '../operations/logging.ts';
import { createMetrics } from '../operations/metrics.ts';
import type { Component } from '../operations/service.ts';
import { type Cache, createCache } from './cache.ts';
import type { ServerConfig } from './config.ts';
import { createDatabase, type Database } from './database.ts';
import { articleRoutes } from './features/articles/routes.ts';
import { createArticleService } from './features/articles/service.ts';
import { createArticleStore } from './features/articles/store.ts';
import { infoRoutes } from './features/info/routes.ts';
import { errorHandler, faultGuard, notFound } from './requests.ts';

const READINESS_FRESH_MS = 500;

/**
 * Builds the back end without listening. Connections to PostgreSQL and Redis are opened on demand and reopened as needed,
 * so building never fails because one of them is away.
 *
 * @param random uniform numbers in [0, 1), for the `error-rate` fault
 */
export function createBackend(config: ServerConfig, random: () => number): Component {
  const { VERSION: version, ENVIRONMENT: environment } = config;
  const now = () => performance.now();
  const logger = createLogger({ level: config.LOG_LEVEL, component: 'backend', version, environment });
  const metrics = createMetrics(version);
  const { queryDelayMs, failReadiness } = config.FAULTS;
  const database = createDatabase({ settings: config, poolMax: config.PG_POOL_MAX, queryDelayMs, metrics, logger });
  const cache = createCache({ url: config.REDIS_URL, logger, now });
  const graceMs = config.READY_DATABASE_GRACE_MS;
  const probe = () => database.ping();
  const databaseCheck = cachedCheck({ name: 'database', probe, freshMs: READINESS_FRESH_MS, graceMs, now });
  const health = createHealth({ checks: [databaseCheck], failReadiness });
  const app = createExpressApp(config, { database, cache, random, logger });
  return {
    listener: createListener({ version, health, metrics, logger, handle: app, routeOf }),
    health,
    metrics,
    logger,
    async release() {
      await Promise.all([database.close(), cache.close()]);
    },
  };
}

interface Dependencies {
  database: Database;
  cache: Cache;
  random: () => number;
  logger: Component['logger'];
}

function createExpressApp(config: ServerConfig, { database, cache, random, logger }: Dependencies): Express {
  const app = express();
  app.set('query parser', 'simple');
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    }),
  );
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  const guard = faultGuard(config.FAULTS, random);
  const articles = createArticleService(createArticleStore(database), cache, config.CACHE_TTL_MS);
  app.use(articleRoutes(articles, guard));
  app.use(infoRoutes({ version: config.VERSION, environment: config.ENVIRONMENT }, database, cache, guard));
  app.use(notFound);
  app.use(errorHandler(logger));
  return app;
}

/** Express leaves the matched route on the request; what matched nothing shares one label. */
function routeOf(request: IncomingMessage): string {
  const { route } = request as IncomingMessage & { route?: { path?: unknown } };
  return typeof route?.path === 'string' ? route.path : 'unmatched';
}
