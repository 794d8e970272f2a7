import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADVISORY_LOCK } from './migrations.ts';
import { createTestPostgres, freePort, type TestPostgres } from './testing/postgres.ts';
import { startProcess, startServer, type TestProcess, until } from './testing/process.ts';

/** Real PostgreSQL, real processes; nobody listens on this Redis unless a test says so. */
const NO_REDIS = 'redis://127.0.0.1:1';
const processes: TestProcess[] = [];
let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await createTestPostgres();
  await postgres.start();
});

afterAll(async () => {
  await postgres.remove();
});

afterEach(async () => {
  for (const { child, exited } of processes.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});

/** A database of its own for one test, so that tests do not see each other's rows. */
async function freshDatabase(name: string): Promise<Record<string, string>> {
  await sql(postgres.environment, `CREATE DATABASE ${name}`);
  return { ...postgres.environment, PGDATABASE: name, REDIS_URL: NO_REDIS, SHUTDOWN_DELAY_MS: '0', VERSION: '1.0.0' };
}

async function sql(environment: Record<string, string>, text: string): Promise<Record<string, unknown>[]> {
  const { PGHOST, PGPORT, PGUSER, PGDATABASE } = environment;
  const client = new pg.Client({ host: PGHOST, port: Number(PGPORT), user: PGUSER, database: PGDATABASE });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function migrate(environment: Record<string, string>) {
  const migration = startProcess('migrate.ts', environment);
  processes.push(migration);
  const { code } = await migration.exited;
  return { code, output: migration.output() };
}

async function serve(environment: Record<string, string>) {
  const server = await startServer(environment);
  processes.push(server);
  const request = (path: string, init?: RequestInit) => fetch(`${server.origin}${path}`, init);
  await until(async () => (await request('/readyz')).status === 200);
  return { ...server, request };
}

const post = (body: unknown) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
});
const ARTICLE = { title: 'First', body: "Robert'); DROP TABLE articles;-- ✓", author: 'Ann' };

describe('readiness 21, 22: migrations', () => {
  test('run once, again, and five at a time: everything is applied exactly once', async () => {
    const environment = await freshDatabase('concurrent');
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => migrate(environment)));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    const appliedLines = outcomes.flatMap(({ output }) =>
      output.split('\n').filter((line) => line.includes('"msg":"applied"')),
    );
    const rows = await sql(environment, 'SELECT file FROM schema_migrations ORDER BY version');
    expect(rows.map(({ file }) => file)).toEqual(['0001_create_articles.sql', '0002_index_articles_by_creation.sql']);
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
    const holder = new pg.Client({
      host: '127.0.0.1',
      port: Number(environment.PGPORT),
      user: 'pern',
      database: 'locked',
    });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE busy IN ACCESS SHARE MODE');
    const { code, output } = await migrate({ ...environment, MIGRATIONS_DIR: folder, MIGRATE_LOCK_TIMEOUT_MS: '50' });
    await holder.end();
    expect(code).toBe(1);
    expect(output).toContain('a lock was not free within 50 ms');
    rmSync(folder, { recursive: true });
  });

  test('a Job waits for another one that holds the lock, with bounded patience', async () => {
    const environment = await freshDatabase('waiting');
    const holder = new pg.Client({
      host: '127.0.0.1',
      port: Number(environment.PGPORT),
      user: 'pern',
      database: 'waiting',
    });
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    const impatient = await migrate({ ...environment, MIGRATE_WAIT_MS: '50' });
    expect([
      impatient.code,
      impatient.output.includes('another migration has been running for more than 50 ms'),
    ]).toEqual([1, true]);
    const patient = migrate(environment);
    await until(async () => (await sql(environment, 'SELECT FROM pg_locks WHERE NOT granted')).length === 1);
    expect(await sql(environment, "SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
    await holder.end();
    expect((await patient).code).toBe(0);
  });

  test('waits for a database with bounded patience, and not at all for a wrong name', async () => {
    const environment = { ...postgres.environment, PGPORT: String(await freePort()), MIGRATE_WAIT_MS: '300' };
    const absent = await migrate(environment);
    expect(absent.code).toBe(1);
    expect(absent.output).toContain('within 300 ms, last error: connect ECONNREFUSED');
    const wrong = await migrate({ ...postgres.environment, PGDATABASE: 'nowhere' });
    expect([wrong.code, wrong.output.includes('database "nowhere" does not exist')]).toEqual([1, true]);
  });
});

