import { afterEach, describe, expect, test } from 'vitest';
import { metricsListener } from '../operations/metrics.ts';
import { listen } from '../operations/shutdown.ts';
import { createBackend } from './app.ts';
import { parseServerConfig } from './config.ts';

/** Port 1 refuses: a database and a Redis that are away are real enough for everything tested here. */
const ENVIRONMENT = {
  PGHOST: '127.0.0.1',
  PGPORT: '1',
  PGUSER: 'pern',
  PGDATABASE: 'pern',
  REDIS_URL: 'redis://127.0.0.1:1',
  LOG_LEVEL: 'silent',
  VERSION: '1.2.3',
  ENVIRONMENT: 'test',
};

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(extra: Record<string, string> = {}, random = () => 0.5) {
  const backend = createBackend(parseServerConfig({ ...ENVIRONMENT, ...extra }), random);
  const server = await listen(backend.listener, 0, '127.0.0.1');
  const metrics = await listen(metricsListener(backend.metrics.registry), 0, '127.0.0.1');
  cleanups.push(async () => {
    await Promise.all([server.close(), metrics.close(), backend.release()]);
  });
  return {
    backend,
    request: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init),
    readMetrics: async () => (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text(),
  };
}

const json = (body: string, type = 'application/json') => ({ method: 'POST', body, headers: { 'Content-Type': type } });
const ARTICLE = { title: 'a', body: 'b', author: 'c' };

describe('readiness 1.2: probes', () => {
  test('liveness does not depend on the database, readiness does', async () => {
    const { request } = await start();
    expect((await request('/livez')).status).toBe(200);
    const ready = await request('/readyz');
    expect(ready.status).toBe(503);
    expect((await ready.json()).reasons[0]).toContain('database: connect ECONNREFUSED');
  });
});

describe('bad input is a 4xx JSON error', () => {
  const long = JSON.stringify({ ...ARTICLE, body: 'x'.repeat(70_000) });
  test.each([
    ['malformed JSON', json('{"title":'), 400, 'malformed_json', 'body'],
    ['JSON that is no object', json('[1]'), 422, 'invalid_body', 'body'],
    ['a bare scalar', json('"text"'), 400, 'malformed_json', 'body'],
    ['wrong types', json('{"title":1,"body":"b","author":"c"}'), 422, 'invalid_body', 'title'],
    ['a blank field', json('{"title":"  ","body":"b","author":"c"}'), 422, 'invalid_body', 'title'],
    ['a missing field', json('{"title":"a","body":"b"}'), 422, 'invalid_body', 'author'],
    ['an unknown field', json(JSON.stringify({ ...ARTICLE, likes: 9 })), 422, 'invalid_body', 'likes'],
    ['a long title', json(JSON.stringify({ ...ARTICLE, title: 'x'.repeat(201) })), 422, 'invalid_body', 'title'],
    ['the character NUL', json(JSON.stringify({ ...ARTICLE, title: 'a\0b' })), 422, 'invalid_body', 'title'],
    ['more than 64 kB', json(long), 413, 'body_too_large', 'body'],
    [
      'another content type',
      json('title=a', 'application/x-www-form-urlencoded'),
      415,
      'unsupported_media_type',
      'body',
    ],
    ['no body at all', { method: 'POST' }, 415, 'unsupported_media_type', 'body'],
    ['an unsupported charset', json('{}', 'application/json; charset=koi8-x'), 415, 'unsupported_media_type', 'body'],
    ['another method', { method: 'PATCH' }, 405, 'method_not_allowed', 'method'],
  ])('%s', async (_name, init, status, code, field) => {
    const { request } = await start();
    const response = await request('/api/articles', init);
    const body = await response.json();
    expect([response.status, body.code, Object.keys(body.errors)]).toEqual([status, code, [field]]);
    expect(body.requestId).toBe(response.headers.get('x-request-id'));
    expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:|\\n/);
  });

  test.each([
    ['/api/articles?limit=0', 422, 'limit'],
    ['/api/articles?limit=101', 422, 'limit'],
    ['/api/articles?limit=1&limit=2', 422, 'limit'],
    ['/api/articles?offset=-1', 422, 'offset'],
    ['/api/articles/abc', 422, 'id'],
    ['/api/articles/99999999999999999999', 422, 'id'],
    ['/api/articles/%ff', 400, 'request'],
    ['/api/nothing', 404, 'path'],
  ])('GET %s', async (path, status, field) => {
    const { request } = await start();
    const response = await request(path);
    expect([response.status, Object.keys((await response.json()).errors)]).toEqual([status, [field]]);
  });
});

