import type { IncomingMessage } from 'node:http';
import express, { type Express, Router } from 'express';
import helmet from 'helmet';
import { createFaultInjector } from '../operations/faults.ts';
import { cachedCheck, createHealth } from '../operations/health.ts';
import { createListener } from '../operations/listener.ts';
import { createLogger } from '../operations/logging.ts';
import { createMetrics } from '../operations/metrics.ts';
import type { Component } from '../operations/service.ts';
import { type Cache, createCache } from './cache.ts';
import type { ServerConfig } from './config.ts';
import { createDatabase, type Database } from './database.ts';
import type { ArticleStore } from './features/articles/store.ts';
import { createFeatures } from './features/features.ts';
import { infoRoutes } from './features/info/routes.ts';
import { errorHandler, methodNotAllowed, noSuchPath } from './http/errors.ts';
import { computeOpenApi } from './http/openapi.ts';
import { createRateLimits, type RateLimits } from './http/rate-limits.ts';
import type { Route } from './http/route.ts';
import { createRouter } from './http/router.ts';
import { createTokens, type Tokens } from './http/tokens.ts';

const READINESS_FRESH_MS = 500;
/** Whose `X-Forwarded-For` is believed: proxies with private addresses, as an Ingress controller has one. */
const TRUSTED_PROXIES = 'loopback, linklocal, uniquelocal';

/** What the outside world gives a back end. */
export interface BackendEdges {
  /** Uniform numbers in [0, 1), for faults and slugs. */
  random: () => number;
  /** Milliseconds since the epoch, for tokens. */
  now: () => number;
  /** Another release's, in tests of schema phases. */
  articleStore?: (database: Database) => ArticleStore;
}

/**
 * Builds the back end without listening. Connections to PostgreSQL and Redis are opened on demand and reopened as needed,
 * so building never fails because one of them is away.
 */
export function createBackend(config: ServerConfig, edges: BackendEdges): Component {
  const { VERSION: version, ENVIRONMENT: environment, FAULTS: faults } = config;
  const { random } = edges;
  const monotonicMs = () => performance.now();
  const logger = createLogger({ level: config.LOG_LEVEL, component: 'backend', version, environment });
  const metrics = createMetrics(version);
  const database = createDatabase({ settings: config, poolMax: config.PG_POOL_MAX, faults, random, metrics, logger });
  const cache = createCache({ url: config.REDIS_URL, logger, now: monotonicMs });
  const probe = () => database.ping();
  const check = { name: 'database', probe, freshMs: READINESS_FRESH_MS, graceMs: config.READY_DATABASE_GRACE_MS };
  const databaseCheck = cachedCheck({ ...check, now: monotonicMs });
  const health = createHealth({ checks: [databaseCheck], failReadiness: faults.failReadiness });
  const app = createExpressApp(config, edges, {
    database,
    cache,
    logger,
    tokens: createTokens({ ...tokenSettings(config), now: edges.now }),
    limits: createRateLimits(limitSettings(config), cache, monotonicMs),
  });
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

const tokenSettings = (config: ServerConfig) => ({
  secret: config.JWT_SECRET,
  previousSecret: config.JWT_SECRET_PREVIOUS,
  environment: config.ENVIRONMENT,
  lifetimeSeconds: config.TOKEN_LIFETIME_MINUTES * 60,
});

const limitSettings = (config: ServerConfig) => ({
  loginsPerQuarterHour: config.LOGINS_PER_QUARTER_HOUR,
  registrationsPerMinute: config.REGISTRATIONS_PER_MINUTE,
  writesPerMinute: config.WRITES_PER_MINUTE,
});

interface Dependencies {
  database: Database;
  cache: Cache;
  logger: Component['logger'];
  tokens: Tokens;
  limits: RateLimits;
}

function createExpressApp(config: ServerConfig, edges: BackendEdges, dependencies: Dependencies): Express {
  const { database, cache, tokens, limits, logger } = dependencies;
  const { VERSION: version, ENVIRONMENT: environment, CACHE_TTL_MS: cacheTtlMs } = config;
  const app = express();
  app.set('query parser', 'simple');
  app.set('trust proxy', TRUSTED_PROXIES);
  app.disable('etag');
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    }),
  );
  app.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    next();
  });
  const articleStore = edges.articleStore?.(database);
  const { random } = edges;
  const routes = [
    ...createFeatures({ database, cache, cacheTtlMs, tokens, limits, random, ...(articleStore && { articleStore }) }),
    ...infoRoutes({ version, environment }, database, cache),
  ];
  app.use(createRouter(routes, { tokens, limits, faults: createFaultInjector(config.FAULTS, random) }));
  app.use(documentRouter(routes, version));
  app.use(noSuchPath);
  app.use(errorHandler(logger));
  return app;
}

/** `GET /api/openapi.json`, made once: it describes the routes that are really there. */
function documentRouter(routes: readonly Route[], version: string): Router {
  const router = Router();
  let text: string | undefined;
  router
    .route('/api/openapi.json')
    .get((_request, response) => {
      text ??= JSON.stringify(computeOpenApi(routes, { title: 'PERN application', version }));
      response.type('json').send(text);
    })
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}

/** Express leaves the matched route on the request; what matched nothing shares one label. */
function routeOf(request: IncomingMessage): string {
  const { route } = request as IncomingMessage & { route?: { path?: unknown } };
  return typeof route?.path === 'string' ? route.path : 'unmatched';
}
