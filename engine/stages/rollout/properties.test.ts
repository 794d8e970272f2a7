import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSurroundings, HASH_ARGS, podTemplate, ROUTED, rolloutManifest } from './testing/manifests.ts';
import { isNotBad } from './testing/scenario.ts';
import { SimulatedWorld } from './testing/simulated-world.ts';
import {
  type BlueGreenStrategy,
  type CanaryStep,
  type CanaryStrategy,
  HASH_LABEL,
  type RolloutSpec,
  type RolloutStatus,
} from './types.ts';

// One sequence of cases for everybody; FUZZ_RUNS=5000 for a longer search, FUZZ_SEED for another one.
fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED ?? 20260105) });
const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 25) };
const LIMIT_MS = 3_600_000;

const ANALYSIS = { templates: [{ templateName: 'success-rate' }], args: HASH_ARGS };
const EXPERIMENT = {
  duration: '30s',
  templates: [{ name: 'trial', specRef: 'canary', metadata: { labels: { trial: 'yes' } } }],
};

const step: fc.Arbitrary<CanaryStep> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 100 }).map((setWeight) => ({ setWeight })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }).map((duration) => ({ pause: { duration } })) },
  { weight: 3, arbitrary: fc.constant({ analysis: ANALYSIS }) },
  { weight: 1, arbitrary: fc.constant({ experiment: EXPERIMENT }) },
);

const canary: fc.Arbitrary<CanaryStrategy> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  dynamicStableScale: fc.boolean(),
});

const blueGreen: fc.Arbitrary<BlueGreenStrategy> = fc.record(
  {
    activeService: fc.constant('web-stable'),
    previewService: fc.constant('web-canary'),
    previewReplicaCount: fc.integer({ min: 1, max: 3 }),
    autoPromotionSeconds: fc.integer({ min: 0, max: 60 }),
    scaleDownDelaySeconds: fc.integer({ min: 1, max: 120 }),
    prePromotionAnalysis: fc.constant(ANALYSIS),
    postPromotionAnalysis: fc.constant(ANALYSIS),
  },
  { requiredKeys: ['activeService'] },
);

const world = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  replicas: fc.integer({ min: 1, max: 8 }),
  canary,
  blueGreen,
  kind: fc.constantFrom<'basic' | 'routed' | 'blueGreen'>('basic', 'routed', 'blueGreen'),
  good: fc.boolean(),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function strategyOf({ kind, canary, blueGreen }: World): RolloutSpec['strategy'] {
  if (kind === 'blueGreen') return { blueGreen };
  return { canary: kind === 'routed' ? { ...ROUTED, ...canary } : { steps: canary.steps } };
}

/** A healthy rollout to which a second version has just been given. */
function released(given: World): SimulatedWorld {
  const at = new SimulatedWorld({ seed: given.seed, query: () => [given.good ? 1 : 0], podsWork: isNotBad });
  createSurroundings(at);
  at.create(rolloutManifest({}, { replicas: given.replicas, strategy: strategyOf(given) }));
  expect(at.runUntil(() => at.status.phase === 'Healthy')).toBe(true);
  at.run(180_000);
  at.patchRollout({ spec: { template: podTemplate('2') } });
  return at;
}

const planWeights = (at: SimulatedWorld) =>
  at.steps.flatMap(({ plan }) => (plan?.status?.canary as RolloutStatus['canary'])?.weights ?? []);

/** The state a world ends in, without times. */
function outcome(at: SimulatedWorld): unknown {
  const { phase, message, stableRS, currentPodHash, currentStepIndex, canary } = at.status;
  return {
    status: { phase, message, stableRS, currentPodHash, currentStepIndex, weights: canary?.weights },
    sizes: at.replicaSets.map(({ metadata, spec, status }) => [
      metadata.name,
      spec.replicas,
      status?.availableReplicas,
    ]),
    selectors: ['web-stable', 'web-canary'].map((name) => at.service(name)?.spec.selector),
    weight: at.canaryWeight,
    runs: at.runs.map(({ metadata, status }) => [metadata.name, status?.phase, status?.message]),
  };
}

function settle(at: SimulatedWorld): void {
  at.run(3_600_000);
}

function property<Given extends [unknown, ...unknown[]]>(
  name: string,
  arbitraries: { [Index in keyof Given]: fc.Arbitrary<Given[Index]> },
  check: (...given: Given) => void,
): void {
  it(name, () => fc.assert(fc.property(...arbitraries, check), RUNS), LIMIT_MS);
}

property('weights sum to 100 in every plan, and are those of the Ingress', [world], (given) => {
  const at = released({ ...given, kind: 'routed' });
  settle(at);
  for (const { canary, stable } of planWeights(at)) expect(canary.weight + stable.weight).toBe(100);
  expect(at.canaryWeight).toBe(at.status.canary?.weights?.canary.weight);
});

property('no weight is ever reached that stands behind a failed analysis', [world], (given) => {
  const { steps = [] } = given.canary;
  const gate = steps.findIndex(({ analysis }) => analysis !== undefined);
  fc.pre(gate >= 0);
  const at = released({ ...given, kind: 'routed', good: false });
  settle(at);
  const allowed = steps.slice(0, gate).flatMap(({ setWeight }) => setWeight ?? []);
  // On the way back dynamicStableScale goes through other weights, all of them lower.
  const reached = planWeights(at).map(({ canary }) => canary.weight);
  expect(Math.max(0, ...reached)).toBeLessThanOrEqual(Math.max(0, ...allowed));
  expect(at.status.phase).toBe('Degraded');
});

const instant = (maxMs: number) => fc.integer({ min: 0, max: maxMs });

