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

const serve = (extra: Record<string, string>) => {
  const config = parseFrontendConfig({ VERSION: '2.0.0', ENVIRONMENT: 'staging', LOG_LEVEL: 'silent', ...extra });
  return listen(createFrontend(config, readStaticFiles(folder), () => 0.5).listener, 0, '127.0.0.1');
};

const request = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

describe('readiness 27: caching', () => {
  test.each([
    ['/', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/articles/7', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/index.html', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/icon.svg', 200, 'no-cache', 'image/svg+xml'],
    ['/assets/index-B3x1.js', 200, 'public, max-age=31536000, immutable', 'text/javascript; charset=utf-8'],
    ['/assets/index-gone.js', 404, 'no-store', 'application/json'],
    ['/assets/page', 404, 'no-store', 'application/json'],
    ['/missing.png', 404, 'no-store', 'application/json'],
    ['/api/articles', 404, 'no-store', 'application/json'],
    ['/config.json', 200, 'no-store', 'application/json'],
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

test('query-delay-ms is refused: there is no database here', () => {
  expect(() => parseFrontendConfig({ FAULTS: 'query-delay-ms=5' })).toThrow(
    'the valid ones are error-rate, latency-ms, readiness',
  );
});
