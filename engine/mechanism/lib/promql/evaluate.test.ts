import { describe, expect, it } from 'vitest';
import { PromqlError } from './errors.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from './evaluate.ts';
import { formatData, formatFailure, formatSuccess } from './format.ts';
import { Labels } from './labels.ts';
import { SeriesStore } from './series-store.ts';

function filled(): SeriesStore {
  const store = new SeriesStore();
  for (let t = 0; t <= 600; t += 1) {
    for (const pod of ['a', 'b'])
      store.append(Labels.fromObject({ __name__: 'c_total', pod }), t * 1000, t * (pod === 'a' ? 1 : 2));
  }
  return store;
}

function failure(
  query: string,
  options: QueryOptions = {},
  range = { startMs: 0, endMs: 600_000, stepMs: 1000 },
): PromqlError {
  try {
    evaluateRange(query, filled(), range, options);
  } catch (error) {
    if (error instanceof PromqlError) return error;
    throw error;
  }
  throw new Error('a PromqlError was expected');
}

describe('evaluateInstant and formatData, promql §11', () => {
  it.each([
    [
      'rate(c_total[1m])',
      {
        resultType: 'vector',
        result: [
          { metric: { pod: 'a' }, value: [600, '1'] },
          { metric: { pod: 'b' }, value: [600, '2'] },
        ],
      },
    ],
    ['c_total{pod="a"} * 1e21', { resultType: 'vector', result: [{ metric: { pod: 'a' }, value: [600, '6e+23'] }] }],
    ['1 / 0', { resultType: 'scalar', result: [600, '+Inf'] }],
    ['"text"', { resultType: 'string', result: [600, 'text'] }],
    [
      'c_total{pod="a"}[2s]',
      {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'c_total', pod: 'a' },
            values: [
              [599, '599'],
              [600, '600'],
            ],
          },
        ],
      },
    ],
    ['1e-7', { resultType: 'scalar', result: [600, '1e-07'] }],
    ['nothing', { resultType: 'vector', result: [] }],
  ])('%s', (query, data) => {
    expect(formatData(evaluateInstant(query, filled(), 600_000))).toEqual(data);
  });

  it('a range query keeps names as PromQL does and sorts by labels', () => {
    const result = evaluateRange('c_total offset 1s', filled(), { startMs: 10_000, endMs: 30_000, stepMs: 10_000 });
    expect(formatSuccess(result)).toEqual({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'c_total', pod: 'a' },
            values: [
              [10, '9'],
              [20, '19'],
              [30, '29'],
            ],
          },
          {
            metric: { __name__: 'c_total', pod: 'b' },
            values: [
              [10, '18'],
              [20, '38'],
              [30, '58'],
            ],
          },
        ],
      },
    });
  });

  it('a subquery inside a range query gives at each step what an instant query gives', () => {
    const query = 'max_over_time(sum(rate(c_total[30s]))[2m:15s])';
    const store = filled();
    const range = evaluateRange(query, store, { startMs: 60_000, endMs: 600_000, stepMs: 45_000 });
    const points =
      range.type === 'matrix' ? range.series[0]!.timesMs.map((tMs, i) => [tMs, range.series[0]!.values[i]]) : [];
    expect(points).toHaveLength(13);
    for (const [tMs, value] of points) {
      const instant = evaluateInstant(query, store, tMs!);
      expect(instant.type === 'vector' && instant.elements[0]?.value).toBe(value);
    }
  });

  it('removes names at once by default, and at the end with delayed removal', () => {
    const query = 'label_replace(rate(c_total{pod="a"}[1m]), "name", "$1", "__name__", "(.+)")';
    const labels = (options: QueryOptions): unknown => {
      const result = evaluateInstant(query, filled(), 600_000, options);
      return result.type === 'vector' && result.elements[0]?.labels.toObject();
    };
    expect(labels({})).toEqual({ pod: 'a' });
    expect(labels({ delayedNameRemoval: true })).toEqual({ name: 'c_total', pod: 'a' });
  });

  it('refuses equal label sets after name removal', () => {
    const store = filled();
    store.append(Labels.fromObject({ __name__: 'd_total', pod: 'a' }), 600_000, 1);
    expect(() => evaluateInstant('-{pod="a"}', store, 600_000)).toThrow(
      'vector cannot contain metrics with the same labelset',
    );
  });
});

describe('limits', () => {
  it.each<[string, QueryOptions, string, string]>([
    ['samples held', { maxSamples: 100 }, 'execution', 'too many samples'],
    ['samples read', { maxReads: 10_000 }, 'timeout', 'query timed out'],
    ['points', { maxPoints: 100 }, 'bad_data', 'maximum resolution of 100 points'],
  ])('%s', (_, options, type, problem) => {
    const error = failure('rate(c_total[5m])', options);
    expect([error.type, error.problem]).toEqual([type, expect.stringContaining(problem)]);
  });

  it.each([
    ['c_total', { startMs: 10, endMs: 0, stepMs: 1 }, 'end timestamp must not be before start time'],
    ['c_total', { startMs: 0, endMs: 10, stepMs: 0 }, 'zero or negative query resolution'],
    ['c_total[5m]', { startMs: 0, endMs: 10, stepMs: 1 }, 'invalid expression type "range vector" for range query'],
  ])('%s over %j is refused', (query, range, problem) => {
    expect(failure(query, {}, range).problem).toContain(problem);
  });

  it('an error becomes the body of an API answer', () => {
    expect(formatFailure(failure('sum('))).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error: 'invalid parameter "query": 1:5: parse error: unexpected end of input',
    });
  });
});
