import { describe, expect, it } from 'vitest';
import { controllerReference } from '#kube/object.ts';
import { createSurroundings, HASH_ARGS, podTemplate, ROUTED, rolloutManifest, serviceManifest, templateManifest } from './testing/manifests.ts';
import { NAMESPACE, SimulatedWorld, type WorldOptions } from './testing/simulated-world.ts';
import type { ReplicaSet } from './observe.ts';
import type { CanaryStrategy, RolloutSpec } from './types.ts';

const ANALYSIS = { templates: [{ templateName: 'success-rate' }], args: HASH_ARGS };
const DEADLINE = 'scale-down-deadline';

function world(canary: CanaryStrategy, spec: Partial<RolloutSpec> = {}, options: WorldOptions = {}): SimulatedWorld {
  const created = new SimulatedWorld(options);
  createSurroundings(created);
  created.create(rolloutManifest(canary, spec));
  return created;
}

function deployed(canary: CanaryStrategy, spec: Partial<RolloutSpec> = {}, options: WorldOptions = {}): SimulatedWorld {
  const created = world(canary, spec, options);
  reach(created, 'Healthy');
  created.run(60_000);
  return created;
}

function reach(at: SimulatedWorld, phase: string, limitMs = 600_000): void {
  expect(
    at.runUntil(() => at.status.phase === phase && at.status.observedGeneration === String(at.rollout.metadata.generation), limitMs),
    JSON.stringify(at.status),
  ).toBe(true);
}

function release(at: SimulatedWorld, version: string): void {
  at.patchRollout({ spec: { template: podTemplate(version) } });
}

function promote(at: SimulatedWorld): void {
  at.patchStatus({ pauseConditions: null });
}

function isNotBad(rs: ReplicaSet): boolean {
  const { containers } = rs.spec.template?.spec as { containers: { image: string }[] };
  return !containers[0]?.image.startsWith('web:bad');
}

function sizes(at: SimulatedWorld): Record<string, number> {
  return Object.fromEntries(
    at.replicaSets.map((rs) => [
      `rev${rs.metadata.annotations?.['rollout.argoproj.io/revision']}`,
      rs.spec.replicas ?? 0,
    ]),
  );
}

function deadlineOf(at: SimulatedWorld, revision: number): string | undefined {
  const rs = at.replicaSets.find(
    ({ metadata }) => metadata.annotations?.['rollout.argoproj.io/revision'] === String(revision),
  );
  return rs?.metadata.annotations?.[DEADLINE];
}

