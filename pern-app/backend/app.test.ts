import { afterEach, describe, expect, test } from 'vitest';
import { metricsListener } from '../operations/metrics.ts';
import { listen } from '../operations/shutdown.ts';
import { createBackend } from './app.ts';
import { parseServerConfig } from './config.ts';
import { createTokens } from './http/tokens.ts';

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
  JWT_SECRET: 'a secret of at least 32 characters',
};
const NOW = Date.UTC(2026, 0, 1);
/** Nobody asks whether this user exists before the database is needed. */
const USER_ID = '6b0f4c4e-9c63-4b8e-8d5a-0f3f5b7a2c11';
const tokens = createTokens({
  secret: ENVIRONMENT.JWT_SECRET,
  environment: 'test',
  lifetimeSeconds: 60,
  now: () => NOW,
});
const authorization = { Authorization: `Token ${await tokens.issue(USER_ID)}` };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(extra: Record<string, string> = {}, random = () => 0.5) {
  const backend = createBackend(parseServerConfig({ ...ENVIRONMENT, ...extra }), { random, now: () => NOW });
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

const json = (body: string, type = 'application/json') => ({
  method: 'POST',
  body,
  headers: { 'Content-Type': type, ...authorization },
});
const ARTICLE = { title: 'a', description: 'c', body: 'b' };
const article = (change: object) => json(JSON.stringify({ article: { ...ARTICLE, ...change } }));

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
  test.each<[string, RequestInit, number, string, string]>([
    ['malformed JSON', json('{"article":'), 400, 'malformed_json', 'body'],
    ['JSON that is no object', json('[1]'), 422, 'invalid_body', 'body'],
    ['a bare scalar', json('"text"'), 400, 'malformed_json', 'body'],
    ['no resource in it', json('{}'), 422, 'invalid_body', 'article'],
    ['a resource that is none', json('{"article":7}'), 422, 'invalid_body', 'article'],
    ['wrong types', article({ title: 1 }), 422, 'invalid_body', 'title'],
    ['a blank field', article({ title: '  ' }), 422, 'invalid_body', 'title'],
    ['a missing field', article({ description: undefined }), 422, 'invalid_body', 'description'],
    ['tags that are no list', article({ tagList: null }), 422, 'invalid_body', 'tagList'],
    ['a tag that is no text', article({ tagList: ['a', 1] }), 422, 'invalid_body', 'tagList'],
    ['a long title', article({ title: 'x'.repeat(201) }), 422, 'invalid_body', 'title'],
    ['the character NUL', article({ title: 'a\0b' }), 422, 'invalid_body', 'title'],
    ['half a character', article({ title: 'a\ud800' }), 422, 'invalid_body', 'title'],
    ['more than 64 kB', article({ body: 'x'.repeat(70_000) }), 413, 'body_too_large', 'body'],
    [
      'another content type',
      json('title=a', 'application/x-www-form-urlencoded'),
      415,
      'unsupported_media_type',
      'body',
    ],
    ['no body at all', { method: 'POST', headers: authorization }, 415, 'unsupported_media_type', 'body'],
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
    ['/api/articles?author=a&author=b', 422, 'author'],
    ['/api/articles?tag=%00', 422, 'tag'],
    [`/api/articles/${'x'.repeat(301)}`, 422, 'slug'],
    ['/api/articles/%00', 422, 'slug'],
    ['/api/articles/%ff', 400, 'request'],
    ['/api/nothing', 404, 'path'],
  ])('GET %s', async (path, status, field) => {
    const { request } = await start();
    const response = await request(path);
    expect([response.status, Object.keys((await response.json()).errors)]).toEqual([status, [field]]);
  });
});

