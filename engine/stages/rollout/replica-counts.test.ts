import { describe, expect, it } from 'vitest';
import {
  approximateWeight,
  canaryCounts,
  countableForScaleDown,
  desiredCanaryWeight,
  isAtDesiredCounts,
  isThresholdMet,
  type RsCounts,
  resolveFenceposts,
  routedCanaryCounts,
  weightToReplicas,
} from './replica-counts.ts';
import type { CanaryStep, CanaryStrategy, RolloutStatus, RolloutTerms, TrafficWeights } from './types.ts';

const rs = (name: string, text: string): RsCounts | undefined => {
  if (text === '-' || text === 'none') return undefined;
  const [spec, available] = text.split('/').map(Number) as [number, number];
  return { name, spec, available: available ?? spec, created: spec };
};

const fence = (text: string) => (text === '-' ? undefined : /^\d+$/.test(text) ? Number(text) : text);

function terms(replicas: number, canary: CanaryStrategy, status: RolloutStatus = {}): RolloutTerms {
  return {
    spec: { replicas, strategy: { canary } },
    status: { stableRS: 'stable', currentPodHash: 'canary', currentStepIndex: 0, ...status },
  };
}

/** `id | what | replicas | setWeight | maxSurge | maxUnavailable | stable | canary | older | other | → canary | → stable`. */
const TABLE_R = `
R01 | other-RS-free; stable shrinking, no extra scale-down | 10 | 100 | 3 | 0 | 7/8 | 6/3 | - | - | 6 | 7
R02 | surge int lets canary up | 10 | 20 | 2 | 0 | 10/10 | 0/0 | - | - | 2 | 10
R03 | surge percent | 10 | 20 | 20% | 0 | 10/10 | 0/0 | - | - | 2 | 10
R04 | surplus stable removed once canary available | 10 | 20 | 20% | 0 | 10/10 | 2/2 | - | - | 2 | 8
R05 | never past surge | 10 | 30 | 2 | 0 | 10/10 | 0/0 | - | - | 2 | 10
R06 | maxUnavailable int shrinks stable first | 10 | 20 | 0 | 2 | 10/10 | 0/0 | - | - | 0 | 8
R07 | maxUnavailable percent | 10 | 20 | 0 | 20% | 10/10 | 0/0 | - | - | 0 | 8
R08 | never past maxUnavailable | 10 | 30 | 0 | 2 | 10/10 | 0/0 | - | - | 0 | 8
R09 | both fences used at once | 10 | 50 | 2 | 1 | 10/10 | 0/0 | - | - | 2 | 9
R10 | weight 0 empties canary | 10 | 0 | 1 | 1 | 10/10 | 1/1 | - | - | 0 | 10
R11 | weight 100 empties stable | 10 | 100 | 1 | 1 | 1/1 | 10/10 | - | - | 10 | 0
R12 | non-zero weight keeps one canary pod (surge) | 1 | 20 | 1 | 0 | 1/1 | 0/0 | - | - | 1 | 1
R13 | non-100 weight keeps one stable pod (surge) | 1 | 90 | 1 | 0 | 1/1 | 0/0 | - | - | 1 | 1
R14 | <50 without surge, single pod | 1 | 49 | 0 | 1 | 1/1 | 0/0 | - | - | 0 | 1
R15 | >=50 without surge: drop stable first | 1 | 51 | 0 | 1 | 1/1 | 0/0 | - | - | 0 | 0
R16 | …then bring canary up | 1 | 51 | 0 | 1 | 0/0 | 0/0 | - | - | 1 | 0
R17 | stable scaled up before canary; older RS present | 10 | 30 | 1 | 0 | 1/1 | 0/0 | 3/3 | - | 1 | 7
R18 | both shrink | 10 | 30 | 0 | 3 | 8/5 | 4/4 | - | - | 3 | 7
R19 | canary nearly ready, unavailable stable drained | 10 | 100 | 1 | 0 | 10/2 | 10/8 | - | - | 9 | 2
R20 | older RS present: nothing else shrinks | 10 | 30 | 0 | 1 | 8/6 | 4/2 | 3/3 | - | 4 | 8
R21 | uneven weight, no surge | 10 | 5 | 0 | 1 | 10/10 | 0/0 | - | - | 0 | 9
R22 | …next pass | 10 | 5 | 0 | 1 | 9/9 | 0/0 | - | - | 1 | 9
R23 | both fences 0 % act as maxUnavailable 1 | 10 | 10 | 0% | 0% | 10/10 | 0/0 | - | - | 0 | 9
R24 | setCanaryScale.replicas wins | 1 | 100 | - | - | 1/1 | 0/0 | - | trafficRouting setCanaryScale{replicas=9} | 9 | 1
R25 | setCanaryScale.weight may exceed 100 | 4 | 100 | - | - | 4/4 | 0/0 | - | trafficRouting setCanaryScale{weight=200} | 8 | 4
R26 | matchTrafficWeight cancels setCanaryScale | 10 | 20 | 20% | 0 | 10/10 | 0/0 | - | trafficRouting setCanaryScale{replicas=9,weight=100,matchTrafficWeight} | 2 | 10
R27 | setCanaryScale ignored without routing | 10 | 20 | 20% | 0 | 10/10 | 0/0 | - | setCanaryScale{replicas=9,weight=100} | 2 | 10
R28 | surge honoured with unavailable stable | 4 | 100 | 1 | 0 | 4/1 | 0/0 | - | - | 1 | 4
R29 | shrink to maxUnavailable, not above surge | 3 | 99 | 0 | 2 | 3/3 | 0/0 | - | - | 0 | 1
R30 | unavailable stable may shrink | 4 | 100 | 1 | 0 | 4/1 | 1/1 | - | - | 1 | 3
R31 | weight down: stable starts | 4 | 0 | 1 | 0 | 0/0 | 4/4 | - | - | 4 | 1
R32 | weight down: wait for stable | 4 | 0 | 1 | 0 | 1/0 | 4/4 | - | - | 4 | 1
R33 | weight down: canary shrinks by what became available | 4 | 0 | 1 | 0 | 1/1 | 4/4 | - | - | 3 | 1
R34 | promoteFull ignores weight | 4 | 1 | 4 | 4 | 4/4 | 0/0 | - | promoteFull | 4 | 0
R35 | promoteFull honours fences | 4 | 1 | 3 | 0 | 4/4 | 0/0 | - | promoteFull | 3 | 4
R36 | abort, delay 0 keeps setCanaryScale | 1 | - | - | - | 1/1 | 1/1 | - | trafficRouting abort abortScaleDownDelay=0 setCanaryScale{replicas=1} | 1 | 1
R37 | abort, delay 30 drops setCanaryScale | 1 | - | - | - | 1/1 | 1/1 | - | trafficRouting abort abortScaleDownDelay=30 setCanaryScale{replicas=1} | 0 | 1
R38 | minPodsPerReplicaSet | 10 | 5 | - | - | 10/10 | 0/0 | - | trafficRouting minPods=2 | 2 | 10
R39 | minPods capped at replicas | 1 | 100 | - | - | 1/1 | 0/0 | - | trafficRouting promoteFull minPods=2 | 1 | 1
`
  .trim()
  .split('\n')
  .map((row) => row.split('|').map((cell) => cell.trim()));

