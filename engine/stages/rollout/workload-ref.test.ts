import { describe, expect, it } from 'vitest';
import type { Manifest } from '#kube/object.ts';
import { createSurroundings, podTemplate, rolloutManifest } from './testing/manifests.ts';
import { isNotBad, reach } from './testing/scenario.ts';
import { NAMESPACE, SimulatedWorld } from './testing/simulated-world.ts';
import { HASH_LABEL, type RolloutSpec, type WorkloadRef } from './types.ts';

const REF: WorkloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

function deployment(version: string, replicas = 2): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: NAMESPACE, generation: 1 },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: podTemplate(version) },
  };
}

function world(workloadRef: WorkloadRef, spec: Partial<RolloutSpec> = {}): SimulatedWorld {
  const at = new SimulatedWorld({ podsWork: isNotBad });
  createSurroundings(at);
  const { template: _, selector: _selector, ...rest } = rolloutManifest({}).spec as RolloutSpec;
  at.create({ ...rolloutManifest({}), spec: { ...rest, replicas: 2, workloadRef, ...spec } });
  return at;
}

const scaleOf = (at: SimulatedWorld) => at.engine.store.get('Deployment.apps', NAMESPACE, 'web')?.spec.replicas;
const setImage = (at: SimulatedWorld, version: string) =>
  at.patch('Deployment.apps', 'web', { spec: { template: podTemplate(version) } });

describe('workloadRef', () => {
  it('rollouts/C42 takes its template from a Deployment, and follows it', () => {
    const at = world(REF, {
      progressDeadlineSeconds: 10,
      strategy: { canary: { stableService: 'web-stable' } },
    });
    reach(at, 'Degraded');
    expect(at.status.message).toBe('InvalidSpec: The Rollout "web" is invalid: deployments.apps "shop/web" not found');
    expect(at.service('web-stable')?.spec.selector).toEqual({ app: 'web' });
    at.create(deployment('1'));
    reach(at, 'Healthy');
    at.run(10_000);
    expect(at.status.workloadObservedGeneration).toBe('1');
    expect(at.rollout.metadata.annotations?.['rollout.argoproj.io/workload-generation']).toBe('1');
    expect(at.service('web-stable')?.spec.selector?.[HASH_LABEL]).toBe(at.status.stableRS);
    setImage(at, 'bad');
    reach(at, 'Degraded');
    expect(at.status.workloadObservedGeneration).toBe('2');
    setImage(at, '2');
    reach(at, 'Healthy');
    at.patchRollout({ spec: { workloadRef: { name: 'gone' } } });
    reach(at, 'Degraded');
    at.patchRollout({ spec: { workloadRef: { name: 'web' } } });
    reach(at, 'Healthy');
    expect(at.rollout.spec.template).toBeUndefined();
    at.patchRollout({
      spec: { workloadRef: null, selector: { matchLabels: { app: 'web' } }, template: podTemplate('2') },
    });
    at.run(10_000);
    expect(at.status.phase).toBe('Healthy');
    expect(at.status.workloadObservedGeneration).toBeUndefined();
    expect(at.rollout.metadata.annotations?.['rollout.argoproj.io/workload-generation']).toBeUndefined();
  });

  it('rollouts/C43 refuses a template beside the reference', () => {
    const at = world(REF, { template: { metadata: { labels: { app: 'web' } } } });
    at.run(30_000);
    expect(at.status.conditions?.map(({ type, message }) => [type, message])).toEqual([
      ['InvalidSpec', 'The Rollout "web" is invalid: template must be empty for workload reference rollout'],
    ]);
  });

  it.each([
    ['apps/v1', 'StatefulSet', 'workload of type apps/StatefulSet is not supported'],
    ['v1', 'PodTemplate', 'spec.workloadRef.kind: PodTemplate is not reproduced by this engine'],
  ])('refuses %s %s', (apiVersion, kind, message) => {
    const at = world({ ...REF, apiVersion, kind });
    at.run(1000);
    expect(at.status.message).toBe(`InvalidSpec: The Rollout "web" is invalid: ${message}`);
  });

  it('rollouts/C44 scaleDown onsuccess and never', () => {
    for (const [scaleDown, expected] of [
      ['onsuccess', 0],
      ['never', 2],
      [undefined, 2],
    ] as const) {
      const at = world({ ...REF, scaleDown });
      at.create(deployment('1'));
      reach(at, 'Healthy');
      at.run(600_000);
      expect(scaleOf(at)).toBe(expected);
      expect(at.status.phase).toBe('Healthy');
    }
  });

  it('rollouts/C44 scaleDown progressively: as many pods less as are ready here, given back on failure', () => {
    const at = world({ ...REF, scaleDown: 'progressively' });
    at.create(deployment('1'));
    const seen = new Set<number | undefined>();
    at.runUntil(() => {
      seen.add(scaleOf(at));
      return scaleOf(at) === 0;
    });
    expect([...seen]).toEqual([2, 1, 0]);
    reach(at, 'Healthy');
    at.run(60_000);
    expect(scaleOf(at)).toBe(0);
    const failing = world({ ...REF, scaleDown: 'progressively' });
    failing.create(deployment('bad'));
    failing.run(3_600_000);
    expect(scaleOf(failing)).toBe(2);
  });
});
