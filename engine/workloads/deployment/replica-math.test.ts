import { describe, expect, it } from 'vitest';
import { newSetReplicas, oldSetReplicas, proportionalReplicas, resolveBounds, type SetCounts } from './replica-math.ts';

const set = (name: string, wanted: number, available = wanted, maxReplicas?: number): SetCounts => ({
  name,
  wanted,
  available,
  maxReplicas,
});

it.each([
  [undefined, 10, { maxSurge: 3, maxUnavailable: 2 }],
  [{ maxSurge: '0%', maxUnavailable: '0%' }, 10, { maxSurge: 0, maxUnavailable: 1 }],
  [{ maxSurge: 0, maxUnavailable: '5%' }, 10, { maxSurge: 0, maxUnavailable: 1 }],
  [{ maxSurge: 1, maxUnavailable: 0 }, 3, { maxSurge: 1, maxUnavailable: 0 }],
  [{ maxSurge: '100%', maxUnavailable: 5 }, 3, { maxSurge: 3, maxUnavailable: 3 }],
])('bounds of %j for %i replicas', (limits, replicas, expected) => {
  expect(resolveBounds(limits, replicas)).toEqual(expected);
});

it.each([
  ['room for the surge', 10, 0, 10, 3, 3],
  ['no room', 10, 3, 13, 3, 3],
  ['never beyond the target', 10, 8, 10, 5, 10],
  ['over the target', 5, 8, 8, 1, 5],
])('new set: %s', (_case, replicas, wanted, total, maxSurge, expected) => {
  expect(newSetReplicas(replicas, set('new', wanted), total, maxSurge)).toBe(expected);
});

describe('old sets', () => {
  const plan = (
    replicas: number,
    bounds: { maxSurge: number; maxUnavailable: number },
    newSet: SetCounts,
    ...old: SetCounts[]
  ) => Object.fromEntries(oldSetReplicas(replicas, bounds, newSet, old));

  it('keep minimum availability', () => {
    expect(plan(10, { maxSurge: 3, maxUnavailable: 2 }, set('new', 3, 0), set('old', 10))).toEqual({ old: 8 });
    expect(plan(4, { maxSurge: 1, maxUnavailable: 0 }, set('new', 1, 0), set('old', 4))).toEqual({});
    expect(plan(4, { maxSurge: 1, maxUnavailable: 0 }, set('new', 1, 1), set('old', 4))).toEqual({ old: 3 });
  });

  it('give up unavailable pods first, of the oldest set first', () => {
    expect(plan(10, { maxSurge: 2, maxUnavailable: 0 }, set('new', 2, 2), set('a', 5, 3), set('b', 5, 5))).toEqual({
      a: 3,
    });
    expect(plan(6, { maxSurge: 2, maxUnavailable: 2 }, set('new', 4, 4), set('a', 2, 0), set('b', 2, 2))).toEqual({
      a: 0,
      b: 0,
    });
  });
});

it.each([
  ['up in proportion', 12, 0, [set('a', 6, 6, 10), set('b', 4, 4, 10)], { a: 7, b: 5 }],
  ['down in proportion', 5, 0, [set('a', 6, 6, 10), set('b', 4, 4, 10)], { a: 3, b: 2 }],
  ['the rest goes to the first', 7, 0, [set('a', 2, 2, 4), set('b', 1, 1, 4), set('c', 1, 1, 4)], { a: 4, b: 2, c: 1 }],
  ['to zero', 0, 2, [set('a', 6, 6, 12), set('b', 4, 4, 12)], { a: 0, b: 0 }],
])('scaling in the middle of an update: %s', (_case, replicas, maxSurge, sets, expected) => {
  const result = Object.fromEntries(proportionalReplicas(replicas, maxSurge, sets));
  const total = Object.values(result).reduce((sum, count) => sum + count, 0);
  expect(total).toBe(replicas > 0 ? replicas + maxSurge : 0);
  expect(result).toEqual(expected);
});
