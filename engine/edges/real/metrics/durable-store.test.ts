import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { evaluateInstant, formatData, ingestScrape, Labels, ScrapeState, type SeriesStore } from '#lib/promql/index.ts';
import { VirtualTime } from '../../sim/virtual-time.ts';
import { openDurableStore } from './durable-store.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pern-samples-'));
  folders.push(folder);
  return folder;
}

const labels = (name: string) => Labels.fromObject({ __name__: name, pod: 'ü' });
const pass = (time: VirtualTime, ms: number) =>
  time.runUntil(() => false, { untilMs: time.now() + ms, stepsMax: 1000 });

/** What a restart finds when the process is killed now. */
function afterKill(folder: string, time: VirtualTime): SeriesStore {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return openDurableStore({ file: join(copy, 'samples'), limits: {}, scheduler: time }).store;
}

const query = (store: SeriesStore, text: string, atMs: number) => formatData(evaluateInstant(text, store, atMs)).result;

it('loses at most the last second to a kill', () => {
  const folder = newFolder();
  const time = new VirtualTime(0);
  const { store } = openDurableStore({ file: join(folder, 'samples'), limits: {}, scheduler: time });
  for (let second = 1; second <= 20; second++) {
    store.append(labels('x'), second * 1000, second);
    pass(time, 1000);
  }
  store.append(labels('x'), 21_000, 21);
  expect(query(afterKill(folder, time), 'count_over_time(x[1h])', 21_000)).toMatchObject([{ value: [21, '20'] }]);
  pass(time, 1000);
  expect(query(afterKill(folder, time), 'count_over_time(x[1h])', 21_000)).toMatchObject([{ value: [21, '21'] }]);
});

it('keeps staleness, and a series goes on after the restart', () => {
  const folder = newFolder();
  const time = new VirtualTime(0);
  const { store } = openDurableStore({ file: join(folder, 'samples'), limits: {}, scheduler: time });
  const target = { targetLabels: { job: 'web' }, durationSeconds: 0 };
  const sample = { seriesText: 'x', name: 'x', labels: [], value: 1 };
  const state = new ScrapeState();
  ingestScrape(store, { ...target, samples: [sample], tMs: 1000 }, state);
  ingestScrape(store, { ...target, samples: undefined, tMs: 2000 }, state);
  pass(time, 3000);
  const restarted = afterKill(folder, time);
  expect(query(restarted, 'x', 2000)).toEqual([]);
  expect(query(restarted, 'up', 2000)).toMatchObject([{ value: [2, '0'] }]);
  // A new process knows nothing of earlier scrapes: no marker is made up, the series is simply continued.
  ingestScrape(restarted, { ...target, samples: [{ ...sample, value: 5 }], tMs: 4000 }, new ScrapeState());
  expect(query(restarted, 'x', 4000)).toMatchObject([{ value: [4, '5'] }]);
  expect(query(restarted, 'count_over_time(x[10s])', 4000)).toMatchObject([{ value: [4, '2'] }]);
});

it('reads a log that ends in the middle of a write up to there, and a damaged one up to the damage', () => {
  const folder = newFolder();
  const time = new VirtualTime(0);
  const { store } = openDurableStore({ file: join(folder, 'samples'), limits: {}, scheduler: time });
  const logFile = join(folder, 'samples.log');
  const sizes: number[] = [];
  for (let second = 1; second <= 3; second++) {
    store.append(labels('x'), second * 1000, second);
    pass(time, 2000);
    sizes.push(readFileSync(logFile).length);
  }
  truncateSync(logFile, (sizes[2] ?? 0) - 1);
  expect(query(afterKill(folder, time), 'count_over_time(x[1h])', 3000)).toMatchObject([{ value: [3, '2'] }]);
  const bytes = readFileSync(logFile);
  bytes[(sizes[0] ?? 0) + 12] = 99;
  writeFileSync(logFile, bytes);
  expect(query(afterKill(folder, time), 'count_over_time(x[1h])', 3000)).toMatchObject([{ value: [3, '1'] }]);
});

it('folds a long log into the snapshot', () => {
  const folder = newFolder();
  const time = new VirtualTime(0);
  const { store, close } = openDurableStore({ file: join(folder, 'samples'), limits: {}, scheduler: time });
  for (let round = 1; round <= 30; round++) {
    for (let i = 0; i < 10_000; i++) store.append(labels(`x${i % 100}`), round * 1e6 + i, i);
    pass(time, 2000);
  }
  expect(readFileSync(join(folder, 'samples.log')).length).toBeLessThan(6e6);
  const { samples } = store.stats;
  expect(afterKill(folder, time).stats.samples).toBe(samples);
  close();
  expect(afterKill(folder, time).stats.samples).toBe(samples);
});
