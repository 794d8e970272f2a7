import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Labels, SeriesStore } from '#lib/promql/index.ts';
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

describe('the Prometheus HTTP API', () => {
  async function filledApi() {
    const store = new SeriesStore();
    for (let t = 0; t <= 600; t += 15) {
      for (const pod of ['a', 'b']) store.append(Labels.fromObject({ __name__: 'x_total', pod }), t * 1000, t);
    }
    store.append(Labels.fromObject({ __name__: 'old', zone: 'z' }), 1000, 1);
    const base = await openApi({
      store,
      metadata: () => new Map([['x_total', { type: 'counter', help: 'Things.' }]]),
      scraper: { targets: () => [] } as never,
    });
    return async (path: string, init?: RequestInit) => {
      const response = await fetch(`${base}/${path}`, init);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
  }
  const form = (fields: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(fields) });

  it('answers queries by GET and by form, with limit', async () => {
    const ask = await filledApi();
    const vector = [
      { metric: { __name__: 'x_total', pod: 'a' }, value: [600, '600'] },
      { metric: { __name__: 'x_total', pod: 'b' }, value: [600, '600'] },
    ];
    expect((await ask('query?query=x_total&time=600')).body).toEqual({
      status: 'success',
      data: { resultType: 'vector', result: vector },
    });
    expect((await ask('query', form({ query: 'x_total', time: '1970-01-01T00:10:00Z', limit: '1' }))).body).toEqual({
      status: 'success',
      data: { resultType: 'vector', result: vector.slice(0, 1) },
      warnings: ['results truncated due to limit'],
    });
    const range = await ask('query_range', form({ query: 'x_total{pod="a"}', start: '0', end: '30', step: '15s' }));
    expect(range.body.data).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'x_total', pod: 'a' },
          values: [
            [0, '0'],
            [15, '15'],
            [30, '30'],
          ],
        },
      ],
    });
  });

  it('lists series, labels and values, within the time asked for', async () => {
    const ask = await filledApi();
    expect((await ask('series?match[]=x_total{pod="a"}&match[]=old')).body.data).toEqual([
      { __name__: 'x_total', pod: 'a' },
      { __name__: 'old', zone: 'z' },
    ]);
    expect((await ask('series', form({ 'match[]': 'old', start: '500' }))).body.data).toEqual([]);
    expect((await ask('labels')).body.data).toEqual(['__name__', 'pod', 'zone']);
    expect((await ask('labels?start=500&end=600')).body.data).toEqual(['__name__', 'pod']);
    expect((await ask('label/__name__/values')).body.data).toEqual(['old', 'x_total']);
    expect((await ask('label/pod/values?match[]=x_total&limit=1')).body).toMatchObject({
      data: ['a'],
      warnings: [expect.any(String)],
    });
  });

  it('tells what Grafana asks before it queries', async () => {
    const ask = await filledApi();
    expect((await ask('metadata')).body.data).toEqual({ x_total: [{ type: 'counter', help: 'Things.', unit: '' }] });
    expect((await ask('status/buildinfo')).body.data).toMatchObject({ version: '3.5.0' });
    expect((await ask('rules')).body.data).toEqual({ groups: [] });
    expect((await ask('targets?state=active')).body.data).toMatchObject({ activeTargets: [], droppedTargets: [] });
  });

  it.each([
    ['query?query=', 400, 'invalid parameter "query": 1:1: parse error: no expression found in input'],
    ['query?query=x&time=soon', 400, 'invalid parameter "time": cannot parse "soon" to a valid timestamp'],
    ['query_range?query=x&end=1&step=1', 400, 'invalid parameter "start": cannot parse "" to a valid timestamp'],
    [
      'query_range?query=x&start=2&end=1&step=1',
      400,
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    ['query_range?query=x&start=0&end=1&step=x', 400, 'invalid parameter "step": cannot parse "x" to a valid duration'],
    [
      'query_range?query=x&start=0&end=1&step=0',
      400,
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    ['series', 400, 'no match[] parameter provided'],
    [
      'series?match[]=rate(x[5m])',
      400,
      'invalid parameter "match[]": 1:1: parse error: a plain series selector was expected',
    ],
    ['labels?limit=-1', 400, 'invalid parameter "limit": limit must be non-negative'],
    [
      'query?query=x_total%2Bon()x_total&time=600',
      422,
      expect.stringContaining('found duplicate series for the match group {}'),
    ],
  ])('refuses %s', async (path, status, error) => {
    const ask = await filledApi();
    expect(await ask(path)).toMatchObject({ status, body: { status: 'error', error } });
  });
});
