import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSurroundings, HASH_ARGS, podTemplate, ROUTED, rolloutManifest } from './testing/manifests.ts';
import { SimulatedWorld } from './testing/simulated-world.ts';
import type { CanaryStep, CanaryStrategy } from './types.ts';

// One sequence of cases for everybody; a longer search is a matter of numRuns and another seed.
fc.configureGlobal({ seed: 20260105 });

const ANALYSIS = { templates: [{ templateName: 'success-rate' }], args: HASH_ARGS };

const step: fc.Arbitrary<CanaryStep> = fc.oneof(
  fc.integer({ min: 0, max: 100 }).map((setWeight) => ({ setWeight })),
  fc.integer({ min: 1, max: 60 }).map((duration) => ({ pause: { duration } })),
  fc.constant({ analysis: ANALYSIS }),
);

const canary: fc.Arbitrary<CanaryStrategy> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  dynamicStableScale: fc.boolean(),
});

const world = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  replicas: fc.integer({ min: 1, max: 8 }),
  canary,
  routed: fc.boolean(),
  good: fc.boolean(),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function released({ seed, replicas, canary, routed, good }: World): SimulatedWorld {
  const at = new SimulatedWorld({ seed, query: () => [good ? 1 : 0] });
  createSurroundings(at);
  const strategy = routed ? { ...ROUTED, ...canary } : { steps: canary.steps };
  at.create(rolloutManifest(strategy, { replicas }));
  expect(at.runUntil(() => at.status.phase === 'Healthy')).toBe(true);
  at.run(60_000);
  at.patchRollout({ spec: { template: podTemplate('2') } });
  return at;
}

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

it('weights sum to 100 in every plan, and are those of the Ingress', () => {
  fc.assert(
    fc.property(world, (given) => {
      const at = released(given);
      settle(at);
      for (const { plan } of at.steps) {
        const weights = (
          plan?.status?.canary as { weights?: { canary: { weight: number }; stable: { weight: number } } }
        )?.weights;
        if (weights !== undefined) expect(weights.canary.weight + weights.stable.weight).toBe(100);
      }
      expect(at.canaryWeight).toBe(at.status.canary?.weights?.canary.weight);
    }),
    { numRuns: 30 },
  );
}, 60_000);

it('an abort returns all traffic within one plan', () => {
  fc.assert(
    fc.property(world, fc.integer({ min: 0, max: 60_000 }), (given, afterMs) => {
      const at = released({ ...given, routed: true, canary: { ...given.canary, dynamicStableScale: false } });
      at.run(afterMs);
      const before = at.steps.length;
      at.patchStatus({ abort: true });
      at.runUntil(() => at.steps.slice(before).some(({ controller }) => controller === 'rollouts-controller'));
      expect(at.canaryWeight).toBe(0);
    }),
    { numRuns: 30 },
  );
}, 60_000);

it('a restart at any instant reaches the same end', () => {
  fc.assert(
    fc.property(world, fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 4 }), (given, restarts) => {
      const undisturbed = released(given);
      settle(undisturbed);
      const restarted = released(given);
      for (const afterMs of restarts) {
        restarted.run(afterMs);
        restarted.restart();
      }
      settle(restarted);
      expect(outcome(restarted)).toEqual(outcome(undisturbed));
    }),
    { numRuns: 30 },
  );
}, 60_000);

it('a converged world plans nothing', () => {
  fc.assert(
    fc.property(world, (given) => {
      const at = released(given);
      settle(at);
      const version = at.engine.store.resourceVersion;
      const seen = at.steps.length;
      at.restart();
      at.run(86_400_000);
      expect(at.engine.store.resourceVersion).toBe(version);
      const effects = at.steps.slice(seen).flatMap(({ plan }) => plan?.effects ?? []);
      expect(effects).toEqual([]);
    }),
    { numRuns: 30 },
  );
}, 60_000);

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

it('whatever people do meanwhile, the next good release becomes healthy and all pods are its own', () => {
  const intervention = fc.tuple(fc.constantFrom(...Object.keys(INTERVENTIONS)), fc.integer({ min: 0, max: 20_000 }));
  fc.assert(
    fc.property(world, fc.array(intervention, { maxLength: 8 }), (given, interventions) => {
      const at = released({ ...given, good: true });
      for (const [name, afterMs] of interventions) {
        at.run(afterMs);
        INTERVENTIONS[name]?.(at);
      }
      at.run(1000);
      at.patchRollout({ spec: { paused: false, template: podTemplate('final') } });
      settle(at);
      expect(at.status.phase).toBe('Healthy');
      const scaledUp = at.replicaSets.filter(({ spec }) => spec.replicas !== 0);
      expect(scaledUp.map(({ spec }) => spec.replicas)).toEqual([at.rollout.spec.replicas]);
    }),
    { numRuns: 30 },
  );
}, 60_000);
