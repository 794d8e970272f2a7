import pg from 'pg';
import { Gauge, Histogram } from 'prom-client';
import { HttpError } from '../operations/errors.ts';
import type { Faults } from '../operations/faults.ts';
import type { Logger } from '../operations/logging.ts';
import { DURATION_BUCKETS, type Metrics } from '../operations/metrics.ts';
import type { PostgresSettings } from './config.ts';

/** PostgreSQL as features see it. */
export interface Database {
  /**
   * Runs one statement on a pooled connection.
   *
   * @param operation short fixed name for the metrics, such as `articles.list`
   * @throws {HttpError} 503 when the database cannot be reached, is too slow or has no schema yet; other errors as they come
   */
  query<Row extends pg.QueryResultRow>(operation: string, text: string, values?: unknown[]): Promise<Row[]>;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  settings: PostgresSettings;
  poolMax: number;
  /** Injected: how long every operation sleeps inside PostgreSQL, and how many never give their connection back. */
  faults: Pick<Faults, 'queryDelayMs' | 'poolLeak'>;
  /** Uniform numbers in [0, 1), for the `pool-leak` fault. */
  random: () => number;
  metrics: Metrics;
  logger: Logger;
}

const CONNECT_TIMEOUT_MS = 2000;
const STATEMENT_TIMEOUT_MS = 5000;
const PING_TIMEOUT_MS = 1000;

/** The connection settings that `pg` wants; `password` stays out when unset so that trust and peer authentication work. */
export function connectionSettings(settings: PostgresSettings) {
  return {
    host: settings.PGHOST,
    port: settings.PGPORT,
    user: settings.PGUSER,
    database: settings.PGDATABASE,
    ...(settings.PGPASSWORD === undefined ? {} : { password: settings.PGPASSWORD }),
  };
}

/**
 * A pool that survives the death and return of the database without a restart of the process. Readiness asks over a
 * connection of its own: a saturated pool is slow, and taking the pod out of traffic for that would move its load to the next.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { logger } = options;
  const pool = createPool(options, {
    max: options.poolMax,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: 2000,
    idle_in_transaction_session_timeout: 10_000,
    // The server's own timeout cannot fire when the server is frozen; this one runs here.
    query_timeout: STATEMENT_TIMEOUT_MS + 1000,
  });
  const pingPool = createPool(options, {
    max: 1,
    connectionTimeoutMillis: PING_TIMEOUT_MS,
    query_timeout: PING_TIMEOUT_MS,
  });
  const observe = observeDatabase(pool, options.poolMax, options.metrics);
  const leaks = () => options.faults.poolLeak > 0 && options.random() < options.faults.poolLeak;
  return {
    async query<Row extends pg.QueryResultRow>(
      operation: string,
      text: string,
      values: unknown[] = [],
    ): Promise<Row[]> {
      const startedMs = performance.now();
      try {
        const client = await pool.connect();
        observe.acquired(performance.now() - startedMs);
        const query = { name: nameOf(operation, text), text, values };
        return await runAndRelease<Row>(client, query, options.faults.queryDelayMs, leaks());
      } catch (error) {
        const unavailable = toUnavailable(error);
        if (unavailable === undefined) throw error;
        logger.warn({ operation, reason: describe(error) }, 'database unavailable');
        throw unavailable;
      } finally {
        observe.finished(operation, performance.now() - startedMs);
      }
    },
    async ping() {
      await pingPool.query('SELECT 1');
    },
    async close() {
      await Promise.all([pool.end(), pingPool.end()]);
    },
  };
}

function createPool(options: DatabaseOptions, limits: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    ...connectionSettings(options.settings),
    application_name: 'pern-app-backend',
    keepAlive: true,
    idleTimeoutMillis: 30_000,
    ...limits,
  });
  // Both listeners are vital: without them the death of a connection is an uncaught exception.
  pool.on('error', (error) => options.logger.warn({ reason: describe(error) }, 'idle database connection lost'));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** The name of a prepared statement, which is parsed and planned once per connection. Statements are fixed texts, so there are few. */
