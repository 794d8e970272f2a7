import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { SeriesStore } from '#lib/promql/index.ts';
import type { RealMetrics } from './metrics-port.ts';
import { servePrometheus } from './prometheus-api.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function openApi(metrics: Partial<RealMetrics>) {
  const server = createServer((request, response) => {
    servePrometheus(metrics as RealMetrics, () => 0, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus/api/v1`;
}

it('answers 500 to a fault of the evaluator, instead of leaving it to nobody', async () => {
  const store = new Proxy(new SeriesStore(), {
    get: () => () => {
      throw new Error('broken store');
    },
  });
  const base = await openApi({ store });
  const answer = await fetch(`${base}/labels`);
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({ status: 'error', errorType: 'internal', error: 'broken store' });
});

it('reads a query whose characters are split between two chunks', async () => {
  const base = await openApi({ store: new SeriesStore() });
  const body = Buffer.from('query="ü"');
  const request = httpRequest(`${base}/query`, { method: 'POST' });
  const answered = once(request, 'response');
  request.write(body.subarray(0, 8), () => setImmediate(() => request.end(body.subarray(8))));
  const [response] = (await answered) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of response) text += chunk.toString();
  expect(JSON.parse(text)).toMatchObject({ data: { resultType: 'string', result: [0, 'ü'] } });
});
