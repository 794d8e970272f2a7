import { describe, expect, it } from 'vitest';
import { ROUTED } from './testing/manifests.ts';
import { ANALYSIS, deployed, isNotBad, promote, reach, release, sizes, world } from './testing/scenario.ts';
import type { SimulatedWorld } from './testing/simulated-world.ts';

/** Phases a world went through, repetitions left out. */
function phases(at: SimulatedWorld, since = 0): string[] {
  const all = at.steps
    .slice(since)
    .flatMap(({ controller, plan }) =>
      controller === 'rollouts-controller' && plan?.status !== undefined ? [String(plan.status.phase)] : [],
    );
  return all.filter((phase, index) => phase !== all[index - 1]);
}

describe('progress deadlines and what heals them', () => {
  it('rollouts/C07 late pods degrade, and heal; a pause does not count', () => {
    const late = { podDelayMaxMs: 20_000, podDelayMinMs: 10_000 };
    const at = world({ steps: [{ setWeight: 20 }, { pause: {} }] }, { replicas: 3, progressDeadlineSeconds: 5 }, late);
    reach(at, 'Degraded');
    reach(at, 'Healthy');
    at.run(60_000);
    const before = at.steps.length;
    release(at, '2');
    reach(at, 'Paused');
    expect(at.pods).toBe('1/3');
    at.run(60_000);
    expect(at.status.phase).toBe('Paused');
    promote(at);
    reach(at, 'Healthy');
    const seen = phases(at, before);
    const paused = seen.indexOf('Paused');
    expect(seen.slice(0, paused)).toContain('Degraded');
    expect(seen.slice(paused)).toContain('Degraded');
    expect(seen.at(-1)).toBe('Healthy');
  });

  it('rollouts/C08 pods that wait for their scale-down deadline are no lack of progress', () => {
    const at = deployed(
      { ...ROUTED, scaleDownDelaySeconds: 60, scaleDownDelayRevisionLimit: 1, steps: [{ setWeight: 50 }] },
      { progressDeadlineSeconds: 10 },
    );
    const before = at.steps.length;
    release(at, '2');
    reach(at, 'Healthy');
    at.run(120_000);
    expect(phases(at, before).at(-1)).toBe('Healthy');
    expect(phases(at, before)).not.toContain('Degraded');
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 4 });
  });

  it('rollouts/C36 a bad first version is replaced by a good one', () => {
    const at = world({ maxSurge: 1, maxUnavailable: 0 }, { progressDeadlineSeconds: 10 }, { podsWork: isNotBad });
    at.run(1000);
    release(at, 'bad');
    reach(at, 'Degraded');
    release(at, '2');
    reach(at, 'Healthy');
    at.run(60_000);
    expect(Object.values(sizes(at)).filter((size) => size > 0)).toEqual([4]);
  });

  it('rollouts/C37 a bad first version and another bad one', () => {
    const at = world(
      { maxSurge: 1, maxUnavailable: 0 },
      { progressDeadlineSeconds: 10, template: bad('1') },
      { podsWork: isNotBad },
    );
    reach(at, 'Degraded');
    release(at, 'bad-2');
    at.run(1000);
    reach(at, 'Degraded');
    expect(sizes(at)).toEqual({ rev1: 4, rev2: 1 });
  });

  it('rollouts/C38 a bad first version and a good one by steps', () => {
    const at = world(
      { maxSurge: 1, maxUnavailable: 0, steps: [{ setWeight: 50 }, { pause: { duration: '5s' } }] },
      { progressDeadlineSeconds: 10, template: bad('1') },
      { podsWork: isNotBad },
    );
    reach(at, 'Degraded');
    release(at, '2');
    reach(at, 'Healthy');
    at.run(60_000);
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 4 });
  });

  it('rollouts/C45 progressDeadlineAbort leaves a completed rollout alone', () => {
    const at = deployed({}, { progressDeadlineSeconds: 15, progressDeadlineAbort: true });
    at.run(16_000);
    at.patchRollout({ spec: { restartAt: '2026-01-05T09:05:00Z' } });
    at.run(600_000);
    expect(at.status.phase).toBe('Healthy');
    expect(phases(at)).not.toContain('Degraded');
    expect(at.status.abort).toBeUndefined();
  });
});

