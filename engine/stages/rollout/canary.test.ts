import { expect, it } from 'vitest';
import { createSurroundings, HASH_ARGS, podTemplate, ROUTED, rolloutManifest } from './testing/manifests.ts';
import { SimulatedWorld, type WorldOptions } from './testing/simulated-world.ts';
import type { CanaryStrategy } from './types.ts';

const ANALYSIS = { templates: [{ templateName: 'success-rate' }], args: HASH_ARGS };
const STEPS: CanaryStrategy['steps'] = [
  { setWeight: 25 },
  { pause: { duration: '30s' } },
  { analysis: ANALYSIS },
  { setWeight: 50 },
  { pause: {} },
];

function deployed(canary: CanaryStrategy, options: WorldOptions = {}): SimulatedWorld {
  const world = new SimulatedWorld(options);
  createSurroundings(world);
  world.create(rolloutManifest(canary));
  expect(
    world.runUntil(() => world.status.phase === 'Healthy', 600_000),
    JSON.stringify(world.status),
  ).toBe(true);
  world.run(60_000);
  return world;
}

function release(world: SimulatedWorld, version: string): void {
  world.patchRollout({ spec: { template: podTemplate(version) } });
}

it('walks a routed canary through weight, pause, analysis and promotion', () => {
  const world = deployed({ ...ROUTED, steps: STEPS });
  expect(world.canaryWeight).toBe(0);
  expect(world.status.currentStepIndex).toBe(5);
  release(world, '2');
  expect(world.runUntil(() => world.status.currentStepIndex === 1)).toBe(true);
  expect(world.canaryWeight).toBe(25);
  expect(world.pods).toBe('1/4');
  expect(world.runUntil(() => world.status.currentStepIndex === 2)).toBe(true);
  expect(world.runUntil(() => world.status.currentStepIndex === 3)).toBe(true);
  expect(world.runs.map(({ status }) => status?.phase)).toEqual(['Successful']);
  expect(world.runUntil(() => world.status.phase === 'Paused')).toBe(true);
  expect(world.canaryWeight).toBe(50);
  expect(world.status.message).toBe('CanaryPauseStep');
  world.patchStatus({ pauseConditions: null });
  expect(world.runUntil(() => world.status.phase === 'Healthy')).toBe(true);
  world.run(5000);
  expect(world.canaryWeight).toBe(0);
  const hash = world.status.currentPodHash;
  expect(world.service('web-stable')?.spec.selector?.['rollouts-pod-template-hash']).toBe(hash);
  expect(world.service('web-canary')?.spec.selector?.['rollouts-pod-template-hash']).toBe(hash);
  world.run(60_000);
  expect(world.replicaSets.map(({ spec }) => spec.replicas).sort()).toEqual([0, 4]);
});

it('takes all traffic back in the plan that sees the failed run', () => {
  const world = deployed({ ...ROUTED, steps: STEPS }, { query: () => [0.5] });
  release(world, '2');
  expect(world.runUntil(() => world.status.abort === true)).toBe(true);
  const seen = world.steps.findIndex(
    ({ controller, plan }) => controller === 'rollouts-controller' && plan?.status?.abort === true,
  );
  const effects = world.steps[seen]?.plan?.effects ?? [];
  expect(effects).toContainEqual(
    expect.objectContaining({
      effect: 'patch',
      target: { kind: 'Ingress.networking.k8s.io', namespace: 'shop', name: 'web-web-canary' },
      patch: { metadata: { annotations: { 'nginx.ingress.kubernetes.io/canary-weight': '0' } } },
    }),
  );
  expect(world.canaryWeight).toBe(0);
  expect(world.status.message).toBe(
    'RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric "success-rate" assessed Failed due to failed (2) > failureLimit (1)',
  );
  expect(world.status.phase).toBe('Degraded');
  const stable = world.status.stableRS;
  expect(world.service('web-canary')?.spec.selector?.['rollouts-pod-template-hash']).toBe(stable);
  world.run(60_000);
  expect(world.pods).toBe('0/4');
});