function nameOf(operation: string, text: string): string {
  const known = statementNames.get(text);
  if (known !== undefined) return known;
  const name = `${operation.slice(0, 40)}-${statementNames.size}`;
  statementNames.set(text, name);
  return name;
}

const statementNames = new Map<string, string>();

async function runAndRelease<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  query: { name: string; text: string; values: unknown[] },
  delayMs: number,
  leak: boolean,
): Promise<Row[]> {
  let broken = true;
  try {
    if (delayMs > 0) await client.query('SELECT pg_sleep($1)', [delayMs / 1000]);
    const result = await client.query<Row>(query);
    broken = false;
    return result.rows;
  } catch (error) {
    // An answer from the server proves that the connection is fine, unless the answer is that it is being closed, or that
    // what was prepared on it no longer fits the schema.
    broken = !(error instanceof pg.DatabaseError) || /^(08|57P|0A000$)/.test(error.code ?? '');
    throw error;
  } finally {
    if (!leak) client.release(broken);
  }
}

function observeDatabase(pool: pg.Pool, poolMax: number, metrics: Metrics) {
  const registers = [metrics.registry];
  new Gauge({
    name: 'db_pool_connections',
    help: 'Connections of the pool by state; "waiting" are requests that want one.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'total' }, pool.totalCount);
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
  new Gauge({ name: 'db_pool_connections_max', help: 'Upper limit of the pool.', registers }).set(poolMax);
  const acquire = new Histogram({
    name: 'db_pool_acquire_duration_seconds',
    help: 'Time until a connection was available.',
    buckets: DURATION_BUCKETS,
    registers,
  });
  const duration = new Histogram({
    name: 'db_query_duration_seconds',
    help: 'Time of one database operation, including the wait for a connection.',
    labelNames: ['operation'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  return {
    acquired: (durationMs: number) => acquire.observe(durationMs / 1000),
    finished: (operation: string, durationMs: number) => duration.observe({ operation }, durationMs / 1000),
  };
}

const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** Connection failures, shutdown and start-up of the server, too many connections, statement and lock timeouts, log-in refused. */
const UNAVAILABLE_STATES = /^(08|57P|53300$|57014$|55P03$|28)/;
const MISSING_SCHEMA = new Set(['42P01', '42703']);

/** Maps an error of `pg` to the 503 that clients may retry, or to undefined when it is none of those. */
export function toUnavailable(error: unknown): HttpError | undefined {
  const { code, message } = describe(error);
  const again = { cause: error, retryAfterSeconds: 1 };
  if (MISSING_SCHEMA.has(code))
    return new HttpError(503, 'schema_not_migrated', { database: ['schema is not migrated yet'] }, again);
  // A migration changed the type of what a prepared statement returns; on a fresh connection it is prepared anew.
  const stale = code === '0A000' && message.includes('cached plan');
  const gone = stale || SOCKET_ERRORS.has(code) || UNAVAILABLE_STATES.test(code);
  // These come from `pg` and its pool without any code.
  const lost =
    /timeout exceeded when trying to connect|Connection terminated|Query read timeout|not queryable|timeout expired/.test(
      message,
    );
  return gone || lost
    ? new HttpError(503, 'database_unavailable', { database: ['is not available'] }, again)
    : undefined;
}

/** The name of the constraint that a write would break, or undefined when the error is another one. */
export function brokenConstraint(error: unknown): string | undefined {
  const isOne = error instanceof pg.DatabaseError && (error.code === '23505' || error.code === '23503');
  return isOne ? error.constraint : undefined;
}

/** Code and message of an error, looking into the AggregateError that a host with several addresses produces. */
export function describe(error: unknown): { code: string; message: string } {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return { code: '', message: String(first) };
  return { code: 'code' in first && typeof first.code === 'string' ? first.code : '', message: first.message };
}
