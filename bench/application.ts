import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { freePort } from '../pern-app/backend/testing/postgres.ts';
import { until } from '../pern-app/backend/testing/process.ts';
import { ApiClient, TestWorld } from '../pern-app/backend/testing/world.ts';
import { progress } from './context.ts';
import { type Row, summarise } from './samples.ts';

const RUNS = 5;
const RUN_MS = 2000;
const CONNECTIONS = 16;
const ARTICLES = 1000;
const bench = 'application';

interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  /** Of the request with this number: no two articles have the same title. */
  body?: (number: number) => string;
}

/**
 * The back end with everything on (checks, tokens, limits, headers, metrics, a log line per request) against a bare Express
 * and `pg` server with the same statements, over one database, in turns. No Redis and no cache: both do the same SQL.
 */
export async function measureApplication(): Promise<Row[]> {
  const world = await TestWorld.start();
  const children: ChildProcess[] = [];
  try {
    const environment = await world.freshDatabase('bench');
    await world.migrate(environment);
    const full = await startFull(environment, children);
    const user = await new ApiClient(full).as('bench');
    const [author] = await world.sql(environment, 'SELECT id FROM users');
    await world.sql(environment, articlesOf(String(author?.id)));
    const bare = await startBare({ ...environment, AUTHOR_ID: String(author?.id) }, children);
    const rest = { description: 'By a benchmark', body: 'Text '.repeat(100) };
    const body = (number: number) => JSON.stringify({ article: { title: `Measured ${number}`, ...rest } });
    const token = user.authorization ?? '';
    const post = { method: 'POST', path: '/api/articles', body } as const;
    const headers = { 'content-type': 'application/json', authorization: token };
    return [
      ...(await compare('list of 20', full, bare, { method: 'GET', path: '/api/articles' })),
      ...(await compare('read one', full, bare, { method: 'GET', path: '/api/articles/article-7' })),
      ...(await compare('write one', full, bare, { ...post, headers })),
    ];
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await world.remove();
  }
}

const articlesOf = (authorId: string) =>
  `INSERT INTO articles (slug, title, description, body, tag_list, author_id)
   SELECT 'article-' || i, 'Article ' || i, 'One of many', repeat('Text ', 100), '{a,b}', '${authorId}'
   FROM generate_series(1, ${ARTICLES}) i; ANALYZE`;

/** Its log goes where logs cost least, as it would to a container runtime that keeps up. */
async function startFull(environment: Record<string, string>, children: ChildProcess[]): Promise<string> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const settings = { CACHE_TTL_MS: '0', WRITES_PER_MINUTE: '10000000', HOST: '127.0.0.1' };
  const env = {
    ...environment,
    ...settings,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    NODE_ENV: 'production',
  };
  const entry = join(import.meta.dirname, '../pern-app/backend/server.ts');
  children.push(spawn(process.execPath, [entry], { env, stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'] }));
  const origin = `http://127.0.0.1:${port}`;
  const isReady = () => fetch(`${origin}/readyz`).then(({ status }) => status === 200);
  await until(() => isReady().catch(() => false));
  return origin;
}

async function startBare(environment: Record<string, string>, children: ChildProcess[]): Promise<string> {
  const entry = join(import.meta.dirname, 'application-bare.ts');
  const env = { ...environment, NODE_ENV: 'production' };
  const child = spawn(process.execPath, [entry], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return `http://127.0.0.1:${String(port).trim()}`;
}

async function compare(what: string, full: string, bare: string, request: Request): Promise<Row[]> {
  const samples = { full: [] as Sample[], bare: [] as Sample[] };
  await run(full, request);
  await run(bare, request);
  for (let index = 0; index < RUNS; index += 1) {
    samples.bare.push(await run(bare, request));
    samples.full.push(await run(full, request));
  }
  const ratio = samples.full.map(({ perSecond }, index) => perSecond / (samples.bare[index]?.perSecond ?? Number.NaN));
  const { median } = summarise(ratio);
  progress(`${what}: ${median.toFixed(2)} of the bare server`);
  return [
    { bench, name: `${what}, application`, unit: '1/s', values: samples.full.map(({ perSecond }) => perSecond) },
    {
      bench,
      name: `${what}, bare Express and pg`,
      unit: '1/s',
      values: samples.bare.map(({ perSecond }) => perSecond),
    },
    {
      bench,
      name: `${what}, application against bare`,
      unit: 'ratio',
      values: ratio,
      aim: { comparison: '≥', value: 0.85 },
    },
    { bench, name: `${what}, application, P99`, unit: 'ms', values: samples.full.map(({ p99Ms }) => p99Ms) },
    { bench, name: `${what}, bare, P99`, unit: 'ms', values: samples.bare.map(({ p99Ms }) => p99Ms) },
  ];
}

interface Sample {
  perSecond: number;
  p99Ms: number;
}

let sent = 0;

/** Closed loop: each connection sends its next request when the last one is answered. */
async function run(origin: string, { method, path, headers = {}, body }: Request): Promise<Sample> {
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const durationsMs: number[] = [];
  const beganMs = performance.now();
  const worker = async () => {
    while (performance.now() - beganMs < RUN_MS) {
      const sentMs = performance.now();
      const answer = await pool.request({
        method,
        path,
        headers,
        ...(body === undefined ? {} : { body: body(sent++) }),
      });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`${method} ${origin}${path} answered ${answer.statusCode}`);
      durationsMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const seconds = (performance.now() - beganMs) / 1000;
  await pool.close();
  durationsMs.sort((left, right) => left - right);
  return {
    perSecond: durationsMs.length / seconds,
    p99Ms: durationsMs[Math.floor(durationsMs.length * 0.99)] ?? Number.NaN,
  };
}
