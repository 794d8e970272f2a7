import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Labels } from '#lib/promql/index.ts';
import { VirtualTime } from '../../sim/virtual-time.ts';
import { openMetrics } from './metrics-port.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

it('goes on when the snapshot cannot be written, and says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pern-metrics-'));
  folders.push(folder);
  const time = new VirtualTime(0);
  const problems: string[] = [];
  const metrics = openMetrics({
    scheduler: time,
    snapshotFile: join(folder, 'gone', 'metrics.snapshot'),
    onProblem: (message) => problems.push(message),
  });
  metrics.store.append(Labels.fromObject({ __name__: 'x' }), 1, 1);
  time.runUntil(() => false, { untilMs: 130_000, stepsMax: 10 });
  metrics.close();
  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain('ENOENT');
});

it('answers a query that the evaluator breaks on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pern-metrics-'));
  folders.push(folder);
  const metrics = openMetrics({ scheduler: new VirtualTime(0), snapshotFile: join(folder, 'metrics.snapshot') });
  metrics.store.select = () => {
    throw new Error('broken store');
  };
  const answer = await new Promise((resolve) => {
    metrics.answer({ ask: 'query', request: { query: 'up' } } as never, resolve);
  });
  metrics.close();
  expect(answer).toEqual({ ok: false, failure: { code: 'internal', message: 'Error: broken store' } });
});