describe('canary with a router', () => {
  it('rollouts/C01 setCanaryScale', () => {
    const at = deployed({
      ...ROUTED,
      steps: [
        { pause: {} },
        { setCanaryScale: { weight: 25 } },
        { pause: { duration: 100 } },
        { setWeight: 50 },
        { pause: { duration: '10s' } },
        { setCanaryScale: { replicas: 3 } },
        { pause: {} },
        { setCanaryScale: { matchTrafficWeight: true } },
        { pause: { duration: 5 } },
      ],
    });
    const atStep = (index: number) =>
      at.runUntil(() => at.status.currentStepIndex === index && at.status.phase === 'Paused', 600_000);
    release(at, '2');
    expect(atStep(0)).toBe(true);
    expect(at.pods).toBe('0/4');
    promote(at);
    expect(atStep(2)).toBe(true);
    expect(at.pods).toBe('1/4');
    expect(atStep(4)).toBe(true);
    expect(at.pods).toBe('1/4');
    expect(at.canaryWeight).toBe(50);
    expect(atStep(6)).toBe(true);
    expect(at.pods).toBe('3/4');
    promote(at);
    expect(atStep(8)).toBe(true);
    expect(at.pods).toBe('2/4');
    reach(at, 'Healthy');
    expect(sizes(at)).toEqual({ rev1: 4, rev2: 4 });
    at.run(60_000);
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 4 });
  });

  it('rollouts/C09 scaleDownDelayRevisionLimit, and going back to a ReplicaSet with a deadline', () => {
    const at = deployed(
      { ...ROUTED, scaleDownDelayRevisionLimit: 1, scaleDownDelaySeconds: 3600, steps: [{ setWeight: 50 }] },
      { replicas: 1 },
    );
    release(at, '2');
    reach(at, 'Healthy');
    at.run(1000);
    expect(sizes(at)).toEqual({ rev1: 1, rev2: 1 });
    expect(deadlineOf(at, 1)).toBeDefined();
    release(at, '3');
    reach(at, 'Healthy');
    at.run(1000);
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 1, rev3: 1 });
    expect(deadlineOf(at, 1)).toBeUndefined();
    expect(deadlineOf(at, 2)).toBeDefined();
    release(at, '2');
    reach(at, 'Healthy');
    at.run(1000);
    expect(sizes(at)).toEqual({ rev1: 0, rev3: 1, rev4: 1 });
    expect(deadlineOf(at, 4)).toBeUndefined();
    expect(deadlineOf(at, 3)).toBeDefined();
  });

  it('rollouts/C10 abort scales the canary down after its delay', () => {
    const at = deployed({ ...ROUTED, abortScaleDownDelaySeconds: 1, steps: [{ setWeight: 50 }, { pause: {} }] });
    release(at, '2');
    reach(at, 'Paused');
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    expect(at.service('web-canary')?.spec.selector?.['rollouts-pod-template-hash']).toBe(at.status.stableRS);
    at.run(3000);
    expect(at.pods).toBe('0/4');
    expect(at.canaryWeight).toBe(0);
  });

  it('rollouts/C13 abortScaleDownDelaySeconds 0 keeps the canary', () => {
    const at = deployed({
      ...ROUTED,
      abortScaleDownDelaySeconds: 0,
      steps: [{ setCanaryScale: { replicas: 1 } }, { pause: {} }],
    });
    release(at, '2');
    reach(at, 'Paused');
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    at.run(120_000);
    expect(at.pods).toBe('1/4');
    expect(deadlineOf(at, 2)).toBeUndefined();
  });

  it('rollouts/C14 dynamicStableScale follows the weights and drains on abort', () => {
    const at = deployed({
      ...ROUTED,
      dynamicStableScale: true,
      steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 75 }, { pause: {} }],
    });
    release(at, '2');
    reach(at, 'Paused');
    at.run(1000);
    expect(at.pods).toBe('1/3');
    promote(at);
    expect(at.runUntil(() => at.status.currentStepIndex === 3 && at.status.phase === 'Paused')).toBe(true);
    at.run(1000);
    expect(at.pods).toBe('3/1');
    at.patchStatus({ abort: true });
    at.run(60_000);
    expect(at.pods).toBe('0/4');
    expect(at.canaryWeight).toBe(0);
    expect(at.service('web-canary')?.spec.selector?.['rollouts-pod-template-hash']).toBe(at.status.stableRS);
  });

  it('rollouts/C16 dynamicStableScale rollback to stable', () => {
    const at = deployed({ ...ROUTED, dynamicStableScale: true, steps: [{ setWeight: 25 }, { pause: {} }] });
    release(at, '2');
    reach(at, 'Paused');
    at.run(1000);
    release(at, '1');
    expect(at.runUntil(() => at.status.stableRS === at.status.currentPodHash)).toBe(true);
    at.run(60_000);
    expect(at.status.phase).toBe('Healthy');
    expect(sizes(at)).toEqual({ rev2: 0, rev3: 4 });
    const { canary, stable } = at.status.canary?.weights ?? {};
    expect([canary?.weight, stable?.weight]).toEqual([0, 100]);
    expect(canary?.podTemplateHash).toBe(stable?.podTemplateHash);
  });

  it('rollouts/C20 going back to the stable template skips the steps and raises its revision', () => {
    const at = deployed({ ...ROUTED, steps: [{ setWeight: 10 }, { pause: {} }] });
    release(at, '2');
    reach(at, 'Paused');
    release(at, '1');
    reach(at, 'Healthy');
    const rs = at.replicaSets.find(({ metadata }) => metadata.name === `web-${at.status.currentPodHash}`);
    expect(rs?.metadata.annotations?.['rollout.argoproj.io/revision']).toBe('3');
    expect(rs?.metadata.annotations?.['rollout.argoproj.io/revision-history']).toBe('1');
    expect(at.events()).toContain('SkipSteps');
  });

  it('rollouts/C26 a third template scales the second to zero', () => {
    const at = deployed({ ...ROUTED, steps: [{ setWeight: 50 }, { pause: {} }] });
    release(at, '2');
    reach(at, 'Paused');
    release(at, '3');
    at.run(60_000);
    expect(at.status.phase).toBe('Paused');
    expect(sizes(at)).toEqual({ rev1: 4, rev2: 0, rev3: 2 });
  });
});

