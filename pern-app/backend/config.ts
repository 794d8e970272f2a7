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

const secret = z.string().min(32, 'must have at least 32 characters');

const serverVariables = {
  ...commonVariables,
  ...postgresVariables,
  /** Connections per process. Twice the replicas (stable and canary) times (this + 1 for probes) must stay below `max_connections`. */
  PG_POOL_MAX: integer(1, 1000, 10),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .default('redis://redis:6379'),
  /** Signs the tokens; the same for all replicas and releases of an environment. */
  JWT_SECRET: secret,
  /** Still accepted while tokens signed with it live; set it to the old value when JWT_SECRET is replaced. */
  JWT_SECRET_PREVIOUS: secret.optional(),
  TOKEN_LIFETIME_MINUTES: integer(1, 525_600, 1440),
  /** See `RateLimitSettings`; 0 means no limit. */
  LOGINS_PER_QUARTER_HOUR: integer(0, 1_000_000, 10),
  REGISTRATIONS_PER_MINUTE: integer(0, 1_000_000, 120),
  WRITES_PER_MINUTE: integer(0, 10_000_000, 1200),
  /** How long lists, feeds and tags may be served from the cache. */
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
  /** Fill an empty development database with something to look at: the file `seeds/<SEED>.sql`. */
  SEED: z
    .string()
    .regex(/^[a-z0-9_]{1,40}$/, 'may hold small letters, digits and _ only')
    .optional(),
  FAULTS: faults(BACKEND_FAULTS),
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