describe('changes in the middle', () => {
  it('rollouts/C32 promote skips the step, and promote --full everything', () => {
    const steps = [
      { pause: { duration: '24h' } },
      { analysis: { templates: [{ templateName: 'day-long' }] } },
      { pause: {} },
      { analysis: ANALYSIS },
    ];
    const at = deployed({ steps: [], analysis: { ...ANALYSIS, startingStep: 4 } }, {});
    at.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisTemplate',
      metadata: { name: 'day-long', namespace: 'shop' },
      spec: {
        metrics: [
          {
            name: 'day',
            interval: '12h',
            count: 3,
            provider: { prometheus: { address: 'http://prometheus:9090', query: 'x' } },
          },
        ],
      },
    });
    at.patchRollout({ spec: { strategy: { canary: { steps } } } });
    at.run(10_000);
    release(at, '2');
    reach(at, 'Paused');
    promote(at);
    expect(at.runUntil(() => at.runs.length === 1 && at.runs[0]?.status?.phase === 'Running')).toBe(true);
    expect([at.status.currentStepIndex, at.status.phase]).toEqual([1, 'Progressing']);
    at.patchStatus({ currentStepIndex: 2, pauseConditions: null });
    reach(at, 'Paused');
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    at.patchStatus({ promoteFull: true });
    reach(at, 'Healthy');
    expect(at.runs).toHaveLength(1);
  });

  it('rollouts/C41 template and replicas change together, twice', () => {
    const at = deployed(
      { steps: [{ setWeight: 10 }, { pause: {} }, { setWeight: 20 }, { pause: { duration: 5 } }] },
      { replicas: 2 },
    );
    at.patchRollout({ spec: { replicas: 3, template: bad('x', 'web:2') } });
    reach(at, 'Paused');
    at.patchRollout({ spec: { replicas: 4, template: bad('x', 'web:3') } });
    reach(at, 'Paused');
    promote(at);
    reach(at, 'Healthy');
    at.run(60_000);
    const { replicas, updatedReplicas, readyReplicas, availableReplicas } = at.status;
    expect([at.rollout.spec.replicas, replicas, updatedReplicas, readyReplicas, availableReplicas]).toEqual([
      4, 4, 4, 4, 4,
    ]);
  });
});

describe('rollbackWindow', () => {
  function versions(last: number): SimulatedWorld {
    const at = deployed(
      { steps: [{ setWeight: 50 }, { analysis: ANALYSIS }] },
      { replicas: 2, rollbackWindow: { revisions: 2 } },
    );
    for (let version = 2; version <= last; version++) {
      release(at, String(version));
      reach(at, 'Healthy');
      at.run(60_000);
    }
    return at;
  }

  it('rollouts/C46 a version within the window is promoted without analysis', () => {
    const at = versions(4);
    expect(at.runs).toHaveLength(3);
    release(at, '2');
    reach(at, 'Healthy');
    expect(at.runs).toHaveLength(3);
    expect(at.events()).not.toContain('RolloutPaused');
  });

  it('rollouts/C47 one outside of it goes through all steps', () => {
    const at = versions(5);
    expect(at.runs).toHaveLength(4);
    release(at, '2');
    reach(at, 'Healthy');
    expect(at.runs).toHaveLength(5);
  });

  it('rollouts/C21 an old version that still has pods is taken at once, without its steps', () => {
    const at = deployed(
      { ...ROUTED, scaleDownDelaySeconds: 3600, steps: [{ setWeight: 50 }, { pause: {} }] },
      { rollbackWindow: { revisions: 1 } },
    );
    release(at, '2');
    reach(at, 'Paused');
    promote(at);
    reach(at, 'Healthy');
    at.run(1000);
    release(at, '1');
    const before = at.time.now();
    reach(at, 'Healthy');
    expect(at.time.now() - before).toBeLessThan(1000);
    expect(at.events()).toContain('SkipSteps');
  });
});

function bad(version: string, image = `web:bad-${version}`) {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  };
}
