import { describe, expect, it } from 'vitest';
import type { Plan } from '#control/plan.ts';
import { computePodTemplateHash, computeStepHash } from './hash.ts';
import type { ReplicaSet, RolloutObservation } from './observe.ts';
import { planRollout } from './plan.ts';
import { podTemplate, serviceManifest } from './testing/manifests.ts';
import { HASH_LABEL, type Rollout, type RolloutSpec, type RolloutStatus } from './types.ts';

const NOW_MS = Date.parse('2026-01-05T10:00:00Z');
const META = { namespace: 'shop', resourceVersion: '1', creationTimestamp: '2026-01-05T09:00:00Z' };
const hashOf = (version: number) => computePodTemplateHash(podTemplate(String(version)));

interface Set {
  revision: number;
  /** spec.replicas, and the available ones if they are fewer. */
  spec: number;
  available?: number;
  deadline?: string;
}

function replicaSet({ revision, spec, available = spec, deadline }: Set, replicas: number): ReplicaSet {
  const hash = hashOf(revision);
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...META,
      name: `web-${hash}`,
      uid: `rs-${revision}`,
      creationTimestamp: `2026-01-05T09:0${revision}:00Z`,
      labels: { app: 'web', [HASH_LABEL]: hash },
      annotations: {
        'rollout.argoproj.io/revision': String(revision),
        'rollout.argoproj.io/desired-replicas': String(replicas),
        ...(deadline === undefined ? {} : { 'scale-down-deadline': deadline }),
      },
      ownerReferences: [
        { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: 'u', controller: true },
      ],
    },
    spec: { replicas: spec, selector: { matchLabels: { app: 'web' } }, template: podTemplate(String(revision)) },
    status: { replicas: spec, readyReplicas: available, availableReplicas: available },
  } as unknown as ReplicaSet;
}

/** One pass over a rollout in the middle of an update: of the highest revision, the stable one being `stable`. */
function pass(
  spec: Partial<RolloutSpec>,
  status: RolloutStatus,
  sets: Set[],
  stable = 1,
): Plan & { status: RolloutStatus } {
  const latest = Math.max(...sets.map(({ revision }) => revision));
  const canary = spec.strategy?.canary ?? {};
  const replicas = spec.replicas ?? 10;
  const rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: {
      ...META,
      name: 'web',
      uid: 'u',
      generation: 1,
      annotations: { 'rollout.argoproj.io/revision': String(latest) },
    },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: podTemplate(String(latest)), ...spec },
    status: {
      currentPodHash: hashOf(latest),
      currentStepHash: computeStepHash(canary.steps),
      stableRS: hashOf(stable),
      observedGeneration: '1',
      ...status,
    },
  } as Rollout;
  const services = ['web-stable', 'web-canary'].map((name) => {
    const of = name === 'web-stable' ? stable : latest;
    const manifest = serviceManifest(name);
    const annotations = { 'argo-rollouts.argoproj.io/managed-by-rollouts': 'web' };
    const selector = { app: 'web', [HASH_LABEL]: hashOf(of) };
    return {
      ...manifest,
      metadata: { ...META, name, uid: name, annotations },
      spec: { ...(manifest.spec as object), selector },
    };
  });
  const observation = {
    rollout,
    replicaSets: sets.map((set) => replicaSet(set, replicas)),
    services: new Map(services.map((service) => [service.metadata.name, service])),
    ingresses: new Map([['web', INGRESS]]),
    runs: [],
    experiments: [],
    templates: new Map(),
    clusterTemplates: new Map(),
    pods: new Map(),
    budgets: [],
  } as unknown as RolloutObservation;
  return planRollout(observation, NOW_MS) as Plan & { status: RolloutStatus };
}

const INGRESS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { ...META, name: 'web', uid: 'i' },
  spec: {
    rules: [
      {
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: 'web-stable', port: { number: 80 } } } },
          ],
        },
      },
    ],
  },
};
const ROUTED = {
  canaryService: 'web-canary',
  stableService: 'web-stable',
  trafficRouting: { nginx: { stableIngress: 'web' } },
};

