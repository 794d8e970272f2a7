import { Agent, createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Backend, Route } from '#machine/traffic.ts';
import { IngressMetrics } from './ingress-metrics.ts';
import { IngressProxy } from './ingress-proxy.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A back end that answers with its name, the path it saw and the headers it saw. */
async function backend(service: string, onRequest: (target: string) => void = () => {}): Promise<Backend> {
  const server: Server = createServer((incoming, response) => {
    onRequest(`${incoming.method} ${incoming.url}`);
    response.setHeader('x-internal', 'secret');
    response.end(JSON.stringify({ service, url: incoming.url, headers: incoming.headers }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { namespace: 'shop', service, port: '80', endpoints: [{ ip: '127.0.0.1', port, pod: `shop/${service}` }] };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

async function openProxy(routes: readonly Route[]) {
  const entropy = seededEntropy(7);
  const proxy = new IngressProxy({ entropy, ids: entropyIds(entropy), metrics: new IngressMetrics() });
  proxy.setTable({ routes });
  const port = await proxy.listen(0);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  cleanups.push(
    () => proxy.close(),
    () => agent.destroy(),
  );
  const ask = (path: string, headers: Record<string, string> = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path, agent, headers: { host: 'web.localhost', ...headers } },
        (response) => {
          let text = '';
          response.on('data', (part: Buffer) => {
            text += part.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end();
    });
  return { proxy, ask };
}

function route(split: [Backend, number][], more: Partial<Route> = {}): Route {
  return {
    host: '*',
    path: '/',
    pathType: 'Prefix',
    namespace: 'shop',
    ingress: 'web',
    backend: split[0]?.[0] ?? { namespace: 'shop', service: '', port: '', endpoints: [] },
    split: split.map(([of, weight]) => ({ backend: of, weight })),
    ...more,
  };
}

const serviceOf = ({ text }: Answer) => (JSON.parse(text) as { service: string }).service;

describe('HTTPRoutes on the wire', () => {
  it('splits by weight, request by request', async () => {
    const [stable, canary] = [await backend('stable'), await backend('canary')];
    const { ask } = await openProxy([
      route([
        [stable, 80],
        [canary, 20],
      ]),
    ]);
    const services = await Promise.all(Array.from({ length: 100 }, () => ask('/').then(serviceOf)));
    const share = services.filter((service) => service === 'canary').length;
    expect(share).toBeGreaterThanOrEqual(19);
    expect(share).toBeLessThanOrEqual(21);
  });

  it('loses no request while weights flip under keep-alive load, and a new weight holds for the next request', async () => {
    const [stable, canary] = [await backend('stable'), await backend('canary')];
    const { proxy, ask } = await openProxy([
      route([
        [stable, 100],
        [canary, 0],
      ]),
    ]);
    let flips = 0;
    const user = async () => {
      for (let round = 0; round < 50; round++) {
        const weight = (flips++ * 37) % 101;
        proxy.setTable({
          routes: [
            route([
              [stable, 100 - weight],
              [canary, weight],
            ]),
          ],
        });
        expect((await ask(`/${round}`)).status).toBe(200);
      }
    };
    await Promise.all([user(), user(), user(), user()]);
    proxy.setTable({
      routes: [
        route([
          [stable, 0],
          [canary, 100],
        ]),
      ],
    });
    expect(serviceOf(await ask('/'))).toBe('canary');
    proxy.setTable({
      routes: [
        route([
          [stable, 100],
          [canary, 0],
        ]),
      ],
    });
    expect(serviceOf(await ask('/'))).toBe('stable');
  });

  it('changes headers, path and host on the way, and headers on the way back', async () => {
    const { ask } = await openProxy([
      route([[await backend('stable'), 1]], {
        path: '/api',
        actions: {
          requestHeaders: { set: { 'x-via': 'gateway' }, add: { 'x-tag': 'b' }, remove: ['x-debug'] },
          responseHeaders: { set: { 'x-served': 'yes' }, add: {}, remove: ['x-internal'] },
          rewrite: { hostname: 'inner.example', path: { kind: 'prefix', path: '/' } },
        },
      }),
    ]);
    const answer = await ask('/api/items?x=1', { 'x-tag': 'a', 'x-debug': '1' });
    const { url, headers } = JSON.parse(answer.text) as { url: string; headers: Record<string, string> };
    expect(url).toBe('/items?x=1');
    expect(headers).toMatchObject({ 'x-via': 'gateway', 'x-tag': 'a, b', host: 'inner.example' });
    expect(headers['x-debug']).toBeUndefined();
    expect([answer.headers['x-served'], answer.headers['x-internal']]).toEqual(['yes', undefined]);
  });

  it('redirects, mirrors, and says when nobody can be asked', async () => {
    const seen: string[] = [];
    const { promise: bothSeen, resolve } = Promise.withResolvers<void>();
    const [stable, copy] = [
      await backend('stable'),
      await backend('copy', (target) => seen.push(target) === 2 && resolve()),
    ];
    const { ask } = await openProxy([
      route([[stable, 1]], { path: '/mirrored', actions: { mirrors: [{ backend: copy, share: 1 }] } }),
      route([], { path: '/moved', actions: { redirect: { status: 301, scheme: 'https', hostname: 'x.example' } } }),
      route([[stable, 0]], { path: '/nobody' }),
      route([[{ ...stable, endpoints: [] }, 1]], { path: '/empty' }),
    ]);
    const moved = await ask('/moved?a=1');
    expect([moved.status, moved.headers.location]).toEqual([301, 'https://x.example/moved?a=1']);
    expect((await ask('/nobody')).status).toBe(500);
    expect((await ask('/empty')).status).toBe(503);
    expect(serviceOf(await ask('/mirrored/1'))).toBe('stable');
    expect(serviceOf(await ask('/mirrored/2'))).toBe('stable');
    await bothSeen;
    expect(seen.sort()).toEqual(['GET /mirrored/1', 'GET /mirrored/2']);
  });
});