function canaryScaleOf(text: string): CanaryStep['setCanaryScale'] {
  const body = /setCanaryScale\{(.*?)\}/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const entries = body.split(',').map((part) => {
    const [key, value] = part.split('=') as [string, string?];
    return [key, value === undefined ? true : Number(value)] as const;
  });
  return Object.fromEntries(entries);
}

function strategyOf(row: string[]): CanaryStrategy {
  const [, , , weight, surge, unavailable, , , , other = ''] = row as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const scale = canaryScaleOf(other);
  const steps: CanaryStep[] = [];
  if (weight !== '-') steps.push({ setWeight: Number(weight) });
  if (scale !== undefined) steps.push({ setCanaryScale: scale });
  const delay = /abortScaleDownDelay=(\d+)/.exec(other)?.[1];
  const minPods = /minPods=(\d+)/.exec(other)?.[1];
  return {
    steps,
    maxSurge: fence(surge),
    maxUnavailable: fence(unavailable),
    ...(other.includes('trafficRouting') ? { trafficRouting: { nginx: {} } } : {}),
    ...(delay === undefined ? {} : { abortScaleDownDelaySeconds: Number(delay) }),
    ...(minPods === undefined ? {} : { minPodsPerReplicaSet: Number(minPods) }),
  };
}

describe('table R: next sizes of one pass', () => {
  it('has every row', () => expect(TABLE_R).toHaveLength(39));
  it.each(TABLE_R)('rollouts/%s %s', (...row) => {
    const [, , replicas, , , , stable, canary, older, other, toCanary, toStable] = row as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const strategy = strategyOf(row);
    const given = terms(Number(replicas), strategy, {
      abort: other.includes(' abort '),
      promoteFull: other.includes('promoteFull'),
      currentStepIndex: (strategy.steps?.length ?? 1) - 1,
    });
    const old = rs('older', older);
    const sets = {
      newRS: rs('canary', canary),
      stableRS: rs('stable', stable),
      otherRSs: old === undefined ? [] : [old],
    };
    expect(canaryCounts(given, sets, undefined)).toEqual({ canary: Number(toCanary), stable: Number(toStable) });
  });
});