/** Sizes the plan asks for, by revision. */
function resized(plan: Plan): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const effect of plan.effects) {
    const size =
      effect.effect === 'patch' ? (effect.patch.spec as { replicas?: number } | undefined)?.replicas : undefined;
    if (effect.effect !== 'patch' || effect.target.kind !== 'ReplicaSet.apps' || size === undefined) continue;
    const revision = [1, 2, 3].find((candidate) => effect.target.name === `web-${hashOf(candidate)}`);
    sizes[`rev${revision}`] = size;
  }
  return sizes;
}

const weightOf = (plan: { status: RolloutStatus }) => plan.status.canary?.weights?.canary.weight;

describe('one pass', () => {
  it('rollouts/C19 past the last step stable gives up what availability allows, and nothing else happens', () => {
    const strategy = { canary: { maxSurge: 3, maxUnavailable: 0, steps: [{ setWeight: 10 }] } };
    const plan = pass({ strategy }, { currentStepIndex: 1 }, [
      { revision: 1, spec: 9 },
      { revision: 2, spec: 4 },
    ]);
    expect(resized(plan)).toEqual({ rev1: 6 });
    expect(plan.effects).toHaveLength(1);
  });

  it('rollouts/C22 an abort scales stable in the pass that sees it', () => {
    const strategy = { canary: { maxSurge: 1, maxUnavailable: 0, steps: [{ setWeight: 10 }, { pause: {} }] } };
    const plan = pass({ strategy }, { currentStepIndex: 1, abort: true }, [
      { revision: 1, spec: 9 },
      { revision: 2, spec: 1 },
    ]);
    expect(resized(plan)).toEqual({ rev1: 10 });
    expect([plan.status.currentStepIndex, plan.status.phase, plan.status.message]).toEqual([
      0,
      'Degraded',
      'RolloutAborted: Rollout aborted update to revision 2',
    ]);
    expect(plan.status.abortedAt).toBe('2026-01-05T10:00:00Z');
  });

  it('rollouts/C25 an interrupted version keeps its pods while the weights name it', () => {
    const weights = {
      canary: { weight: 100, serviceName: 'web-canary', podTemplateHash: hashOf(2) },
      stable: { weight: 0, serviceName: 'web-stable', podTemplateHash: hashOf(1) },
    };
    const strategy = { canary: { ...ROUTED, steps: [{ setWeight: 100 }, { pause: {} }] } };
    const plan = pass({ replicas: 5, strategy }, { currentStepIndex: 0, canary: { weights } }, [
      { revision: 1, spec: 5 },
      { revision: 2, spec: 5 },
      { revision: 3, spec: 5, available: 0 },
    ]);
    expect(resized(plan)).toEqual({});
  });

  it.each([
    [10, 5, undefined],
    [10, 10, 'Completed all 1 canary steps'],
    [1, 2, 'Completed all 1 canary steps'],
  ])('rollouts/C29 %i wanted, %i available: promoted %s', (replicas, available, reason) => {
    const strategy = { canary: { ...ROUTED, steps: [{ setWeight: 10 }] } };
    const plan = pass({ replicas, strategy }, { currentStepIndex: 1 }, [
      { revision: 1, spec: replicas },
      { revision: 2, spec: Math.max(replicas, available), available },
    ]);
    const completed = plan.events.find((event) => event.reason === 'RolloutCompleted');
    expect(completed?.message).toBe(reason && `Rollout completed update to revision 2 (${hashOf(2)}): ${reason}`);
  });

  it.each([
    [1, 10],
    [0, 0],
  ])('rollouts/C49 a canary with %i pods of 1 gets weight %i', (available, weight) => {
    const strategy = { canary: { ...ROUTED, steps: [{ setWeight: 10 }] } };
    const plan = pass({ strategy }, { currentStepIndex: 0 }, [
      { revision: 1, spec: 10 },
      { revision: 2, spec: 1, available },
    ]);
    expect(weightOf(plan)).toBe(weight);
  });

  it('rollouts/C49 the weight of the step before stays until the pods of this one are there; none when promoted', () => {
    const strategy = { canary: { ...ROUTED, steps: [{ setWeight: 10 }, { setWeight: 50 }] } };
    const waiting = pass({ strategy }, { currentStepIndex: 1 }, [
      { revision: 1, spec: 10 },
      { revision: 2, spec: 5, available: 2 },
    ]);
    expect(weightOf(waiting)).toBe(10);
    const promoted = pass({ strategy }, { currentStepIndex: 2, stableRS: hashOf(2) }, [{ revision: 2, spec: 10 }], 2);
    expect(weightOf(promoted)).toBe(0);
  });

  it.each([
    ['gives back what stable can take', 100, 1, 4, 80],
    ['never goes up again', 0, 4, 0, 0],
  ])('rollouts/C50 dynamicStableScale, aborted: %s', (_what, weight, stableAvailable, canaryPods, wanted) => {
    const weights = {
      canary: { weight, serviceName: 'web-canary', podTemplateHash: hashOf(2) },
      stable: { weight: 100 - weight, serviceName: 'web-stable', podTemplateHash: hashOf(1) },
    };
    const strategy = { canary: { ...ROUTED, dynamicStableScale: true, steps: [{ pause: {} }] } };
    const plan = pass({ replicas: 5, strategy }, { currentStepIndex: 0, abort: true, canary: { weights } }, [
      { revision: 1, spec: 5, available: stableAvailable },
      { revision: 2, spec: canaryPods },
    ]);
    expect(weightOf(plan)).toBe(wanted);
  });

  it('rollouts/C51 the former stable version gets a deadline after promotion', () => {
    const strategy = { canary: ROUTED };
    const plan = pass(
      { replicas: 1, strategy },
      { stableRS: hashOf(2) },
      [
        { revision: 1, spec: 1 },
        { revision: 2, spec: 1 },
      ],
      2,
    );
    expect(plan.effects).toContainEqual({
      effect: 'patch',
      target: { kind: 'ReplicaSet.apps', namespace: 'shop', name: `web-${hashOf(1)}` },
      patch: { metadata: { annotations: { 'scale-down-deadline': '2026-01-05T10:00:30Z' } } },
    });
    expect(resized(plan)).toEqual({});
    expect(plan.wakeAtMs).toBe(NOW_MS + 30_000);
  });

  it.each<[string, Partial<Set>, Record<string, number>, string | undefined]>([
    ['deadline passed', { deadline: '2026-01-05T09:59:59Z' }, { rev2: 0 }, undefined],
    ['deadline not passed', { deadline: '2026-01-05T10:00:10Z' }, {}, undefined],
    ['no deadline yet', {}, {}, '2026-01-05T10:00:05Z'],
  ])('rollouts/C56 an aborted canary: %s', (_what, canary, sizes, deadline) => {
    const strategy = {
      canary: { ...ROUTED, abortScaleDownDelaySeconds: 5, steps: [{ setWeight: 10 }, { pause: {} }] },
    };
    const plan = pass({ strategy }, { currentStepIndex: 1, abort: true }, [
      { revision: 1, spec: 10 },
      { revision: 2, spec: 1, ...canary },
    ]);
    expect(resized(plan)).toEqual(sizes);
    const set = plan.effects.flatMap((effect) =>
      effect.effect === 'patch' && effect.target.kind === 'ReplicaSet.apps'
        ? [(effect.patch.metadata as { annotations?: Record<string, string> })?.annotations?.['scale-down-deadline']]
        : [],
    );
    expect(set.find((value) => typeof value === 'string')).toBe(deadline);
  });
});