property('an abort returns all traffic within one plan', [world, instant(60_000)], (given, afterMs) => {
  const at = released({ ...given, kind: 'routed', canary: { ...given.canary, dynamicStableScale: false } });
  at.run(afterMs);
  const before = at.steps.length;
  at.patchStatus({ abort: true });
  at.runUntil(() => at.steps.slice(before).some(({ controller }) => controller === 'rollouts-controller'));
  expect(at.canaryWeight).toBe(0);
});

/** What `look` complained about, asked after every write to a ReplicaSet, an Ingress or a Service. */
function watching(at: SimulatedWorld, look: () => string | undefined): string[] {
  const complaints: string[] = [];
  at.engine.store.subscribe(({ object }) => {
    const complaint = ['ReplicaSet', 'Ingress', 'Service'].includes(object.kind) ? look() : undefined;
    if (complaint !== undefined) complaints.push(`${new Date(at.time.now()).toISOString()} ${complaint}`);
  });
  return complaints;
}

const availableOf = (at: SimulatedWorld, hash: string | undefined) =>
  at.replicaSets.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash)?.status?.availableReplicas ?? 0;

/** The pods that serve, against what the strategy promises; undefined while it is kept. */
function brokenPromise(at: SimulatedWorld, { kind, replicas, canary }: World): string | undefined {
  // As upstream, a step back to weight 0 takes the canary's pods in the pass before it takes the weight.
  const empties = canary.steps?.some(({ setWeight }) => setWeight === 0);
  const behind = (name: string) => availableOf(at, at.service(name)?.spec.selector?.[HASH_LABEL]);
  const atLeast = (what: string, pods: number, wanted: number) =>
    pods < wanted ? `${what}: ${pods} pods, ${wanted} promised` : undefined;
  if (kind === 'blueGreen') return atLeast('active', behind('web-stable'), replicas);
  if (kind === 'basic') {
    const own = at.replicaSets.filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'Rollout');
    const total = own.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
    return atLeast('all', total, replicas - maxUnavailable(replicas));
  }
  const weight = at.canaryWeight ?? 0;
  return (
    atLeast('stable', behind('web-stable'), Math.floor(((100 - weight) * replicas) / 100)) ??
    atLeast('canary', behind('web-canary'), weight > 0 && !empties ? 1 : 0)
  );
}

/** Of the default 25 %. */
const maxUnavailable = (replicas: number) => Math.floor(replicas / 4);

property('what serves never has fewer pods than the strategy promises', [world, fc.boolean()], (given, works) => {
  const at = released(given);
  if (!works) at.patchRollout({ spec: { template: podTemplate('bad') } });
  const complaints = watching(at, () => brokenPromise(at, given));
  settle(at);
  expect(complaints).toEqual([]);
});

property('the same seed gives the same transcript', [world], (given) => {
  const transcript = () => {
    const at = released(given);
    settle(at);
    return JSON.stringify(at.steps);
  };
  const first = transcript();
  expect(transcript() === first).toBe(true);
});

property(
  'a restart at any instant reaches the same end',
  [world, fc.array(instant(40_000), { maxLength: 4 })],
  (given, restarts) => {
    const undisturbed = released(given);
    settle(undisturbed);
    const restarted = released(given);
    for (const afterMs of restarts) {
      restarted.run(afterMs);
      restarted.restart();
    }
    settle(restarted);
    expect(outcome(restarted)).toEqual(outcome(undisturbed));
  },
);

property('a converged world plans nothing', [world], (given) => {
  const at = released(given);
  settle(at);
  const version = at.engine.store.resourceVersion;
  const seen = at.steps.length;
  at.restart();
  at.run(86_400_000);
  expect(at.engine.store.resourceVersion).toBe(version);
  const effects = at.steps.slice(seen).flatMap(({ plan }) => plan?.effects ?? []);
  expect(effects).toEqual([]);
});

const INTERVENTIONS: Record<string, (at: SimulatedWorld) => void> = {
  abort: (at) => at.patchStatus({ abort: true }),
  retry: (at) => at.patchStatus({ abort: false }),
  resume: (at) => at.patchStatus({ pauseConditions: null }),
  promoteFull: (at) => at.patchStatus({ promoteFull: true }),
  pause: (at) => at.patchRollout({ spec: { paused: true } }),
  unpause: (at) => at.patchRollout({ spec: { paused: false } }),
  grow: (at) => at.patchRollout({ spec: { replicas: 9 } }),
  shrink: (at) => at.patchRollout({ spec: { replicas: 2 } }),
  undo: (at) => at.patchRollout({ spec: { template: podTemplate('1') } }),
  third: (at) => at.patchRollout({ spec: { template: podTemplate('3') } }),
  restart: (at) => at.restart(),
};

const interventions = fc.array(fc.tuple(fc.constantFrom(...Object.keys(INTERVENTIONS)), instant(20_000)), {
  maxLength: 8,
});

property(
  'whatever people do meanwhile, the next good release becomes healthy and all pods are its own',
  [world, interventions],
  (given, acts) => {
    const at = released({ ...given, good: true });
    for (const [name, afterMs] of acts) {
      at.run(afterMs);
      INTERVENTIONS[name]?.(at);
    }
    at.run(1000);
    at.patchRollout({ spec: { paused: false, template: podTemplate('final') } });
    settle(at);
    expect(at.status.phase).toBe('Healthy');
    const scaledUp = at.replicaSets.filter(({ spec }) => spec.replicas !== 0);
    expect(scaledUp.map(({ spec }) => spec.replicas)).toEqual([at.rollout.spec.replicas]);
  },
);
