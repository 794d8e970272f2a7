import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateInstant } from './evaluate.ts';
import { Labels } from './labels.ts';
import { compileMatcher, nameMatcher } from './matcher.ts';
import { SeriesStore } from './series-store.ts';
import { restoreStore, SnapshotError, snapshotStore } from './snapshot.ts';

const named = (name: string, labels: Record<string, string> = {}): Labels =>
  Labels.fromObject({ ...labels, __name__: name });

function valuesOf(store: SeriesStore, name: string): (number | 'stale')[] {
  return store.select([nameMatcher(name)]).flatMap((series) => {
    const out: (number | 'stale')[] = [];
    for (let i = series.start; i < series.end; i += 1) out.push(series.isStale(i) ? 'stale' : series.values[i]!);
    return out;
  });
}

describe('SeriesStore', () => {
  it('keeps samples in time order and says what became of each', () => {
    const store = new SeriesStore();
    const outcomes = [
      [1000, 1],
      [2000, 2],
      [2000, 2],
      [2000, 3],
      [1500, 9],
      [3000, Number.NaN],
      [3000, Number.NaN],
    ].map(([t, v]) => store.append(named('x'), t!, v!));
    expect(outcomes).toEqual([
      'appended',
      'appended',
      'duplicate',
      'out-of-order',
      'out-of-order',
      'appended',
      'duplicate',
    ]);
    expect(valuesOf(store, 'x')).toEqual([1, 2, Number.NaN]);
  });

  it('tells staleness from NaN, also after growing and dropping', () => {
    const store = new SeriesStore({ retentionMs: 100 });
    for (let t = 0; t < 1000; t += 10) {
      if (t % 30 === 0) store.appendStale(named('x'), t);
      else store.append(named('x'), t, t % 20 === 0 ? Number.NaN : t);
    }
    expect(valuesOf(store, 'x')).toEqual(
      ['stale', 910, Number.NaN, 'stale', 940, 950, 'stale', 970, 980, 'stale'].map((v) =>
        v === 940 || v === 980 ? Number.NaN : v,
      ),
    );
  });

  it('selects by all kinds of matchers, sorted by labels', () => {
    const store = new SeriesStore();
    for (const pod of ['b', 'a', 'c']) store.append(named('x', { pod }), 1, 1);
    store.append(named('y', { pod: 'a' }), 1, 1);
    const pods = (matchers: Parameters<SeriesStore['select']>[0]): string[] =>
      store.select(matchers).map(({ labels }) => labels.toString());
    expect(pods([nameMatcher('x')])).toEqual(['x{pod="a"}', 'x{pod="b"}', 'x{pod="c"}']);
    expect(pods([compileMatcher('pod', '=', 'a')])).toEqual(['x{pod="a"}', 'y{pod="a"}']);
    expect(pods([nameMatcher('x'), compileMatcher('pod', '=~', 'a|b')])).toEqual(['x{pod="a"}', 'x{pod="b"}']);
    expect(pods([nameMatcher('x'), compileMatcher('pod', '!~', 'a|b')])).toEqual(['x{pod="c"}']);
    expect(pods([nameMatcher('x'), compileMatcher('pod', '!=', '')])).toHaveLength(3);
    expect(pods([nameMatcher('x'), compileMatcher('job', '=', '')])).toHaveLength(3);
  });

  it('drops what retention no longer covers, empty series too', () => {
    const store = new SeriesStore({ retentionMs: 1000 });
    store.append(named('old'), 0, 1);
    for (let t = 0; t <= 3000; t += 500) store.append(named('x'), t, t);
    expect(valuesOf(store, 'x')).toEqual([2500, 3000]);
    store.collect(3000);
    expect(store.stats).toMatchObject({ series: 1, samples: 2, droppedSamples: 6, droppedSeries: 1 });
  });

  it('makes room for new series by dropping those silent longest, and refuses when all are fresher', () => {
    const store = new SeriesStore({ maxSeries: 20 });
    for (let i = 0; i < 20; i += 1) store.append(named('x', { i: String(i).padStart(2, '0') }), i, 1);
    expect(store.append(named('new'), 100, 1)).toBe('appended');
    expect(store.stats).toMatchObject({ series: 20, droppedSeries: 1 });
    expect(store.select([nameMatcher('x')])[0]?.labels.get('i')).toBe('01');
    expect(store.append(named('late'), 0, 1)).toBe('refused');
    expect(store.stats.refusedSamples).toBe(1);
  });

  it('never holds more samples than allowed, and drops the oldest of all series alike', () => {
    const store = new SeriesStore({ maxSamples: 1000 });
    for (let t = 0; t < 500; t += 1) for (const pod of ['a', 'b', 'c', 'd']) store.append(named('x', { pod }), t, t);
    expect(store.stats.samples).toBeLessThanOrEqual(1000);
    expect(store.stats.samples).toBeGreaterThan(850);
    const firsts = store.select([nameMatcher('x')]).map((series) => series.times[series.start]!);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeLessThanOrEqual(1);
  });

  it('survives a snapshot whole: any samples, staleness and NaN included', () => {
    const sample = fc.record({
      name: fc.constantFrom('a', 'b', 'ü'),
      pod: fc.string({ maxLength: 3 }),
      gap: fc.integer({ min: 0, max: 5 }),
      value: fc.option(fc.double(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        const store = new SeriesStore();
        let tMs = 0;
        for (const { name, pod, gap, value } of samples) {
          tMs += gap;
          if (value === undefined) store.appendStale(named(name, { pod }), tMs);
          else store.append(named(name, { pod }), tMs, value);
        }
        const restored = restoreStore(snapshotStore(store));
        expect(restored.stats).toMatchObject({ series: store.stats.series, samples: store.stats.samples });
        expect(Buffer.from(snapshotStore(restored))).toEqual(Buffer.from(snapshotStore(store)));
      }),
    );
  });

  it('goes on after a restart as if nothing had happened', () => {
    const store = new SeriesStore();
    for (let t = 0; t < 30; t += 1) store.append(named('c_total'), t * 1000, t);
    const restored = restoreStore(snapshotStore(store));
    for (const each of [store, restored]) for (let t = 30; t < 60; t += 1) each.append(named('c_total'), t * 1000, t);
    expect(evaluateInstant('rate(c_total[1m])', restored, 59_000)).toEqual(
      evaluateInstant('rate(c_total[1m])', store, 59_000),
    );
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['another file', new TextEncoder().encode('this is not a snapshot at all')],
    ['a cut file', snapshotStore(filled()).subarray(0, -3)],
    ['a broken directory', snapshotStore(filled()).map((byte, i) => (i === 20 ? 255 : byte))],
  ])('refuses %s as a snapshot', (_, bytes) => {
    expect(() => restoreStore(bytes)).toThrow(SnapshotError);
  });
});

function filled(): SeriesStore {
  const store = new SeriesStore();
  store.append(named('x'), 1, 1);
  return store;
}
