import { expect, it } from 'vitest';
import { evaluateInstant, formatData, SeriesStore } from '#lib/promql/index.ts';
import { VirtualTime } from '../../sim/virtual-time.ts';
import { startSelfScrape } from './self-scrape.ts';

it('says down for an exporter that throws, and goes on with the others', () => {
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const store = new SeriesStore();
  const broken = () => {
    throw new Error('no usage');
  };
  const stop = startSelfScrape(store, time, [
    { job: 'broken', instance: 'engine', honorLabels: true, exposition: broken },
    { job: 'whole', instance: 'engine', honorLabels: true, exposition: () => 'a 1\n' },
  ]);
  time.runUntil(() => false, { untilMs: time.now() + 11_000, stepsMax: 10 });
  stop();
  const value = (query: string) => formatData(evaluateInstant(query, store, time.now())).result;
  expect(value('up{job="broken"}')).toMatchObject([{ value: [expect.anything(), '0'] }]);
  expect(value('count_over_time(a{job="whole"}[1m])')).toMatchObject([{ value: [expect.anything(), '2'] }]);
});