const TABLE_A: [number, number, string][] = [
  [0, 0, '0→0/0, 50→0/0, 100→0/0'],
  [0, 1, '0→0/0, 50→0/0, 100→0/0'],
  [1, 0, '0→0/1, 1→0/1, 49→0/1, 50→1/0, 99→1/0, 100→1/0'],
  [1, 1, '0→0/1, 1→1/1, 49→1/1, 50→1/1, 99→1/1, 100→1/0'],
  [2, 0, '0→0/2, 1→1/1, 50→1/1, 99→1/1, 100→2/0'],
  [2, 1, '0→0/2, 1→1/2, 50→1/1, 99→2/1, 100→2/0'],
  [3, 0, '10→1/2, 25→1/2, 33→1/2, 34→1/2, 49→1/2, 50→2/1'],
  [3, 1, '10→1/3, 25→1/3, 33→1/2, 34→1/2, 49→2/2, 50→2/2'],
  [10, 1, '0→0/10, 100→10/0, 1→1/10, 18→2/9, 19→2/9, 20→2/8, 23→2/8, 24→3/8, 25→3/8, 99→10/1'],
  [10, 0, '1→1/9, 14→1/9, 15→2/8, 16→2/8, 99→9/1'],
];

describe('table A: pods that come closest to a weight', () => {
  const cells = TABLE_A.flatMap(([replicas, surge, text]) =>
    text.split(', ').map((cell) => [replicas, surge, ...cell.split('→')] as [number, number, string, string]),
  );
  it.each(cells)('rollouts/table A: %i replicas, surge %i, weight %s → %s', (replicas, surge, weight, sides) => {
    const counts = approximateWeight(replicas, Number(weight), 100, surge);
    expect(`${counts.canary}/${counts.stable}`).toBe(sides);
  });
});

describe('table D: dynamicStableScale', () => {
  it.each([
    ['D1', 20, 60, true, '60/40', '6/6', '4/4', 6, 8],
    ['D2', 20, 60, true, '60/40', '1/1', '4/4', 6, 8],
    ['D3', 20, 60, true, '60/40', '2/2', '8/4', 6, 8],
    ['D4', 20, 60, true, '60/40', 'none', 'none', 6, 10],
    ['D5', 10, undefined, false, '10/90', 'none', 'none', 1, 9],
    ['D6', 20, undefined, false, '10/90', 'none', 'none', 2, 9],
    ['D7', 20, undefined, true, '20/80', 'none', 'none', 2, 10],
    ['D8', 20, undefined, true, '10/90', 'none', 'none', 1, 10],
  ] as const)('rollouts/%s', (_id, first, extra, abort, weights, canary, stable, toCanary, toStable) => {
    const steps: CanaryStep[] = [{ setWeight: first }, ...(extra === undefined ? [] : [{ setWeight: extra }])];
    const given = terms(10, { steps, dynamicStableScale: true, trafficRouting: { nginx: {} } }, { abort });
    const counts = routedCanaryCounts(given, rs('canary', canary), rs('stable', stable), weightsOf(weights));
    expect(counts).toEqual({ canary: toCanary, stable: toStable });
  });
});

function weightsOf(text: string): TrafficWeights {
  const [canary, stable] = text.split('/').map(Number) as [number, number];
  return { canary: { weight: canary }, stable: { weight: stable } };
}

