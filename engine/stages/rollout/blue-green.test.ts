import { describe, expect, it } from 'vitest';
import { blueGreenDeployed, blueGreenWorld, counts, GATE, revisionBehind, SERVICES } from './testing/blue-green.ts';
import { podTemplate } from './testing/manifests.ts';
import { deadlineOf, isNotBad, promote, reach, release, sizes } from './testing/scenario.ts';
import type { SimulatedWorld } from './testing/simulated-world.ts';

const ACTIVE = { activeService: 'web-active' } as const;

function services(at: SimulatedWorld): string {
  return `active ${revisionBehind(at, 'web-active')} preview ${revisionBehind(at, 'web-preview')}`;
}

describe('blue-green', () => {
  it('rollouts/B01 switches when the new version is whole, and keeps the old one for its delay', () => {
    const at = blueGreenDeployed(ACTIVE);
    expect(at.events()).toEqual([
      'RolloutAddedToInformer',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'ScalingReplicaSet',
      'RolloutCompleted',
      'SwitchService',
    ]);
    const seen = at.events().length;
    release(at, '2');
    expect(at.runUntil(() => revisionBehind(at, 'web-active') === '2')).toBe(true);
    reach(at, 'Healthy');
    expect(counts(at)).toBe('3/6/3/3/3');
    expect(at.events().slice(seen)).toEqual([
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'SwitchService',
      'RolloutCompleted',
    ]);
    at.run(60_000);
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 3 });
    expect(counts(at)).toBe('3/3/3/3/3');
  });

  it('never switches to a version with fewer pods than the old one', () => {
    const at = blueGreenDeployed({ ...ACTIVE, autoPromotionEnabled: true }, {}, { podsWork: isNotBad });
    release(at, 'bad');
    at.run(3_600_000);
    expect(revisionBehind(at, 'web-active')).toBe('1');
    expect(at.status.message).toContain('ProgressDeadlineExceeded');
    expect(sizes(at)).toEqual({ rev1: 3, rev2: 3 });
  });

  it('rollouts/B02 scaleDownDelayRevisionLimit counts the old versions that wait', () => {
    const delays = { scaleDownDelaySeconds: 86_400, scaleDownDelayRevisionLimit: 2 };
    const at = blueGreenDeployed({ ...ACTIVE, ...delays }, { replicas: 1 });
    release(at, '2');
    reach(at, 'Healthy');
    at.run(1000);
    expect(counts(at)).toBe('1/2/1/1/1');
    for (const version of ['3', '4']) {
      release(at, version);
      reach(at, 'Healthy');
      at.run(10_000);
    }
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 1, rev3: 1, rev4: 1 });
    expect(counts(at)).toBe('1/3/1/1/1');
    at.patchRollout({ spec: { strategy: { blueGreen: { scaleDownDelayRevisionLimit: 1 } } } });
    at.run(10_000);
    expect(sizes(at)).toEqual({ rev1: 0, rev2: 0, rev3: 1, rev4: 1 });
  });

  it.each([
    [false, false, 1],
    [true, true, 0],
  ])('rollouts/B03 progressDeadlineAbort %s: abort %s, %i preview pods', (progressDeadlineAbort, abort, pods) => {
    const at = blueGreenDeployed(
      { ...SERVICES, abortScaleDownDelaySeconds: 2 },
      { replicas: 1, progressDeadlineSeconds: 10, progressDeadlineAbort },
      { podsWork: isNotBad },
    );
    release(at, 'bad');
    reach(at, 'Degraded');
    expect(at.status.abort === true).toBe(abort);
    at.run(10_000);
    expect(sizes(at)).toEqual({ rev1: 1, rev2: pods });
    expect(revisionBehind(at, 'web-active')).toBe('1');
    expect(at.status.phase).toBe('Degraded');
    const types = at.status.conditions?.map(({ type }) => type).sort();
    expect(types).toEqual(['Available', 'Completed', 'Healthy', 'Progressing']);
  });

  it('rollouts/B04 the preview has previewReplicaCount pods until it is resumed', () => {
    const at = blueGreenDeployed(
      { ...SERVICES, previewReplicaCount: 1, autoPromotionEnabled: false, scaleDownDelaySeconds: 3600 },
      { replicas: 2 },
    );
    release(at, '2');
    reach(at, 'Paused');
    at.run(10_000);
    expect(counts(at)).toBe('2/3/1/2/2');
    promote(at);
    reach(at, 'Healthy');
    expect(counts(at)).toBe('2/4/2/2/2');
    expect(at.status.blueGreen?.scaleUpPreviewCheckPoint).toBeUndefined();
  });

  it('rollouts/B05 a paused preview does not time out, and promote --full skips the pause', () => {
    const at = blueGreenDeployed(
      { ...SERVICES, previewReplicaCount: 1, autoPromotionEnabled: false },
      { replicas: 2, progressDeadlineSeconds: 10 },
    );
    release(at, '2');
    reach(at, 'Paused');
    at.run(60_000);
    expect(at.status.phase).toBe('Paused');
    at.patchStatus({ promoteFull: true });
    reach(at, 'Healthy');
    expect(counts(at)).toBe('2/4/2/2/2');
  });

  it('rollouts/B06 promote --full ends the analysis before the switch and starts none after it', () => {
    const at = blueGreenDeployed({ ...SERVICES, prePromotionAnalysis: GATE, postPromotionAnalysis: GATE });
    release(at, '2');
    expect(at.runUntil(() => at.runs.length === 1)).toBe(true);
    at.patchStatus({ promoteFull: true });
    reach(at, 'Healthy');
    at.run(120_000);
    expect(at.runs).toHaveLength(1);
    expect(at.status.stableRS).toBe(at.status.currentPodHash);
  });

  it('rollouts/B07 analyses before and after the switch, and a fast way back within the delay', () => {
    const at = blueGreenDeployed(
      {
        ...SERVICES,
        autoPromotionEnabled: false,
        scaleDownDelaySeconds: 3600,
        prePromotionAnalysis: GATE,
        postPromotionAnalysis: GATE,
      },
      { replicas: 1 },
    );
    release(at, '2');
    reach(at, 'Paused');
    expect(at.runs.map(({ metadata, status }) => [metadata.labels?.['rollout-type'], status?.phase])).toEqual([
      ['PrePromotion', 'Successful'],
    ]);
    expect(services(at)).toBe('active 1 preview 2');
    promote(at);
    expect(at.runUntil(() => at.runs.length === 2 && at.status.message === 'waiting for analysis to complete')).toBe(
      true,
    );
    expect(services(at)).toBe('active 2 preview 2');
    expect(counts(at)).toBe('1/2/1/1/1');
    reach(at, 'Healthy');
    expect(at.runs.map(({ metadata }) => metadata.name.replace(/^web-\w+-/, ''))).toEqual(['2-post', '2-pre']);
    release(at, '1');
    const before = at.time.now();
    reach(at, 'Healthy');
    expect(at.time.now() - before).toBeLessThan(2000);
    expect(services(at)).toBe('active 3 preview 3');
    expect(at.runs).toHaveLength(2);
  });

  it('rollouts/B08 a failed analysis before the switch: never switched, and a retry makes it good', () => {
    let good = false;
    const at = blueGreenDeployed({ ...SERVICES, prePromotionAnalysis: GATE }, {}, { query: () => [good ? 1 : 0] });
    release(at, '2');
    reach(at, 'Degraded');
    expect(services(at)).toBe('active 1 preview 2');
    expect(at.status.message).toContain(
      'Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed: Metric "success-rate" assessed Failed',
    );
    at.run(120_000);
    expect(sizes(at)).toEqual({ rev1: 3, rev2: 0 });
    expect(services(at)).toBe('active 1 preview 2');
    good = true;
    at.patchStatus({ abort: false });
    reach(at, 'Healthy');
    expect(services(at)).toBe('active 2 preview 2');
    expect(at.runs).toHaveLength(2);
  });

  it('rollouts/B09 a failed analysis after the switch takes the traffic back in the plan that sees it', () => {
    const at = blueGreenDeployed({ ...SERVICES, postPromotionAnalysis: GATE }, {}, { query: () => [0] });
    release(at, '2');
    expect(at.runUntil(() => revisionBehind(at, 'web-active') === '2')).toBe(true);
    expect(at.runUntil(() => at.status.abort === true)).toBe(true);
    expect(services(at)).toBe('active 1 preview 2');
    expect(at.status.phase).toBe('Degraded');
    at.run(300_000);
    expect(sizes(at)).toEqual({ rev1: 3, rev2: 0 });
    expect(services(at)).toBe('active 1 preview 2');
    expect(at.status.phase).toBe('Degraded');
  });

  it('an abort leads back to stable even when the failed version has lost its pods', () => {
    let broken = false;
    const at = blueGreenDeployed({ ...SERVICES, postPromotionAnalysis: GATE }, {}, { query: () => [broken ? 0 : 1] });
    release(at, '2');
    expect(at.runUntil(() => revisionBehind(at, 'web-active') === '2')).toBe(true);
    broken = true;
    const name = `web-${at.status.currentPodHash}`;
    at.patch('ReplicaSet.apps', name, { status: { readyReplicas: 0, availableReplicas: 0 } }, 'status');
    expect(at.runUntil(() => at.status.abort === true)).toBe(true);
    expect(revisionBehind(at, 'web-active')).toBe('1');
  });

  it('going back to stable after the switch keeps all its pods, whatever previewReplicaCount says', () => {
    const at = blueGreenDeployed({ ...SERVICES, previewReplicaCount: 2, postPromotionAnalysis: GATE });
    release(at, '2');
    expect(at.runUntil(() => revisionBehind(at, 'web-active') === '2')).toBe(true);
    at.run(1000);
    release(at, '1');
    reach(at, 'Healthy');
    expect(services(at)).toBe('active 3 preview 3');
    at.run(60_000);
    expect(sizes(at)).toEqual({ rev2: 0, rev3: 3 });
  });

  it('pausing while the analysis after the switch runs is one condition, not two that alternate', () => {
    const at = blueGreenDeployed({ ...SERVICES, postPromotionAnalysis: GATE });
    release(at, '2');
    expect(at.runUntil(() => at.runs[0]?.status?.phase === 'Running')).toBe(true);
    const before = at.steps.length;
    at.patchRollout({ spec: { paused: true } });
    at.run(5000);
    expect(at.steps.length - before).toBeLessThan(20);
    expect(at.status.message).toBe('manually paused');
    at.patchRollout({ spec: { paused: false } });
    reach(at, 'Healthy');
  });

  it('rollouts/B10 everything at once: preview size, autoPromotionSeconds, a failure after the switch', () => {
    const at = blueGreenDeployed(
      {
        ...SERVICES,
        previewReplicaCount: 1,
        autoPromotionSeconds: 60,
        prePromotionAnalysis: GATE,
        postPromotionAnalysis: { templates: [{ templateName: 'failing' }] },
      },
      { replicas: 2 },
      { query: (query) => [query === 'failing' ? 0 : 1] },
    );
    release(at, '2');
    reach(at, 'Paused');
    expect(counts(at)).toBe('2/3/1/2/2');
    at.run(55_000);
    expect(revisionBehind(at, 'web-active')).toBe('1');
    expect(at.runUntil(() => revisionBehind(at, 'web-active') === '2', 60_000)).toBe(true);
    expect(sizes(at)).toEqual({ rev1: 2, rev2: 2 });
    reach(at, 'Degraded');
    expect(services(at)).toBe('active 1 preview 2');
    expect(sizes(at)).toEqual({ rev1: 2, rev2: 2 });
  });

  it('rollouts/B11 a third version after a failed one', () => {
    let good = false;
    const at = blueGreenDeployed(
      { ...SERVICES, autoPromotionEnabled: false, scaleDownDelaySeconds: 3600, postPromotionAnalysis: GATE },
      { replicas: 1 },
      { query: () => [good ? 1 : 0] },
    );
    release(at, '2');
    reach(at, 'Paused');
    promote(at);
    reach(at, 'Degraded');
    at.run(1000);
    good = true;
    release(at, '3');
    reach(at, 'Paused');
    expect(sizes(at)).toEqual({ rev1: 1, rev2: 1, rev3: 1 });
    expect(deadlineOf(at, 2)).toBeDefined();
    promote(at);
    reach(at, 'Healthy');
    at.run(1000);
    expect([deadlineOf(at, 1), deadlineOf(at, 2)].every((deadline) => deadline !== undefined)).toBe(true);
    expect(services(at)).toBe('active 3 preview 3');
  });

  it('rollouts/B12 conditions that kubectl wait can wait for', () => {
    const at = blueGreenDeployed({ ...SERVICES, autoPromotionEnabled: false });
    const condition = (type: string) => at.status.conditions?.find((item) => item.type === type)?.status;
    expect([condition('Paused'), condition('Healthy')]).toEqual([undefined, 'True']);
    release(at, '2');
    reach(at, 'Paused');
    at.run(1000);
    expect([condition('Paused'), condition('Healthy')]).toEqual(['True', 'False']);
    promote(at);
    reach(at, 'Healthy');
    at.run(1000);
    expect([condition('Paused'), condition('Healthy')]).toEqual(['False', 'True']);
  });

  it('autoPromotionEnabled false is not overruled by autoPromotionSeconds', () => {
    const at = blueGreenDeployed({ ...SERVICES, autoPromotionEnabled: false, autoPromotionSeconds: 10 });
    release(at, '2');
    reach(at, 'Paused');
    at.run(3_600_000);
    expect(at.status.phase).toBe('Paused');
    expect(services(at)).toBe('active 1 preview 2');
  });

  it('spec.paused holds the services but not the sizes', () => {
    const at = blueGreenDeployed(SERVICES);
    at.patchRollout({ spec: { paused: true, template: podTemplate('2') } });
    at.run(60_000);
    expect(at.status.message).toBe('manually paused');
    expect(services(at)).toBe('active 1 preview 1');
    expect(sizes(at)).toEqual({ rev1: 3, rev2: 3 });
    at.patchRollout({ spec: { paused: false } });
    reach(at, 'Healthy');
    expect(services(at)).toBe('active 2 preview 2');
  });

  it('an inconclusive analysis pauses, and resuming asks again', () => {
    let value = Number.NaN;
    const at = blueGreenDeployed(
      { ...SERVICES, prePromotionAnalysis: { templates: [{ templateName: 'unsure' }] } },
      {},
      {
        query: () => [value],
      },
    );
    release(at, '2');
    reach(at, 'Paused');
    expect(at.status.message).toBe('InconclusiveAnalysisRun');
    value = 1;
    promote(at);
    reach(at, 'Healthy');
    expect(at.runs.map(({ status }) => status?.phase)).toEqual(['Inconclusive', 'Successful']);
  });

  it('scales with spec.replicas, both versions while there are two', () => {
    const at = blueGreenDeployed({ ...SERVICES, autoPromotionEnabled: false });
    release(at, '2');
    reach(at, 'Paused');
    at.patchRollout({ spec: { replicas: 5 } });
    at.run(60_000);
    expect(sizes(at)).toEqual({ rev1: 5, rev2: 5 });
    expect(at.status.phase).toBe('Paused');
  });

  it('ephemeral metadata follows the switch', () => {
    const at = blueGreenDeployed({
      ...SERVICES,
      autoPromotionEnabled: false,
      previewMetadata: { labels: { role: 'preview' } },
      activeMetadata: { labels: { role: 'active' } },
    });
    release(at, '2');
    reach(at, 'Paused');
    const roles = () => at.replicaSets.map(({ spec }) => spec.template?.metadata?.labels?.role).sort();
    expect(roles()).toEqual(['active', 'preview']);
    promote(at);
    reach(at, 'Healthy');
    at.run(1000);
    expect(roles()).toEqual(['active', undefined]);
  });

  it('does nothing more in a world that has converged', () => {
    const at = blueGreenWorld({ ...SERVICES, prePromotionAnalysis: GATE, postPromotionAnalysis: GATE });
    reach(at, 'Healthy');
    release(at, '2');
    reach(at, 'Healthy');
    at.run(300_000);
    const version = at.engine.store.resourceVersion;
    at.restart();
    at.run(86_400_000);
    expect(at.engine.store.resourceVersion).toBe(version);
  });
});

it('rollouts/C48 from blue-green to canary: the services are given back', () => {
  const at = blueGreenDeployed(SERVICES, { replicas: 2 });
  at.patchRollout({
    spec: {
      template: podTemplate('2'),
      strategy: { blueGreen: null, canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
    },
  });
  reach(at, 'Paused');
  at.run(10_000);
  expect(counts(at)).toBe('2/2/1/2/2');
  expect(at.service('web-active')?.spec.selector).toEqual({ app: 'web' });
  expect(at.service('web-active')?.metadata.annotations ?? {}).toEqual({});
});
