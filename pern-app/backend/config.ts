import * as z from 'zod';
import { BACKEND_FAULTS } from '../images.ts';
import { commonVariables, faults, integer, parseEnvironment } from '../operations/environment.ts';

/** How to reach PostgreSQL: the standard variables of libpq, shared by the server and the migration Job. */
export const postgresVariables = {
  PGHOST: z.string(),
  PGPORT: integer(1, 65_535, 5432),
  PGUSER: z.string(),
  PGPASSWORD: z.string().optional(),
  PGDATABASE: z.string(),
};

const serverVariables = {
  ...commonVariables,
  ...postgresVariables,
  /** Connections per process. Twice the replicas (stable and canary) times (this + 1 for probes) must stay below `max_connections`. */
  PG_POOL_MAX: integer(1, 1000, 10),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .default('redis://redis:6379'),
  /** How long the article list may be served from the cache. */
  CACHE_TTL_MS: integer(0, 3_600_000, 5000),
  /** How long the database may be away before readiness turns false; see `cachedCheck`. */
  READY_DATABASE_GRACE_MS: integer(0, 600_000, 5000),
  FAULTS: faults(BACKEND_FAULTS),
};

const migrateVariables = {
  ...postgresVariables,
  VERSION: commonVariables.VERSION,
  ENVIRONMENT: commonVariables.ENVIRONMENT,
  LOG_LEVEL: commonVariables.LOG_LEVEL,
  /** Where the numbered SQL files are; found beside the script when unset. */
  MIGRATIONS_DIR: z.string().optional(),
  /** Patience with a database that is not up yet, and with another migration that is running. */
  MIGRATE_WAIT_MS: integer(0, 3_600_000, 60_000),
  /** How long one statement may wait for a table lock; while it waits, everybody else queues behind it. */
  MIGRATE_LOCK_TIMEOUT_MS: integer(1, 3_600_000, 5000),
};

export type PostgresSettings = Readonly<z.infer<z.ZodObject<typeof postgresVariables>>>;
export type ServerConfig = Readonly<z.infer<z.ZodObject<typeof serverVariables>>>;
export type MigrateConfig = Readonly<z.infer<z.ZodObject<typeof migrateVariables>>>;

type Environment = Record<string, string | undefined>;

/** @throws ConfigurationError naming every variable that is missing or wrong */
export const parseServerConfig = (environment: Environment): ServerConfig =>
  parseEnvironment(serverVariables, environment);

/** @throws ConfigurationError naming every variable that is missing or wrong */
export const parseMigrateConfig = (environment: Environment): MigrateConfig =>
  parseEnvironment(migrateVariables, environment);
