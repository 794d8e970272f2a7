import { describe, expect, it } from 'vitest';
import { ROUTED } from './testing/manifests.ts';
import { deadlineOf, deployed, promote, reach, release, sizes } from './testing/scenario.ts';

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
