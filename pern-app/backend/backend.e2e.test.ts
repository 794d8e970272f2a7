import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADVISORY_LOCK } from './migrations.ts';
import { freePort } from './testing/postgres.ts';
import { until } from './testing/process.ts';
import { JWT_SECRET, TestWorld } from './testing/world.ts';

/** Real PostgreSQL, real processes; nobody listens on this Redis unless a test says so. */
let world: TestWorld;

beforeAll(async () => {
  world = await TestWorld.start();
});
afterAll(() => world.remove());
afterEach(() => world.clear());

const freshDatabase = (name: string) => world.freshDatabase(name);
const sql = (environment: Record<string, string>, text: string) => world.sql(environment, text);
const migrate = (environment: Record<string, string>) => world.migrate(environment);
const serve = (environment: Record<string, string>) => world.serve(environment);

describe('readiness 21, 22: migrations', () => {
  test('run once, again, and five at a time: everything is applied exactly once', async () => {
    const environment = await freshDatabase('concurrent');
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => migrate(environment)));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    const appliedLines = outcomes.flatMap(({ output }) =>
      output.split('\n').filter((line) => line.includes('"msg":"applied"')),
    );
    const rows = await sql(environment, 'SELECT file FROM schema_migrations ORDER BY version');
    expect(rows).toHaveLength(10);
    expect(appliedLines).toHaveLength(rows.length);
    expect((await migrate(environment)).output).toContain('schema was up to date');
  });

  test('a failing file names its place, leaves nothing of itself behind, and keeps what came before', async () => {
    const environment = await freshDatabase('failing');
    const folder = mkdtempSync(join(tmpdir(), 'pern-app-migrations-'));
    writeFileSync(join(folder, '0001_good.sql'), 'CREATE TABLE good (id int);');
    writeFileSync(join(folder, '0002_bad.sql'), 'CREATE TABLE half (id int);\nSELECT nonsense FROM good;');
    const { code, output } = await migrate({ ...environment, MIGRATIONS_DIR: folder });
    expect(code).toBe(1);
    expect(output).toContain('migration failed: 0002_bad.sql:2:8: column "nonsense" does not exist (42703)');
    const tables = await sql(environment, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
    expect(tables.map(({ tablename }) => tablename)).toEqual(['good', 'schema_migrations']);
    writeFileSync(join(folder, '0001_good.sql'), 'CREATE TABLE other (id int);');
    expect((await migrate({ ...environment, MIGRATIONS_DIR: folder })).output).toContain(
      '0001_good.sql: changed after it was applied',
    );
    rmSync(folder, { recursive: true });
  });

  test('readiness 24: a table that stays locked fails the migration instead of blocking everybody', async () => {
    const environment = await freshDatabase('locked');
    const folder = mkdtempSync(join(tmpdir(), 'pern-app-migrations-'));
    writeFileSync(join(folder, '0001_alter.sql'), 'ALTER TABLE busy ADD COLUMN extra int;');
    await sql(environment, 'CREATE TABLE busy (id int)');
    const holder = await world.connect(environment);
    await holder.query('BEGIN; LOCK TABLE busy IN ACCESS SHARE MODE');
    const { code, output } = await migrate({ ...environment, MIGRATIONS_DIR: folder, MIGRATE_LOCK_TIMEOUT_MS: '50' });
    await holder.end();
    expect(code).toBe(1);
    expect(output).toContain('a lock was not free within 50 ms');
    rmSync(folder, { recursive: true });
  });

  test('a Job waits for another one that holds the lock, with bounded patience', async () => {
    const environment = await freshDatabase('waiting');
    const holder = await world.connect(environment);
    await holder.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    const impatient = await migrate({ ...environment, MIGRATE_WAIT_MS: '50' });
    expect([
      impatient.code,
      impatient.output.includes('another migration has been running for more than 50 ms'),
    ]).toEqual([1, true]);
    const patient = migrate(environment);
    const connected = "SELECT FROM pg_stat_activity WHERE datname = 'waiting' AND query LIKE '%pg_try_advisory_lock%'";
    // Itself, the holder, and the Job that asks for the lock.
    await until(async () => (await sql(environment, connected)).length === 2);
    expect(await sql(environment, "SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
    await holder.end();
    expect((await patient).code).toBe(0);
  });

  test('waits for a database with bounded patience, and not at all for a wrong name', async () => {
    const environment = { ...world.postgres.environment, PGPORT: String(await freePort()), MIGRATE_WAIT_MS: '300' };
    const absent = await migrate(environment);
    expect(absent.code).toBe(1);
    expect(absent.output).toContain('within 300 ms, last error: connect ECONNREFUSED');
    const wrong = await migrate({ ...world.postgres.environment, PGDATABASE: 'nowhere' });
    expect([wrong.code, wrong.output.includes('database "nowhere" does not exist')]).toEqual([1, true]);
  });
});

describe('what a request meets', () => {
  test('before the migration has run, requests answer 503', async () => {
    const { request } = await serve(await freshDatabase('empty'));
    const response = await request('/api/articles');
    expect([response.status, (await response.json()).code]).toEqual([503, 'schema_not_migrated']);
  });

  test('readiness 17: an exhausted pool answers 503 after its timeout and does not fail readiness', async () => {
    const environment = await freshDatabase('exhausted');
    await migrate(environment);
    const { request } = await serve({ ...environment, PG_POOL_MAX: '1', FAULTS: 'query-delay-ms=4000' });
    const slow = request('/api/articles/a');
    const refused = await request('/api/articles/a');
    expect([refused.status, (await refused.json()).code]).toEqual([503, 'database_unavailable']);
    expect((await request('/readyz')).status).toBe(200);
    expect((await slow).status).toBe(404);
  });
});

describe('faults', () => {
  test('migration=fail ends the Job with 1 before anything has changed', async () => {
    const environment = await freshDatabase('broken_job');
    const { code, output } = await migrate({ ...environment, FAULTS: 'migration=fail' });
    expect([code, output]).toEqual([1, 'migration failed: failed on purpose (fault migration=fail)\n']);
    expect(await sql(environment, "SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  });

  test('pool-leak empties the pool: its metrics show it, requests get 503, probes do not notice', async () => {
    const environment = await freshDatabase('leaking');
    await migrate(environment);
    const { request, metricsOrigin } = await serve({ ...environment, PG_POOL_MAX: '2', FAULTS: 'pool-leak=1' });
    const statuses: number[] = [];
    for (let index = 0; index < 3; index += 1) statuses.push((await request('/api/articles')).status);
    expect(statuses).toEqual([200, 200, 503]);
    const metrics = await (await fetch(`${metricsOrigin}/metrics`)).text();
    expect(metrics).toContain('db_pool_connections{state="total"} 2\ndb_pool_connections{state="idle"} 0');
    expect((await request('/readyz')).status).toBe(200);
  });
});

describe('seed', () => {
  test('fills a development database, may be run again, and is refused anywhere else', async () => {
    const environment = { ...(await freshDatabase('seeded')), SEED: 'demo', ENVIRONMENT: 'development' };
    expect([(await migrate(environment)).code, (await migrate(environment)).code]).toEqual([0, 0]);
    const { api } = await serve(environment);
    expect((await api.send('GET', '/api/articles')).body.articlesCount).toBe(12);
    const user = { email: 'ada@example.com', password: 'conduit-demo' };
    expect((await api.send('POST', '/api/users/login', { user })).status).toBe(200);
    const refused = await migrate({ ...environment, ENVIRONMENT: 'production' });
    expect([refused.code, refused.output.includes('is for development only')]).toEqual([1, true]);
  });
});

describe('outages', () => {
  test('readiness 2, 4, 18: PostgreSQL killed and restarted, the same process goes on', async () => {
    const environment = await freshDatabase('outage');
    await migrate(environment);
    const { request, child, output } = await serve({
      ...environment,
      READY_DATABASE_GRACE_MS: '0',
      CACHE_TTL_MS: '0',
      FAULTS: 'query-delay-ms=1000',
    });
    const inFlight = Array.from({ length: 4 }, () => request('/api/articles'));
    const sleeping = "SELECT FROM pg_stat_activity WHERE datname = 'outage' AND wait_event = 'PgSleep'";
    await until(async () => (await sql(environment, sleeping)).length === 4);
    await world.postgres.kill();
    expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    const during = await request('/api/articles');
    expect([during.status, (await during.json()).code]).toEqual([503, 'database_unavailable']);
    await until(async () => (await request('/readyz')).status === 503);
    expect((await request('/livez')).status).toBe(200);
    await world.postgres.start();
    await until(async () => (await request('/readyz')).status === 200);
    expect((await request('/api/articles')).status).toBe(200);
    expect(child.exitCode).toBeNull();
    expect(output()).not.toContain('unexpected error');
  });

  test('readiness 32: without Redis everything works', async () => {
    const environment = await freshDatabase('no_redis');
    await migrate(environment);
    const { request, output, api } = await serve(environment);
    const ann = await api.as('ann');
    for (let index = 0; index < 10; index += 1) {
      await ann.write('The same title');
      expect((await (await request('/api/articles')).json()).articlesCount).toBe(index + 1);
    }
    expect((await (await request('/api/info')).json()).redis).toBe('unreachable');
    expect(output().match(/redis is away/g)).toHaveLength(1);
  });

  test('readiness 32: Redis is used, dies under load, comes back', async () => {
    if (spawnSync('redis-server', ['--version']).status !== 0) {
      console.warn('NOT TESTED with a real Redis: no redis-server on PATH; the tests without Redis have run');
      return;
    }
    const port = await freePort();
    let redis = await startRedis(port);
    const environment = await freshDatabase('with_redis');
    await migrate(environment);
    const { request, origin, child, api } = await serve({
      ...environment,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      CACHE_TTL_MS: '60000',
    });
    const redisState = async () => (await (await request('/api/info')).json()).redis;
    const count = async () => (await (await request('/api/articles')).json()).articlesCount;
    await until(async () => (await redisState()) === 'ok');
    const ann = await api.as('ann');
    const bob = await api.as('bob');
    await ann.write('First', { tagList: ['old'] });
    expect(await count()).toBe(1);
    expect((await api.send('GET', '/api/tags')).body).toEqual({ tags: ['old'] });
    await sql(
      environment,
      `INSERT INTO articles (slug, title, description, body, tag_list, author_id)
       SELECT 'behind', 'behind', 'the', 'cache', '{new}', id FROM users WHERE username = 'ann'`,
    );
    expect(await count()).toBe(1);
    expect((await api.send('GET', '/api/tags')).body).toEqual({ tags: ['old'] });
    expect((await bob.send('GET', '/api/articles/feed')).body.articlesCount).toBe(0);
    await bob.send('POST', '/api/profiles/ann/follow');
    expect((await bob.send('GET', '/api/articles/feed')).body.articlesCount).toBe(2);
    await ann.write('Second');
    expect(await count()).toBe(3);
    expect((await api.send('GET', '/api/tags')).body).toEqual({ tags: ['new', 'old'] });
    expect((await bob.send('GET', '/api/articles/feed')).body.articlesCount).toBe(3);
    const load = Promise.all(Array.from({ length: 4 }, () => hammer(`${origin}/api/articles`, 100)));
    await redis.kill('SIGKILL');
    expect((await load).flat().filter((status) => status !== 200)).toEqual([]);
    expect(await redisState()).toBe('unreachable');
    redis = await startRedis(port);
    await until(async () => (await redisState()) === 'ok');
    await redis.kill('SIGSTOP');
    expect(await hammer(`${origin}/api/articles`, 5)).toEqual([200, 200, 200, 200, 200]);
    await redis.kill('SIGKILL');
    expect(child.exitCode).toBeNull();
  });
});

describe('readiness 3, 6, 7: SIGTERM', () => {
  test('loses no request under keep-alive load, finishes what is slow, exits 0', async () => {
    const environment = await freshDatabase('stopping');
    await migrate(environment);
    const stopping = { SHUTDOWN_DELAY_MS: '300', FAULTS: 'query-delay-ms=150', CACHE_TTL_MS: '0' };
    const { child, exited, origin } = await serve({ ...environment, ...stopping });
    const agent = new Agent({ keepAlive: true });
    const clients = Array.from({ length: 6 }, () => useUntilUnready(origin, agent));
    await Promise.race(clients.map(({ firstAnswer }) => firstAnswer));
    child.kill('SIGTERM');
    const answers = await Promise.all(clients.map(({ answers }) => answers));
    expect(answers.flat().filter(({ status }) => status !== 200)).toEqual([]);
    for (const own of answers) expect(own.at(-1)?.connection).toBe('close');
    expect(await exited).toEqual({ code: 0, signal: null });
    agent.destroy();
  });
});

test('readiness 13: a wrong environment ends the start with code 2 and plain words', async () => {
  const server = world.started('server.ts', {
    PGHOST: 'x',
    PGUSER: 'x',
    PGDATABASE: 'x',
    JWT_SECRET,
    PORT: 'http',
    FAULTS: 'fire=1',
  });
  expect(await server.exited).toEqual({ code: 2, signal: null });
  expect(server.output()).toBe(
    'cannot start, the environment is not valid:\n' +
      '  PORT: must be a whole number from 0 to 65535, not "http"\n' +
      '  FAULTS: unknown fault "fire", the valid ones are error-rate, latency-ms, latency-p99-ms, readiness, query-delay-ms, pool-leak, memory-leak-kb, migration, not "fire=1"\n',
  );
});

async function hammer(url: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < times; index += 1) statuses.push((await fetch(url)).status);
  return statuses;
}

async function startRedis(port: number) {
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error(`redis-server ended:\n${output}`)));
  });
  return {
    /** SIGSTOP freezes it and resolves at once; SIGKILL resolves when it is gone. */
    async kill(signal: 'SIGKILL' | 'SIGSTOP') {
      child.kill(signal);
      if (signal === 'SIGKILL') await exited;
    },
  };
}

interface Answer {
  status: number | undefined;
  connection: string | undefined;
}

/** Behaves like a proxy: sends requests one after the other until it sees readiness fail, then one more. Rejects on a broken connection. */
function useUntilUnready(origin: string, agent: Agent) {
  const ask = (path: string) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = get(`${origin}${path}`, { agent }, (response) => {
        response.resume();
        response.once('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }));
      });
      sent.once('error', reject);
    });
  const first = Promise.withResolvers<void>();
  async function run(): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (;;) {
      const { status } = await ask('/readyz');
      answers.push(await ask('/api/articles'));
      first.resolve();
      if (status === 503) return answers;
    }
  }
  const answers = run();
  answers.catch(first.reject);
  return { firstAnswer: first.promise, answers };
}