describe('readiness 31: tokens', () => {
  const issue = (change: object) =>
    createTokens({
      secret: ENVIRONMENT.JWT_SECRET,
      environment: 'test',
      lifetimeSeconds: 60,
      now: () => NOW,
      ...change,
    })
      .issue(USER_ID)
      .then((token) => `Token ${token}`);
  const none = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${authorization.Authorization.split('.')[1]}.`;
  test.each([
    ['none', undefined, 'is missing'],
    ['an empty one', '', 'is invalid'],
    ['another scheme', 'Basic YTpi', 'is invalid'],
    ['what is no token', 'Token abc', 'is invalid'],
    ['what is no JSON', 'Token a.b.c', 'is invalid'],
    ['no signature', `Token ${none}`, 'is invalid'],
    ['another signature', issue({ secret: 'another secret of 32 characters!' }), 'is invalid'],
    ['one of another environment', issue({ environment: 'production' }), 'is invalid'],
    ['an old one', issue({ now: () => NOW - 61_000 }), 'has expired'],
  ])('%s: 401', async (_name, given, message) => {
    const { request } = await start();
    const value = await given;
    const headers: Record<string, string> = value === undefined ? {} : { Authorization: value };
    const response = await request('/api/user', { headers });
    expect([response.status, (await response.json()).errors]).toEqual([401, { token: [message] }]);
    expect(response.headers.get('www-authenticate')).toBe('Token');
  });

  test('a token that is there has to be good, even where none is needed', async () => {
    const { request } = await start();
    expect((await request('/api/articles', { headers: { Authorization: 'Token abc' } })).status).toBe(401);
  });

  test('a token signed with the previous secret is accepted while it lives', async () => {
    const { request } = await start({
      JWT_SECRET: 'the new secret of 32 characters!!',
      JWT_SECRET_PREVIOUS: ENVIRONMENT.JWT_SECRET,
    });
    expect((await request('/api/user', { headers: authorization })).status).toBe(503);
  });
});

describe('readiness 31: limits, counted by the process while Redis is away', () => {
  test('writes of one user: 429 with Retry-After', async () => {
    const { request } = await start({ WRITES_PER_MINUTE: '2' });
    const write = () => request('/api/articles/a/favorite', { method: 'POST', headers: authorization });
    expect([(await write()).status, (await write()).status]).toEqual([503, 503]);
    const refused = await write();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
  });

  test('log-ins with one address from one place, not from another', async () => {
    const { request } = await start({ LOGINS_PER_QUARTER_HOUR: '1' });
    const logIn = async (email: string, from: string) => {
      const init = json(JSON.stringify({ user: { email, password: 'x' } }));
      return (await request('/api/users/login', { ...init, headers: { ...init.headers, 'X-Forwarded-For': from } }))
        .status;
    };
    expect(await logIn('a@b', '192.0.2.1')).toBe(503);
    expect(await logIn('A@B', '192.0.2.1')).toBe(429);
    expect(await logIn('a@b', '192.0.2.2')).toBe(503);
    expect(await logIn('c@b', '192.0.2.1')).toBe(503);
  });
});

test('readiness 36: the OpenAPI document describes every route, and every route it describes is there', async () => {
  const { request } = await start();
  const document = (await (await request('/api/openapi.json')).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown>; security?: [] }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses, security = [] }]) => {
      const own = Object.keys(responses).filter((status) => !/400|405|413|415|429|5../.test(status));
      return `${method} ${path} ${security.length} ${own.join(' ')}`;
    }),
  );
  expect(told.sort()).toEqual(CONTRACT);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of ['get', 'post', 'put', 'delete', 'patch']) {
      const url = path.replaceAll(/{\w+}/g, '1');
      const { status } = await request(url, { method: method.toUpperCase() });
      expect(`${method} ${path} ${status === 405}`).toBe(`${method} ${path} ${!(method in methods)}`);
    }
  }
});

/** The public contract's operations (version 2.0.0; number of accepted kinds of caller beside strangers, success, failures), and ours. */
const CONTRACT = [
  'delete /api/articles/{slug} 1 204 401 403 404 422',
  'delete /api/articles/{slug}/comments/{id} 1 204 401 403 404 422',
  'delete /api/articles/{slug}/favorite 1 200 401 404 422',
  'delete /api/profiles/{username}/follow 1 200 401 404 422',
  'get /api/articles 2 200 401 422',
  'get /api/articles/feed 1 200 401 422',
  'get /api/articles/{slug} 2 200 401 404 422',
  'get /api/articles/{slug}/comments 2 200 401 404 422',
  'get /api/info 0 200',
  'get /api/profiles/{username} 2 200 401 404 422',
  'get /api/tags 0 200 422',
  'get /api/user 1 200 401 422',
  'post /api/articles 1 201 401 422',
  'post /api/articles/{slug}/comments 1 201 401 404 422',
  'post /api/articles/{slug}/favorite 1 200 401 404 422',
  'post /api/profiles/{username}/follow 1 200 401 404 422',
  'post /api/users 0 201 409 422',
  'post /api/users/login 0 200 401 422',
  'put /api/articles/{slug} 1 200 401 403 404 422',
  'put /api/user 1 200 401 409 422',
];

describe('readiness 4, 17: without a database', () => {
  test.each([
    ['GET', '/api/articles'],
    ['GET', '/api/articles/a'],
    ['GET', '/api/articles/feed'],
    ['GET', '/api/articles/a/comments'],
    ['POST', '/api/articles/a/favorite'],
    ['DELETE', '/api/articles/a'],
    ['DELETE', '/api/articles/a/comments/1'],
    ['GET', '/api/profiles/a'],
    ['GET', '/api/user'],
    ['GET', '/api/tags'],
  ])('%s %s answers 503 with Retry-After', async (method, path) => {
    const { request } = await start();
    const response = await request(path, { method, headers: authorization });
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
    expect((await request('/api/articles/seven')).status).toBe(500);
    expect((await request('/api/info')).status).toBe(500);
    expect((await request('/livez')).status).toBe(200);
    expect(await readMetrics()).toContain(
      'http_requests_total{method="GET",route="/api/articles/:slug",status="500"} 1',
    );
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
      'http_requests_total{method="GET",route="/api/articles/:slug",status="503"} 2',
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
  expect(() => parseServerConfig({ ...ENVIRONMENT, JWT_SECRET: 'short' })).toThrow(
    'JWT_SECRET: must have at least 32 characters, not (hidden)',
  );
  expect(() => parseServerConfig({ ...ENVIRONMENT, FAULTS: 'fire=1' })).toThrow(
    'FAULTS: unknown fault "fire", the valid ones are error-rate, latency-ms, latency-p99-ms, readiness',
  );
});
