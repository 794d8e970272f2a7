import { describe, expect, it } from 'vitest';
import { controllerReference } from '#kube/object.ts';
import {
  createSurroundings,
  HASH_ARGS,
  ROUTED,
  rolloutManifest,
  serviceManifest,
  templateManifest,
} from './testing/manifests.ts';
import { ANALYSIS, deployed, promote, reach, release, world } from './testing/scenario.ts';
import { NAMESPACE, SimulatedWorld } from './testing/simulated-world.ts';

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
    const at = deployed(
      { steps: [{ setWeight: 33 }, { pause: { duration: 30 } }] },
      { replicas: 3, progressDeadlineSeconds: 15 },
    );
    release(at, '2');
    reach(at, 'Healthy');
    expect(at.steps.some(({ plan }) => plan?.status?.phase === 'Degraded')).toBe(false);
  });

  it('rollouts/C39 a missing template degrades until it is there', () => {
    const at = world({
      ...ROUTED,
      steps: [{ setWeight: 25 }],
      analysis: { templates: [{ templateName: 'late' }], args: HASH_ARGS },
    });
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
    expect(
      at.runUntil(() => at.status.pauseConditions?.some(({ reason }) => reason === 'InconclusiveAnalysisRun') === true),
    ).toBe(true);
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
    expect(at.status.message).toContain(
      'Background analysis phase error/failed: Metric "success-rate" assessed Failed',
    );
  });
});

it('refuses what is not reproduced, by the field', () => {
  const at = world({ ...ROUTED, steps: [{ setWeight: 20 }, { plugin: { name: 'acme/step' } }] });
  at.run(1000);
  expect(at.status.message).toBe(
    'InvalidSpec: The Rollout "web" is invalid: spec.strategy.canary.steps[1].plugin: Forbidden: the step plugin "acme/step" is not reproduced by this engine',
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
  expect(at.status.message).toContain(
    'spec.strategy.canary.canaryService: Invalid value: "missing": service "missing" not found',
  );
  at.create(serviceManifest('missing'));
  reach(at, 'Healthy');
});
