import { describe, expect, it } from 'vitest';
import { limit, stabilize } from './limits.ts';
import { type Memory, memoryText, NO_MEMORY, readMemory, withRecommendation } from './memory.ts';

const NOW_MS = Date.parse('2026-01-05T09:00:00Z');
const ago = (seconds: number, replicas: number) => ({ atMs: NOW_MS - seconds * 1000, replicas });
const looks = { nowMs: NOW_MS, lookMs: 15_000 };
const memory = (over: Partial<Memory>): Memory => ({ ...NO_MEMORY, ...over });

describe('without a behavior', () => {
  const held = (wanted: number, ...recommendations: Memory['recommendations']) =>
    stabilize(wanted, 5, undefined, memory({ recommendations }), looks).replicas;

  it('scales up at once, and down to the highest of the last five minutes', () => {
    expect(held(9, ago(600, 5))).toBe(9);
    expect(held(2, ago(600, 5), ago(200, 3))).toBe(5);
    expect(held(2, ago(600, 5), ago(320, 3))).toBe(3);
    expect(held(2, ago(600, 5), ago(320, 2))).toBe(2);
  });

  it.each([
    ['at most the double', 100, 10, 20, 'ScaleUpLimit'],
    ['or four', 100, 1, 4, 'ScaleUpLimit'],
    ['never above the maximum', 100, 20, 30, 'TooManyReplicas'],
    ['never below the minimum', 1, 5, 2, 'TooFewReplicas'],
    ['else what is wanted', 7, 5, 7, 'DesiredWithinRange'],
  ])('%s', (_rule, wanted, current, replicas, reason) => {
    const result = limit(wanted, current, { min: 2, max: 30 }, undefined, NO_MEMORY, NOW_MS);
    expect([result.replicas, result.condition.reason]).toEqual([replicas, reason]);
  });
});

describe('with a behavior', () => {
  const policy = (type: string, value: number, periodSeconds = 60) => ({ type, value, periodSeconds });
  const rules = (selectPolicy: string, ...policies: ReturnType<typeof policy>[]) => ({ selectPolicy, policies });
  const bounds = { min: 1, max: 100 };
  const up = (selectPolicy: string, ...policies: ReturnType<typeof policy>[]) => ({
    scaleUp: rules(selectPolicy, ...policies),
  });
  const down = (selectPolicy: string, ...policies: ReturnType<typeof policy>[]) => ({
    scaleDown: rules(selectPolicy, ...policies),
  });

  it.each([
    ['Pods', 50, 10, up('Max', policy('Pods', 4)), {}, 14, 'ScaleUpLimit'],
    ['Percent, rounded up', 50, 5, up('Max', policy('Percent', 50)), {}, 8, 'ScaleUpLimit'],
    ['the greater of two', 50, 10, up('Max', policy('Pods', 4), policy('Percent', 100)), {}, 20, 'ScaleUpLimit'],
    ['the smaller of two', 50, 10, up('Min', policy('Pods', 4), policy('Percent', 100)), {}, 14, 'ScaleUpLimit'],
    ['not at all', 50, 10, up('Disabled', policy('Pods', 4)), {}, 10, 'ScaleUpLimit'],
    [
      'what was added in the period counts',
      50,
      10,
      up('Max', policy('Pods', 4)),
      { scaleUps: [ago(30, 3)] },
      11,
      'ScaleUpLimit',
    ],
    [
      'what was added before it does not',
      50,
      10,
      up('Max', policy('Pods', 4)),
      { scaleUps: [ago(60, 3)] },
      14,
      'ScaleUpLimit',
    ],
    [
      'what was taken away is added',
      50,
      10,
      up('Max', policy('Pods', 4)),
      { scaleDowns: [ago(30, 2)] },
      16,
      'ScaleUpLimit',
    ],
    ['up to the maximum', 200, 90, up('Max', policy('Percent', 100)), {}, 100, 'TooManyReplicas'],
    ['Pods down', 1, 10, down('Max', policy('Pods', 2)), {}, 8, 'ScaleDownLimit'],
    ['Percent down, cut', 1, 9, down('Max', policy('Percent', 50)), {}, 4, 'ScaleDownLimit'],
    ['the smaller of two down', 1, 10, down('Min', policy('Pods', 2), policy('Percent', 100)), {}, 8, 'ScaleDownLimit'],
    ['not down at all', 1, 10, down('Disabled', policy('Pods', 2)), {}, 10, 'ScaleDownLimit'],
    ['down to the minimum', 0, 3, down('Max', policy('Percent', 100)), {}, 1, 'TooFewReplicas'],
  ])('rate: %s', (_rule, wanted, current, behavior, past, replicas, reason) => {
    const result = limit(wanted, current, bounds, behavior as never, memory(past), NOW_MS);
    expect([result.replicas, result.condition.reason]).toEqual([replicas, reason]);
  });

  it('a window up waits for the lowest, a window down for the highest', () => {
    const behavior = {
      scaleUp: { stabilizationWindowSeconds: 60 },
      scaleDown: { stabilizationWindowSeconds: 120 },
    };
    const held = (wanted: number, ...recommendations: Memory['recommendations']) =>
      stabilize(wanted, 5, behavior as never, memory({ recommendations }), looks);
    expect(held(9, ago(300, 5), ago(40, 9)).replicas).toBe(5);
    expect(held(9, ago(300, 5), ago(40, 9)).condition.reason).toBe('ScaleUpStabilized');
    expect(held(9, ago(300, 5), ago(75, 9)).replicas).toBe(9);
    expect(held(2, ago(300, 5), ago(90, 2)).condition.reason).toBe('ScaleDownStabilized');
    expect(held(2, ago(300, 5), ago(150, 2)).replicas).toBe(2);
  });
});

describe('memory', () => {
  it('is written and read back, and anything else counts as none', () => {
    const past = { recommendations: [ago(30, 2)], scaleUps: [ago(15, 1)], scaleDowns: [] };
    expect(readMemory(memoryText(past))).toEqual(past);
    for (const text of [undefined, '', '{', '[]', '{"recommendations":[1,["x",2],["2026-01-05T09:00:00Z","2"]]}']) {
      expect(readMemory(text)).toEqual(NO_MEMORY);
    }
  });

  it('grows only when the recommendation changes, and forgets what is too old to matter', () => {
    const entries = [ago(900, 5), ago(700, 3), ago(200, 4)];
    expect(withRecommendation(entries, 4, NOW_MS, 300_000)).toBe(entries);
    expect(withRecommendation(entries, 6, NOW_MS, 300_000)).toEqual([ago(700, 3), ago(200, 4), ago(0, 6)]);
  });
});