describe('table W: abort weight with dynamicStableScale', () => {
  it.each([
    ['W1', undefined, 9, 10],
    ['W2', 30, 5, 10],
    ['W3', 30, 9, 0],
    ['W4', 0, 9, 10],
  ] as const)('rollouts/%s', (id, abortScaleDownDelaySeconds, available, weight) => {
    const strategy = {
      steps: [{ setWeight: 10 }, { setWeight: 50 }],
      dynamicStableScale: true,
      trafficRouting: { nginx: {} },
      ...(abortScaleDownDelaySeconds === undefined ? {} : { abortScaleDownDelaySeconds }),
    };
    const given = terms(10, strategy, { abort: true });
    const canary = rs('canary', '5/5');
    const stable = { name: 'stable', spec: 10, created: 10, available };
    expect(desiredCanaryWeight(given, canary, stable)).toBe(weight);
    if (id === 'W3') expect(routedCanaryCounts(given, canary, stable, weightsOf('10/90')).stable).toBe(10);
  });
});

it.each([
  [10, 0, 100, 0],
  [10, 20, 100, 2],
  [10, 25, 100, 3],
  [10, 33, 100, 4],
  [10, 99, 100, 10],
  [10, 100, 100, 10],
  [23, 1e8, 1e8, 23],
])('rollouts/table T: %i pods at weight %i of %i → %i', (replicas, weight, max, pods) => {
  expect(weightToReplicas(replicas, weight, max)).toBe(pods);
});

it.each([
  ['Percent 90: 9 of 10', { type: 'Percent', value: 90 }, '10/9', 10, true],
  ['Percent 90: 8 of 10', { type: 'Percent', value: 90 }, '10/8', 10, false],
  ['Pods 9: 9 available', { type: 'Pods', value: 9 }, '10/9', 10, true],
  ['Pods 8: 7 available', { type: 'Pods', value: 8 }, '10/7', 10, false],
  ['Pods -100 falls back to all', { type: 'Pods', value: -100 }, '10/10', 10, true],
  ['no threshold: 10 available of spec 5', undefined, '5/10', 10, false],
  ['no ReplicaSet', { type: 'Pods', value: 1 }, 'none', 1, false],
  ['Percent 100: 100 of 10', { type: 'Percent', value: 100 }, '10/100', 10, true],
  ['Percent 90: none desired', { type: 'Percent', value: 90 }, '0/0', 0, true],
])('rollouts/table P %s', (_what, threshold, counts, desired, met) => {
  expect(isThresholdMet(threshold, rs('canary', counts), desired)).toBe(met);
});

it.each([
  [10, { maxSurge: 5, maxUnavailable: 0 }, 5, 0],
  [10, { maxSurge: '50%', maxUnavailable: 0 }, 5, 0],
  [10, { maxSurge: 1, maxUnavailable: 5 }, 1, 5],
  [10, { maxSurge: 1, maxUnavailable: 10 }, 1, 10],
  [5, { maxSurge: 1, maxUnavailable: 10 }, 1, 5],
  [0, { maxSurge: 1, maxUnavailable: 5 }, 1, 0],
  [10, { maxSurge: 1, maxUnavailable: '50%' }, 1, 5],
  [5, { maxSurge: 1, maxUnavailable: '100%' }, 1, 5],
  [4, {}, 1, 1],
  [10, { maxSurge: '0%', maxUnavailable: '0%' }, 0, 1],
])('rollouts/table F: %i replicas, %o → surge %i, unavailable %i', (replicas, strategy, surge, unavailable) => {
  expect(resolveFenceposts(terms(replicas, strategy))).toEqual({ surge, unavailable });
});

it.each([
  ['none', false, 0],
  ['3/5', false, 3],
  ['3/2', true, 3],
  ['3/2', false, 2],
] as const)('rollouts/table G: %s, ignore availability %s → %i', (counts, ignore, pods) => {
  expect(countableForScaleDown(rs('rs', counts), ignore)).toBe(pods);
});

it.each([
  [50, '2/2', { spec: 2, created: 2, available: 2 }, true],
  [50, '2/1', { spec: 2, created: 2, available: 2 }, false],
  [75, '3/3', { spec: 2, created: 2, available: 2 }, false],
  [75, '3/3', { spec: 1, created: 1, available: 0 }, true],
  [50, '2/2', { spec: 2, created: 3, available: 2 }, false],
] as const)('rollouts/table B: weight %i, canary %s, stable %o → %s', (setWeight, canary, stable, reached) => {
  const given = terms(4, { steps: [{ setWeight }], maxSurge: 1, maxUnavailable: 1 });
  const sets = { newRS: rs('canary', canary), stableRS: { name: 'stable', ...stable }, otherRSs: [] };
  expect(isAtDesiredCounts(given, sets, undefined)).toBe(reached);
});
