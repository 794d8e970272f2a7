import { describe, expect, it } from 'vitest';
import { ANALYSIS, deployed, isNotBad, promote, reach, release, sizes, world } from './testing/scenario.ts';

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
        steps: [
          { setWeight: 100 },
          { pause: {} },
          { setWeight: 0 },
          { pause: {} },
          { setWeight: 100 },
          { analysis: ANALYSIS },
        ],
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
    const at = deployed({
      canaryService: 'web-canary',
      stableService: 'web-stable',
      steps: [{ setWeight: 50 }, { pause: {} }],
    });
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
    const at = deployed({ maxSurge: 1, maxUnavailable: 0 }, { progressDeadlineSeconds: 10 }, { podsWork: isNotBad });
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
