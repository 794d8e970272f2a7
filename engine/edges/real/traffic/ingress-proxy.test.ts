import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Backend, Route } from '#machine/traffic.ts';
import { IngressMetrics } from './ingress-metrics.ts';
import { IngressProxy } from './ingress-proxy.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Asking {
  method?: string;
  body?: string;
  host?: string;
}

type Handler = Parameters<typeof createServer>[1];

async function upstream(handler: Handler): Promise<{ port: number; server: Server }> {
  const server = createServer(handler as never);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () => server.closeAllConnections(),
    () => new Promise((resolve) => server.close(resolve)),
  );
  return { port: (server.address() as AddressInfo).port, server };
}

function answering(text: string): Handler {
  return async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.setHeader(
      'x-seen',
      `${request.method} ${request.headers['x-forwarded-host']} ${Buffer.concat(chunks).length}`,
    );
    response.end(text);
  };
}

function backend(service: string, ...ports: number[]): Backend {
  return {
    namespace: 'shop',
    service,
    port: '80',
    endpoints: ports.map((port) => ({ ip: '127.0.0.1', port, pod: `shop/${service}` })),
  };
}

function route(main: Backend, canary?: { backend: Backend; weight: number }): Route {
  return {
    host: 'shop.localhost',
    path: '/',
    pathType: 'Prefix',
    namespace: 'shop',
    ingress: 'shop',
    backend: main,
    ...(canary === undefined ? {} : { canary: { ingress: 'shop-canary', weightTotal: 100, ...canary } }),
  };
}

async function openProxy() {
  const metrics = new IngressMetrics();
  const entropy = seededEntropy(7);
  const proxy = new IngressProxy({ entropy, ids: entropyIds(entropy), metrics });
  const port = await proxy.listen(0);
  cleanups.push(() => proxy.close());
  // Not every resolver knows *.localhost, so the host goes into the header only.
  const ask = async (path = '/', { method = 'GET', body, host = 'shop.localhost' }: Asking = {}) => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, { method, body, headers: { host } });
    return { status: answer.statusCode, headers: answer.headers, text: () => answer.body.text() };
  };
  return { proxy, metrics, ask };
}

it('splits by request as the weight says, and a new table holds for the next request', async () => {
  const stable = await upstream(answering('stable'));
  const canary = await upstream(answering('canary'));
  const { proxy, ask } = await openProxy();
  const share = async (weight: number) => {
    proxy.setTable({
      routes: [route(backend('stable', stable.port), { backend: backend('canary', canary.port), weight })],
    });
    const answers = await Promise.all(Array.from({ length: 2000 }, () => ask().then((answer) => answer.text())));
    return (answers.filter((text) => text === 'canary').length / answers.length) * 100;
  };
  expect(await share(0)).toBe(0);
  expect(Math.abs((await share(25)) - 25)).toBeLessThan(3);
  expect(await share(100)).toBe(100);
});

it('passes bodies and forwarded headers on, and refuses bodies over the limit with 413', async () => {
  const { port } = await upstream(answering('ok'));
  const { proxy, ask } = await openProxy();
  proxy.setTable({ routes: [route(backend('stable', port))] });
  const answer = await ask('/x', { method: 'POST', body: 'a'.repeat(70_000) });
  expect(answer.headers['x-seen']).toBe('POST shop.localhost 70000');
  expect((await ask('/x', { method: 'POST', body: 'a'.repeat(1_100_000) })).status).toBe(413);
});

it('tries another endpoint when one refuses, for any method', async () => {
  const gone = await upstream(answering('gone'));
  await new Promise((resolve) => gone.server.close(resolve));
  const alive = await upstream(answering('alive'));
  const { proxy, ask } = await openProxy();
  proxy.setTable({ routes: [route(backend('stable', gone.port, alive.port))] });
  for (let index = 0; index < 10; index++) {
    const answer = await ask('/', { method: 'POST', body: 'x' });
    expect(await answer.text()).toBe('alive');
  }
});

it('does not repeat a POST that may have been processed, and repeats a GET', async () => {
  const seen: string[] = [];
  const dropping = await upstream((request) => {
    seen.push(request.method ?? '');
    request.socket.destroy();
  });
  const { proxy, ask } = await openProxy();
  proxy.setTable({ routes: [route(backend('stable', dropping.port))] });
  expect((await ask('/', { method: 'POST', body: 'x' })).status).toBe(502);
  expect((await ask('/')).status).toBe(502);
  expect(seen).toEqual(['POST', 'GET', 'GET', 'GET']);
});

it('answers 404 without a route, 503 without endpoints, and counts under the names of ingress-nginx', async () => {
  const { port } = await upstream(answering('ok'));
  const { proxy, metrics, ask } = await openProxy();
  proxy.setTable({ routes: [route(backend('stable', port), { backend: backend('canary'), weight: 0 })] });
  expect((await ask('/', { host: 'other.localhost' })).status).toBe(404);
  expect((await ask('/')).status).toBe(200);
  proxy.setTable({ routes: [route(backend('stable'))] });
  expect((await ask('/')).status).toBe(503);
  const text = metrics.exposition();
  const labels =
    'namespace="shop",ingress="shop",service="stable",canary="",host="shop.localhost",path="/",method="GET"';
  expect(text).toContain(`nginx_ingress_controller_requests{${labels},status="200"} 1`);
  expect(text).toContain(`nginx_ingress_controller_requests{${labels},status="503"} 1`);
  expect(text).toContain(
    `nginx_ingress_controller_request_duration_seconds_bucket{${labels},status="200",le="+Inf"} 1`,
  );
});

it('lets requests finish on an endpoint that has left the table', async () => {
  let release: () => void = () => {};
  const slow = await upstream(async (_request, response) => {
    response.write('begun ');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    response.end('and finished');
  });
  const { proxy, ask } = await openProxy();
  proxy.setTable({ routes: [route(backend('stable', slow.port))] });
  const answer = await ask('/');
  proxy.setTable({ routes: [route(backend('stable'))] });
  release();
  expect(await answer.text()).toBe('begun and finished');
});
