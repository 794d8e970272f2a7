import { describe, expect, it } from 'vitest';
import { controllerReference } from '#kube/object.ts';
import { ROUTED } from './testing/manifests.ts';
import { deadlineOf, deployed, promote, reach, release, sizes } from './testing/scenario.ts';
import { NAMESPACE, type SimulatedWorld } from './testing/simulated-world.ts';

/** Pods as objects, which the numbers of the simulated ReplicaSets do not know of. */
function createPods(at: SimulatedWorld, count: number): void {
  const owner = controllerReference(at.replicaSets[0] as never);
  for (let index = 1; index <= count; index++) {
    const metadata = { name: `pod-${index}`, namespace: NAMESPACE, labels: { app: 'web' }, ownerReferences: [owner] };
    at.create({ apiVersion: 'v1', kind: 'Pod', metadata });
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-05T09:00:00Z' };
    at.patch('Pod', `pod-${index}`, { status: { phase: 'Running', conditions: [ready] } }, 'status');
  }
}

describe('restart', () => {
  it('rollouts/C34 a PodDisruptionBudget keeps pods from being restarted for as long as it stands', () => {
    const at = deployed({ maxUnavailable: '100%' });
    createPods(at, 4);
    at.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { minAvailable: 4, selector: { matchLabels: { app: 'web' } } },
    });
    at.run(1000);
    const restartAt = new Date(at.time.now() + 10_000).toISOString().replace(/\.\d+Z/, 'Z');
    at.patchRollout({ spec: { restartAt } });
    at.run(120_000);
    expect(at.engine.store.list('Pod', NAMESPACE)).toHaveLength(4);
    expect(at.status.message).toBe('rollout is restarting');
    at.patch('PodDisruptionBudget.policy', 'web', { spec: { minAvailable: 3 } });
    at.run(31_000);
    expect(at.engine.store.list('Pod', NAMESPACE)).toHaveLength(3);
    at.engine.resources.delete({ kind: 'PodDisruptionBudget.policy', namespace: NAMESPACE, name: 'web' });
    at.run(31_000);
    expect(at.engine.store.list('Pod', NAMESPACE)).toHaveLength(0);
    at.run(31_000);
    expect(at.status.restartedAt).toBe(restartAt);
  });
});

describe('antiAffinity', () => {
  it('keeps new pods off the nodes of stable ones, and goes with the promotion', () => {
    const preferred = { preferredDuringSchedulingIgnoredDuringExecution: { weight: 50 } };
    const at = deployed({ antiAffinity: preferred, steps: [{ setWeight: 50 }, { pause: {} }] });
    const affinityOf = (revision: number) =>
      at.replicaSets.find(({ metadata }) => metadata.annotations?.['rollout.argoproj.io/revision'] === String(revision))
        ?.spec.template?.spec?.affinity;
    expect(affinityOf(1)).toBeUndefined();
    release(at, '2');
    reach(at, 'Paused');
    expect(affinityOf(2)).toEqual({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 50,
            podAffinityTerm: {
              labelSelector: {
                matchExpressions: [{ key: 'rollouts-pod-template-hash', operator: 'In', values: [at.status.stableRS] }],
              },
              namespaces: [NAMESPACE],
              topologyKey: 'kubernetes.io/hostname',
            },
          },
        ],
      },
    });
    promote(at);
    reach(at, 'Healthy');
    at.run(60_000);
    expect(at.replicaSets).toHaveLength(2);
    const hash = at.status.stableRS;
    at.patchRollout({ spec: { minReadySeconds: 1 } });
    at.run(10_000);
    expect(at.status.stableRS).toBe(hash);
    expect(affinityOf(2)).toBeUndefined();
  });
});

describe('dynamicStableScale', () => {
  it('rollouts/C15 with an explicit delay the canary stays until stable is whole, then for the delay', () => {
    const at = deployed({
      ...ROUTED,
      dynamicStableScale: true,
      abortScaleDownDelaySeconds: 30,
      steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 75 }, { pause: {} }],
    });
    release(at, '2');
    reach(at, 'Paused');
    promote(at);
    expect(at.runUntil(() => at.status.currentStepIndex === 3 && at.status.phase === 'Paused')).toBe(true);
    at.run(1000);
    expect(at.pods).toBe('3/1');
    const weights: (number | undefined)[] = [];
    at.patchStatus({ abort: true });
    expect(
      at.runUntil(() => {
        if (weights.at(-1) !== at.canaryWeight) weights.push(at.canaryWeight);
        return at.canaryWeight === 0;
      }),
    ).toBe(true);
    expect(weights).toEqual([75, 25, 0]);
    at.run(1000);
    expect(sizes(at)).toEqual({ rev1: 4, rev2: 3 });
    expect(deadlineOf(at, 2)).toBeDefined();
    at.run(40_000);
    expect(sizes(at)).toEqual({ rev1: 4, rev2: 0 });
    expect(at.service('web-canary')?.spec.selector?.['rollouts-pod-template-hash']).toBe(at.status.stableRS);
  });
});