describe('canary without a router', () => {
  it('rollouts/C02 scales while paused', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, { pause: {} }] }, { replicas: 1 });
    release(at, '2');
    reach(at, 'Paused');
    expect(at.pods).toBe('1/1');
    at.patchRollout({ spec: { replicas: 8 } });
    at.run(60_000);
    expect(at.pods).toBe('2/6');
    at.patchRollout({ spec: { replicas: 4 } });
    at.run(60_000);
    expect(at.pods).toBe('1/3');
    expect(at.status.phase).toBe('Paused');
  });

  it('rollouts/C03 scales with maxSurge during an update', () => {
    const at = deployed({ maxSurge: '100%' }, {}, { podsWork: isNotBad });
    release(at, 'bad');
    at.run(10_000);
    expect(at.pods).toBe('4/3');
    at.patchRollout({ spec: { replicas: 8 } });
    at.run(10_000);
    expect(at.pods).toBe('8/3');
    at.patchRollout({ spec: { replicas: 4 } });
    at.run(10_000);
    expect(at.pods).toBe('4/3');
  });

  it('rollouts/C04 scales during an update that gets no pods ready', () => {
    const at = deployed({ maxSurge: 2, maxUnavailable: 0 }, {}, { podsWork: isNotBad });
    release(at, 'bad');
    at.run(10_000);
    expect(at.pods).toBe('2/4');
    at.patchRollout({ spec: { replicas: 8 } });
    at.run(10_000);
    expect(at.pods).toBe('6/4');
    at.patchRollout({ spec: { replicas: 4 } });
    at.run(10_000);
    expect(at.pods).toBe('2/4');
  });

  it('rollouts/C05 reduces weight and honours maxUnavailable', () => {
    const at = deployed(
      {
        maxSurge: 2,
        maxUnavailable: 0,
        steps: [{ setWeight: 100 }, { pause: {} }, { setWeight: 0 }, { pause: {} }, { setWeight: 100 }, { analysis: ANALYSIS }],
      },
      { replicas: 3 },
      { query: () => [0] },
    );
    release(at, '2');
    reach(at, 'Paused');
    expect(at.pods).toBe('3/0');
    promote(at);
    expect(at.runUntil(() => at.status.currentStepIndex === 3 && at.status.phase === 'Paused')).toBe(true);
    promote(at);
    reach(at, 'Degraded');
    expect(at.runs).toHaveLength(1);
    at.run(60_000);
    expect(at.pods).toBe('0/3');
  });

  it('rollouts/C12 a third template while paused', () => {
    const at = deployed({ steps: [{ setWeight: 20 }, { pause: {} }] }, { replicas: 3 });
    release(at, '2');
    reach(at, 'Paused');
    release(at, '3');
    at.run(60_000);
    expect(at.status.phase).toBe('Paused');
    expect(sizes(at)).toEqual({ rev1: 3, rev2: 0, rev3: 1 });
  });

  it('rollouts/C11 abort points the canary service to stable and rolls back', () => {
    const at = deployed({ canaryService: 'web-canary', stableService: 'web-stable', steps: [{ setWeight: 50 }, { pause: {} }] });
    release(at, '2');
    reach(at, 'Paused');
    at.patchStatus({ abort: true });
    at.run(60_000);
    expect(at.status.phase).toBe('Degraded');
    expect(at.pods).toBe('0/4');
    expect(at.service('web-canary')?.spec.selector?.['rollouts-pod-template-hash']).toBe(at.status.stableRS);
  });

  it('rollouts/C31 abort, retry, promote: the events', () => {
    const at = world({ steps: [{ setWeight: 50 }, { pause: { duration: '3s' } }] }, { replicas: 1 });
    reach(at, 'Healthy');
    release(at, '2');
    reach(at, 'Paused');
    expect(at.pods).toBe('1/1');
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    at.run(30_000);
    at.patchStatus({ abort: false });
    reach(at, 'Paused');
    reach(at, 'Healthy');
    at.run(30_000);
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 1 });
    expect(at.events()).toEqual([
      'RolloutAddedToInformer',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'RolloutCompleted',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'RolloutStepCompleted',
      'RolloutPaused',
      'ScalingReplicaSet',
      'RolloutAborted',
      'ScalingReplicaSet',
      'RolloutStepCompleted',
      'RolloutPaused',
      'RolloutStepCompleted',
      'RolloutResumed',
      'ScalingReplicaSet',
      'RolloutCompleted',
    ]);
  });

  it('rollouts/C35 good to bad update times out, and to another bad one', () => {
    const at = deployed(
      { maxSurge: 1, maxUnavailable: 0 },
      { progressDeadlineSeconds: 10 },
      { podsWork: isNotBad },
    );
    release(at, 'bad1');
    reach(at, 'Degraded');
    expect(at.status.message).toBe(
      `ProgressDeadlineExceeded: ReplicaSet "web-${at.status.currentPodHash}" has timed out progressing.`,
    );
    expect(at.pods).toBe('1/4');
    release(at, 'bad2');
    at.run(1000);
    expect(at.status.phase).toBe('Progressing');
    reach(at, 'Degraded');
    expect(sizes(at)).toEqual({ rev1: 4, rev2: 0, rev3: 1 });
  });
});

