import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DrainableServer, listen } from '../operations/shutdown.ts';
import { createFrontend } from './app.ts';
import { parseFrontendConfig } from './config.ts';
import { readStaticFiles } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'pern-app-frontend-'));
const SCRIPT = `console.log(${JSON.stringify('x'.repeat(2000))})`;
let server: DrainableServer;
let faulty: DrainableServer;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'icon.svg'), '<svg/>');
  writeFileSync(join(folder, 'assets/index-B3x1.js'), SCRIPT);
  server = await serve({});
  faulty = await serve({ FAULTS: 'error-rate=1,readiness=fail' });
});

afterAll(async () => {
  await Promise.all([server.close(), faulty.close()]);
  rmSync(folder, { recursive: true });
});

const serve = (extra: Record<string, string>, build = folder) => {
  const config = parseFrontendConfig({
    VERSION: '2.0.0',
    ENVIRONMENT: 'staging',
    LOG_LEVEL: 'silent',
    ASSET_PEERS: 'none',
    ...extra,
  });
  return listen(createFrontend(config, readStaticFiles(build), () => 0.5).listener, 0, '127.0.0.1');
};

const request = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

describe('readiness 27: caching', () => {
  test.each([
    ['/', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/article/how-to-node.js', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/profile/ann.b/favorites', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/tag/node.js', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/index.html', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/icon.svg', 200, 'no-cache', 'image/svg+xml'],
    ['/assets/index-B3x1.js', 200, 'public, max-age=31536000, immutable', 'text/javascript; charset=utf-8'],
    ['/assets/index-gone.js', 404, 'no-store', 'application/json'],
    ['/assets/page', 404, 'no-store', 'application/json'],
    ['/missing.png', 404, 'no-store', 'application/json'],
    ['/api/articles', 404, 'no-store', 'application/json'],
    ['/config.json', 200, 'no-store', 'application/json'],
    ['/assets-index.json', 200, 'no-store', 'application/json'],
    ['/%ff', 400, 'no-store', 'application/json'],
  ])('GET %s', async (path, status, cacheControl, type) => {
    const response = await request(path);
    const { headers } = response;
    await response.arrayBuffer();
    expect([response.status, headers.get('cache-control'), headers.get('content-type')]).toEqual([
      status,
      cacheControl,
      type,
    ]);
  });

  test('a known etag answers 304 without a body', async () => {
    const etag = (await request('/')).headers.get('etag') ?? '';
    const again = await request('/', { headers: { 'If-None-Match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('scripts are compressed for those who ask', async () => {
    const response = await request('/assets/index-B3x1.js', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toBe(SCRIPT);
    const plain = await request('/assets/index-B3x1.js', { headers: { 'Accept-Encoding': 'gzip;q=0' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(SCRIPT);
  });
});

test('readiness 29: strict security headers, on errors too', async () => {
  for (const path of ['/', '/missing.png']) {
    const { headers } = await request(path);
    expect(headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('content-security-policy')).toContain(
      "require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-app-version')).toBe('2.0.0');
  }
});

test('readiness 30: /config.json tells the environment of the process', async () => {
  expect(await (await request('/config.json')).json()).toEqual({ version: '2.0.0', environment: 'staging' });
});

test('only GET and HEAD are allowed', async () => {
  expect((await request('/', { method: 'POST', body: 'x' })).status).toBe(405);
  const head = await request('/', { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '34', '']);
});

test('nothing outside the build can be read', async () => {
  // `fetch` would normalise these paths away before sending them.
  const status = (path: string) =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ port: server.port, host: '127.0.0.1', path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once('error', reject).end();
    });
  for (const path of [
    '/../package.json',
    '/%2e%2e/package.json',
    '/assets/..%2f..%2fetc/passwd',
    '//etc/passwd.txt',
    '/a%00.js',
  ]) {
    expect(await status(path), path).toBeOneOf([400, 404]);
  }
});

test('faults spare the probes, except the readiness fault', async () => {
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${faulty.port}${path}`)).status;
  expect(await status('/')).toBe(500);
  expect(await status('/livez')).toBe(200);
  expect(await status('/readyz')).toBe(503);
});

test('the fault broken-asset takes one asset out of the release, and out of its index', async () => {
  const broken = await serve({ FAULTS: 'broken-asset=index' });
  const ask = async (path: string) => await fetch(`http://127.0.0.1:${broken.port}${path}`);
  const gone = await ask('/assets/index-B3x1.js');
  expect([gone.status, gone.headers.get('cache-control')]).toEqual([404, 'no-store']);
  expect(await (await ask('/assets-index.json')).json()).toEqual({ version: '2.0.0', assets: [] });
  expect((await ask('/')).status).toBe(200);
  await broken.close();
});

describe('readiness 28: two releases side by side', () => {
  const other = mkdtempSync(join(tmpdir(), 'pern-app-frontend-'));
  let canary: DrainableServer;
  let lone: DrainableServer;

  beforeAll(async () => {
    mkdirSync(join(other, 'assets'));
    writeFileSync(join(other, 'index.html'), '<!doctype html><title>canary</title>');
    writeFileSync(join(other, 'assets/index-C4y2.js'), 'console.log(2)');
    const origin = `http://127.0.0.1:${server.port}`;
    canary = await serve({ ASSET_PEERS: origin }, other);
    lone = await serve({}, other);
  });

  afterAll(async () => {
    await Promise.all([canary.close(), lone.close()]);
    rmSync(other, { recursive: true });
  });

  const ask = (port: number, init?: RequestInit) => fetch(`http://127.0.0.1:${port}/assets/index-B3x1.js`, init);

  test('a pod answers for an asset of the other release, as if it were its own', async () => {
    const response = await ask(canary.port);
    expect([response.status, response.headers.get('cache-control'), await response.text()]).toEqual([
      200,
      'public, max-age=31536000, immutable',
      SCRIPT,
    ]);
  });

  test('without peers the same request is a 404: the exchange is what makes the difference', async () => {
    expect((await ask(lone.port)).status).toBe(404);
  });

  test('the question of a peer is never passed on', async () => {
    const fresh = await serve({ ASSET_PEERS: `http://127.0.0.1:${server.port}` }, other);
    expect((await ask(fresh.port, { headers: { 'X-Asset-Peer': '1' } })).status).toBe(404);
    await fresh.close();
  });
});

test.each([
  [
    'FAULTS',
    'query-delay-ms=5',
    'the valid ones are error-rate, latency-ms, latency-p99-ms, readiness, memory-leak-kb, broken-asset',
  ],
  ['FAULTS', 'broken-asset=../x', 'must be how a file name begins'],
  ['ASSET_PEERS', 'frontend-canary', 'must be origins such as http://frontend-canary'],
  ['ASSET_PEERS', 'http://a,http://b/path', 'must be origins such as http://frontend-canary'],
  ['IMAGE_SOURCES', "https:; script-src 'unsafe-inline'", 'must be sources such as https:'],
])('%s=%s is refused', (name, value, message) => {
  expect(() => parseFrontendConfig({ [name]: value })).toThrow(message);
});

test('settings are read', () => {
  const config = parseFrontendConfig({
    ASSET_PEERS: 'http://frontend-stable, http://frontend-canary:8080',
    IMAGE_SOURCES: 'none',
  });
  expect(config.ASSET_PEERS).toEqual(['http://frontend-stable', 'http://frontend-canary:8080']);
  expect(config.IMAGE_SOURCES).toBe('');
  expect(parseFrontendConfig({ ASSET_PEERS: 'none' }).ASSET_PEERS).toEqual([]);
  expect(parseFrontendConfig({})).toMatchObject({ IMAGE_SOURCES: 'https:' });
});