describe('articles', () => {
  test('are created, listed newest first, liked, deleted', async () => {
    const environment = await freshDatabase('articles');
    await migrate(environment);
    const { request } = await serve(environment);
    const created = await request('/api/articles', post(ARTICLE));
    expect(created.status).toBe(201);
    const { article } = await created.json();
    expect(article).toMatchObject({ ...ARTICLE, likes: 0 });
    expect(new Date(article.createdAt).toISOString()).toBe(article.createdAt);
    expect(created.headers.get('location')).toBe(`/api/articles/${article.id}`);
    await request('/api/articles', post({ ...ARTICLE, title: 'Second' }));
    const list = await (await request('/api/articles?limit=1')).json();
    expect([list.articlesCount, list.articles.length, list.articles[0].title]).toEqual([2, 1, 'Second']);
    const likes = Array.from({ length: 20 }, () => request(`/api/articles/${article.id}/like`, { method: 'POST' }));
    expect((await Promise.all(likes)).every(({ status }) => status === 200)).toBe(true);
    expect((await (await request(`/api/articles/${article.id}`)).json()).article.likes).toBe(20);
    expect((await request(`/api/articles/${article.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await request(`/api/articles/${article.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await request(`/api/articles/${article.id}`)).status).toBe(404);
  });

  test('before the migration has run, requests answer 503', async () => {
    const { request } = await serve(await freshDatabase('empty'));
    const response = await request('/api/articles');
    expect([response.status, (await response.json()).code]).toEqual([503, 'schema_not_migrated']);
  });

  test('readiness 17: an exhausted pool answers 503 after its timeout and does not fail readiness', async () => {
    const environment = await freshDatabase('exhausted');
    await migrate(environment);
    const { request } = await serve({ ...environment, PG_POOL_MAX: '1', FAULTS: 'query-delay-ms=4000' });
    const slow = request('/api/articles/1');
    const refused = await request('/api/articles/1');
    expect([refused.status, (await refused.json()).code]).toEqual([503, 'database_unavailable']);
    expect((await request('/readyz')).status).toBe(200);
    expect((await slow).status).toBe(404);
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
    await request('/api/articles', post(ARTICLE));
    const inFlight = Array.from({ length: 4 }, () => request('/api/articles'));
    const sleeping = "SELECT FROM pg_stat_activity WHERE datname = 'outage' AND wait_event = 'PgSleep'";
    await until(async () => (await sql(environment, sleeping)).length === 8);
    await postgres.kill();
    expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    const during = await request('/api/articles', post(ARTICLE));
    expect([during.status, (await during.json()).code]).toEqual([503, 'database_unavailable']);
    await until(async () => (await request('/readyz')).status === 503);
    expect((await request('/livez')).status).toBe(200);
    await postgres.start();
    await until(async () => (await request('/readyz')).status === 200);
    const after = await request('/api/articles', post(ARTICLE));
    expect(after.status).toBe(201);
    expect(child.exitCode).toBeNull();
    expect(output()).not.toContain('unexpected error');
  });

  test('readiness 32: without Redis everything works', async () => {
    const environment = await freshDatabase('no_redis');
    await migrate(environment);
    const { request, output } = await serve(environment);
    for (let index = 0; index < 10; index += 1) {
      expect((await request('/api/articles', post(ARTICLE))).status).toBe(201);
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
    const { request, origin, child } = await serve({
      ...environment,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      CACHE_TTL_MS: '60000',
    });
    const redisState = async () => (await (await request('/api/info')).json()).redis;
    const count = async () => (await (await request('/api/articles')).json()).articlesCount;
    await until(async () => (await redisState()) === 'ok');
    await request('/api/articles', post(ARTICLE));
    expect(await count()).toBe(1);
    await sql(environment, "INSERT INTO articles (title, body, author) VALUES ('behind', 'the', 'cache')");
    expect(await count()).toBe(1);
    await request('/api/articles', post(ARTICLE));
    expect(await count()).toBe(3);
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
  const server = startProcess('server.ts', {
    PGHOST: 'x',
    PGUSER: 'x',
    PGDATABASE: 'x',
    PORT: 'http',
    FAULTS: 'fire=1',
  });
  processes.push(server);
  expect(await server.exited).toEqual({ code: 2, signal: null });
  expect(server.output()).toBe(
    'cannot start, the environment is not valid:\n' +
      '  PORT: must be a whole number from 0 to 65535, not "http"\n' +
      '  FAULTS: unknown fault "fire", the valid ones are error-rate, latency-ms, readiness, query-delay-ms, not "fire=1"\n',
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