describe('intent through spec and status', () => {
  it('rollouts/C17 spec.paused on a completed rollout', () => {
    const at = deployed({ steps: [{ setWeight: 20 }] }, { replicas: 3 });
    at.patchRollout({ spec: { paused: true } });
    at.run(10_000);
    expect(at.status.phase).toBe('Paused');
    expect(at.status.message).toBe('manually paused');
    const progressing = at.status.conditions?.find(({ type }) => type === 'Progressing');
    expect(progressing?.reason).not.toBe('RolloutPaused');
  });

  it('rollouts/C24 a pause step does not end while the user paused', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, { pause: { duration: 60 } }] });
    release(at, '2');
    reach(at, 'Paused');
    at.patchRollout({ spec: { paused: true } });
    at.run(300_000);
    expect(at.status.message).toBe('manually paused');
    expect(at.status.currentStepIndex).toBe(1);
    at.patchRollout({ spec: { paused: false } });
    reach(at, 'Healthy');
  });

  it('rollouts/C28 promote --full skips steps and analyses', () => {
    const at = deployed({
      maxSurge: 4,
      steps: [{ setWeight: 25 }, { pause: { duration: '24h' } }, { analysis: ANALYSIS }],
      analysis: { ...ANALYSIS, startingStep: 2 },
    });
    release(at, '2');
    reach(at, 'Paused');
    at.patchStatus({ promoteFull: true });
    reach(at, 'Healthy');
    expect(at.runs).toHaveLength(0);
    expect(at.status.promoteFull).toBeUndefined();
    expect(at.events()).toContain('RolloutCompleted');
  });

  it('rollouts/C23 an abort of a fully promoted rollout is dropped', () => {
    const at = deployed({ ...ROUTED, steps: [{ setWeight: 25 }] });
    at.patchStatus({ abort: true });
    at.run(10_000);
    expect(at.status.abort).toBeUndefined();
    expect(at.status.phase).toBe('Healthy');
    expect(at.status.currentStepIndex).toBe(1);
  });

  it('rollouts/C40 a pause longer than the deadline is no lack of progress', () => {
    const at = deployed({ steps: [{ setWeight: 33 }, { pause: { duration: 30 } }] }, { replicas: 3, progressDeadlineSeconds: 15 });
    release(at, '2');
    reach(at, 'Healthy');
    expect(at.steps.some(({ plan }) => plan?.status?.phase === 'Degraded')).toBe(false);
  });

  it('rollouts/C39 a missing template degrades until it is there', () => {
    const at = world({ ...ROUTED, steps: [{ setWeight: 25 }], analysis: { templates: [{ templateName: 'late' }], args: HASH_ARGS } });
    at.run(30_000);
    expect(at.status.phase).toBe('Degraded');
    expect(at.status.message).toBe(
      'InvalidSpec: The Rollout "web" is invalid: spec.strategy.canary.analysis.templates: Invalid value: "late": AnalysisTemplate \'late\' not found',
    );
    at.create(templateManifest('late'));
    reach(at, 'Healthy', 20_000);
  });

  it('rollouts/C33 restartAt replaces as many old pods as maxUnavailable allows', () => {
    const at = deployed({ maxUnavailable: '75%' });
    const owner = controllerReference(at.replicaSets[0] as never);
    for (const index of [1, 2, 3, 4]) {
      const metadata = { name: `pod-${index}`, namespace: NAMESPACE, labels: { app: 'web' }, ownerReferences: [owner] };
      at.create({ apiVersion: 'v1', kind: 'Pod', metadata });
      const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-05T09:00:00Z' };
      at.patch('Pod', `pod-${index}`, { status: { conditions: [ready] } }, 'status');
    }
    at.patchRollout({ spec: { restartAt: '2026-01-05T09:30:00Z' } });
    at.run(60_000);
    expect(at.status.message).toBe('rollout is restarting');
    at.run(1_800_000);
    expect(at.engine.store.list('Pod', NAMESPACE)).toHaveLength(1);
    at.engine.resources.delete({ kind: 'Pod', namespace: NAMESPACE, name: 'pod-4' });
    at.run(60_000);
    expect(at.status.restartedAt).toBe('2026-01-05T09:30:00Z');
    expect(at.status.phase).toBe('Healthy');
  });
});