describe('readiness 4, 17: without a database', () => {
  test.each([
    ['GET', '/api/articles'],
    ['GET', '/api/articles/1'],
    ['POST', '/api/articles/1/like'],
    ['DELETE', '/api/articles/1'],
  ])('%s %s answers 503 with Retry-After', async (method, path) => {
    const { request } = await start();
    const response = await request(path, { method });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await response.json()).code).toBe('database_unavailable');
  });

  test('/api/info still answers and says so', async () => {
    const { request } = await start();
    const response = await request('/api/info');
    expect(await response.json()).toEqual({
      version: '1.2.3',
      environment: 'test',
      database: 'unreachable',
      redis: 'unreachable',
    });
    expect(response.headers.get('x-app-version')).toBe('1.2.3');
  });
});

describe('faults', () => {
  test('error-rate hits application routes only, and keeps their route label', async () => {
    const { request, readMetrics } = await start({ FAULTS: 'error-rate=0.6' });
    expect((await request('/api/articles/7')).status).toBe(500);
    expect((await request('/api/info')).status).toBe(500);
    expect((await request('/livez')).status).toBe(200);
    expect(await readMetrics()).toContain('http_requests_total{method="GET",route="/api/articles/:id",status="500"} 1');
  });

  test('readiness=fail leaves the application alone', async () => {
    const { request } = await start({ FAULTS: 'readiness=fail' });
    expect((await (await request('/readyz')).json()).reasons).toEqual(['failed on purpose (fault readiness=fail)']);
    expect((await request('/api/info')).status).toBe(200);
  });
});

describe('readiness 15, 16: metrics', () => {
  test('routes are patterns, probes are not counted, cardinality stays bounded under strange URLs and methods', async () => {
    const { request, readMetrics } = await start();
    for (const path of ['/livez', '/readyz', '/api/articles/1', '/api/articles/2', '/x1', '/x2']) await request(path);
    await request('/x3', { method: 'PROPFIND' });
    const lines = (await readMetrics()).split('\n').filter((line) => line.startsWith('http_requests_total{'));
    expect(lines.sort()).toEqual([
      'http_requests_total{method="GET",route="/api/articles/:id",status="503"} 2',
      'http_requests_total{method="GET",route="unmatched",status="404"} 2',
      'http_requests_total{method="other",route="unmatched",status="404"} 1',
    ]);
  });

  test('the agreed names are there', async () => {
    const { request, readMetrics } = await start();
    await request('/api/articles');
    const text = await readMetrics();
    for (const name of [
      'app_info{version="1.2.3"} 1',
      'db_pool_connections{state="total"} 0',
      'db_pool_connections{state="idle"} 0',
      'db_pool_connections{state="waiting"} 0',
      'db_pool_connections_max 10',
      'db_query_duration_seconds_bucket{le="0.005",operation="articles.list"}',
      'http_request_duration_seconds_bucket{le="0.3",method="GET",route="/api/articles",status="503"}',
      'process_cpu_seconds_total',
    ]) {
      expect(text).toContain(name);
    }
  });
});

test('request ids are kept when sane and replaced otherwise', async () => {
  const { request } = await start();
  const id = async (given: string) =>
    (await request('/api/info', { headers: { 'X-Request-Id': given } })).headers.get('x-request-id');
  expect(await id('abc-1')).toBe('abc-1');
  expect(await id('a b')).toMatch(/^[0-9a-f-]{36}$/);
});

test('readiness 29: security headers', async () => {
  const { headers } = await (await start()).request('/api/info');
  expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('cache-control')).toBe('no-store');
});

test('a draining process closes its connections', async () => {
  const { request, backend } = await start();
  backend.health.startDraining();
  const response = await request('/api/info');
  expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
  expect((await request('/readyz')).status).toBe(503);
});

test('configuration errors name every variable and hide secrets', () => {
  expect(() => parseServerConfig({})).toThrow('PGHOST: is required but not set');
  expect(() => parseServerConfig({ ...ENVIRONMENT, REDIS_URL: 'http://u:secret@x' })).toThrow(
    'REDIS_URL: must be a redis:// or rediss:// URL, not (hidden)',
  );
  expect(() => parseServerConfig({ ...ENVIRONMENT, FAULTS: 'fire=1' })).toThrow(
    'FAULTS: unknown fault "fire", the valid ones are error-rate, latency-ms, readiness, query-delay-ms',
  );
});
