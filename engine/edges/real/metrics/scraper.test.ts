import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { evaluateInstant, formatData, SeriesStore } from '#lib/promql/index.ts';
import type { ScrapeTarget } from '#machine/metrics.ts';
import { VirtualTime } from '../../sim/virtual-time.ts';
import { Scraper } from './scraper.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A target that answers with `body()`; `served` resolves when a scrape has been answered and read. */
async function openTarget(body: () => { status: number; text: string }) {
  const server = createServer((_request, response) => {
    const { status, text } = body();
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
  );
  return (server.address() as AddressInfo).port;
}

function target(port: number): ScrapeTarget {
  return {
    id: 'shop/web/0/pod-1',
    url: `http://127.0.0.1:${port}/metrics`,
    intervalMs: 2000,
    timeoutMs: 1000,
    honorLabels: false,
    labels: { job: 'web', instance: `127.0.0.1:${port}`, namespace: 'shop', pod: 'pod-1' },
  };
}

/** Moves virtual time to the next scrape and waits until its answer is in the store. */
async function scrapeOnce(time: VirtualTime, scraper: Scraper): Promise<void> {
  const before = scraper.targets()[0]?.lastScrapeMs;
  time.runUntil(() => false, { untilMs: time.now() + 2000, stepsMax: 100 });
  while (scraper.targets()[0]?.lastScrapeMs === before) await new Promise(setImmediate);
}

const ask = (store: SeriesStore, query: string, time: VirtualTime) =>
  formatData(evaluateInstant(query, store, time.now())).result;

it('scrapes at the interval, adds the labels of the target, and says up', async () => {
  const counts = [10, 20];
  const port = await openTarget(() => ({ status: 200, text: `requests_total{path="/"} ${counts.shift()}\n` }));
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const store = new SeriesStore();
  const scraper = new Scraper(store, time);
  cleanups.push(() => scraper.close());
  scraper.setTable({ targets: [target(port)] });
  await scrapeOnce(time, scraper);
  await scrapeOnce(time, scraper);
  expect(ask(store, 'requests_total{pod="pod-1",namespace="shop",path="/"}', time)).toMatchObject([
    { value: [expect.anything(), '20'] },
  ]);
  expect(ask(store, 'up{job="web"}', time)).toMatchObject([{ value: [expect.anything(), '1'] }]);
});

it('says down, with the reason, when the target refuses or answers nonsense, and ends its series', async () => {
  const answers = [
    { status: 200, text: 'a 1\n' },
    { status: 500, text: '' },
    { status: 200, text: '<html>\n' },
  ];
  const port = await openTarget(() => answers.shift() ?? { status: 404, text: '' });
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const store = new SeriesStore();
  const scraper = new Scraper(store, time);
  cleanups.push(() => scraper.close());
  scraper.setTable({ targets: [target(port)] });
  await scrapeOnce(time, scraper);
  expect(ask(store, 'a', time)).toHaveLength(1);
  await scrapeOnce(time, scraper);
  expect(scraper.targets()[0]).toMatchObject({ health: 'down', lastError: 'server returned HTTP status 500' });
  expect(ask(store, 'a', time)).toEqual([]);
  expect(ask(store, 'up', time)).toMatchObject([{ value: [expect.anything(), '0'] }]);
  await scrapeOnce(time, scraper);
  expect(scraper.targets()[0]?.lastError).toContain('line 1');
});

it('marks the series of a target that left the table as stale', async () => {
  const port = await openTarget(() => ({ status: 200, text: 'a 1\n' }));
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const store = new SeriesStore();
  const scraper = new Scraper(store, time);
  scraper.setTable({ targets: [target(port)] });
  await scrapeOnce(time, scraper);
  time.runUntil(() => false, { untilMs: time.now() + 1, stepsMax: 10 });
  scraper.setTable({ targets: [] });
  expect(ask(store, 'a', time)).toEqual([]);
  expect(scraper.targets()).toEqual([]);
});

it('goes on with a target whose scrape the store could not take', async () => {
  const port = await openTarget(() => ({ status: 200, text: 'a 1\n' }));
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const store = new SeriesStore();
  const { resolve } = store;
  store.resolve = () => {
    throw new Error('broken store');
  };
  const scraper = new Scraper(store, time);
  cleanups.push(() => scraper.close());
  scraper.setTable({ targets: [target(port)] });
  time.runUntil(() => false, { untilMs: time.now() + 2000, stepsMax: 100 });
  while (scraper.targets()[0]?.lastError === '') await new Promise(setImmediate);
  expect(scraper.targets()[0]).toMatchObject({ health: 'down', lastError: 'Error: broken store' });
  store.resolve = resolve;
  await scrapeOnce(time, scraper);
  expect(ask(store, 'a', time)).toHaveLength(1);
});