describe('background analysis', () => {
  const background = { ...ANALYSIS, templates: [{ templateName: 'endless' }] };

  function withBackground(query: () => number[], metric: Record<string, unknown> = {}): SimulatedWorld {
    const at = new SimulatedWorld({ query });
    createSurroundings(at);
    at.create(templateManifest('endless', { count: undefined, interval: '5s', ...metric }));
    at.create(rolloutManifest({ ...ROUTED, steps: [{ setWeight: 25 }, { pause: {} }], analysis: background }));
    reach(at, 'Healthy');
    at.run(60_000);
    return at;
  }

  it('rollouts/A33 runs beside the steps and ends with them', () => {
    const at = withBackground(() => [1]);
    expect(at.runs).toHaveLength(0);
    release(at, '2');
    reach(at, 'Paused');
    at.run(60_000);
    expect(at.runs.map(({ status }) => status?.phase)).toEqual(['Running']);
    expect(at.runs[0]?.status?.metricResults?.[0]?.measurements).toHaveLength(10);
    promote(at);
    reach(at, 'Healthy');
    at.run(1000);
    expect(at.runs.map(({ status }) => [status?.phase, status?.message])).toEqual([['Successful', 'Run Terminated']]);
  });

  it('rollouts/A34 an inconclusive run pauses', () => {
    const at = withBackground(() => [Number.NaN], {
      successCondition: 'result[0] >= 0.9',
      failureCondition: 'result[0] < 0.9',
      inconclusiveLimit: 3,
    });
    release(at, '2');
    expect(at.runUntil(() => at.status.pauseConditions?.some(({ reason }) => reason === 'InconclusiveAnalysisRun') === true)).toBe(true);
    expect(at.runs[0]?.status?.message).toBe(
      'Metric "success-rate" assessed Inconclusive due to inconclusive (4) > inconclusiveLimit (3)',
    );
    expect(at.status.phase).toBe('Paused');
  });

  it('a failing background run aborts', () => {
    const at = withBackground(() => [0]);
    release(at, '2');
    expect(at.runUntil(() => at.status.abort === true)).toBe(true);
    expect(at.canaryWeight).toBe(0);
    expect(at.status.message).toContain('Background analysis phase error/failed: Metric "success-rate" assessed Failed');
  });
});

it('refuses what is not reproduced, by the field', () => {
  const at = world({ ...ROUTED, steps: [{ setWeight: 20 }, { experiment: {} }] });
  at.run(1000);
  expect(at.status.message).toBe(
    'InvalidSpec: The Rollout "web" is invalid: spec.strategy.canary.steps[1].experiment: Forbidden: a experiment step is not reproduced by this engine',
  );
});

it('does nothing more in a world that has converged', () => {
  const at = deployed({ ...ROUTED, steps: [{ setWeight: 25 }, { analysis: ANALYSIS }] });
  release(at, '2');
  reach(at, 'Healthy');
  at.run(120_000);
  const version = at.engine.store.resourceVersion;
  const steps = at.steps.length;
  at.run(86_400_000);
  expect(at.engine.store.resourceVersion).toBe(version);
  expect(at.steps.length - steps).toBeLessThan(5);
});

it('heals when a missing service appears', () => {
  const at = world({ ...ROUTED, canaryService: 'missing', steps: [] });
  at.run(1000);
  expect(at.status.message).toContain('spec.strategy.canary.canaryService: Invalid value: "missing": service "missing" not found');
  at.create(serviceManifest('missing'));
  reach(at, 'Healthy');
});
