import { describe, expect, it } from 'vitest';
import { podTemplate, templateManifest } from './testing/manifests.ts';
import { ANALYSIS, deployed, promote, reach, release } from './testing/scenario.ts';
import { NAMESPACE, type SimulatedWorld } from './testing/simulated-world.ts';
import { HASH_LABEL } from './types.ts';

const phases = (at: SimulatedWorld) => at.runs.map(({ status }) => status?.phase);
const terminated = (at: SimulatedWorld) => at.runs.map(({ spec }) => spec.terminate === true);
const step = { analysis: ANALYSIS };

function metricsOf(at: SimulatedWorld): object[] {
  const template = at.engine.store.get('AnalysisTemplate.argoproj.io', NAMESPACE, 'success-rate');
  return template?.spec?.metrics ?? [];
}

function setMetric(at: SimulatedWorld, metric: object): void {
  at.patch('AnalysisTemplate.argoproj.io', 'success-rate', { spec: { metrics: [metric] } });
}

describe('analyses of a rollout, as the end-to-end tests of Argo Rollouts see them', () => {
  it('rollouts/A35 an inline analysis is one run a step: one by the first pause, three at the end', () => {
    const pause = { pause: {} };
    const at = deployed({ steps: [{ setWeight: 25 }, step, pause, { setWeight: 50 }, step, { setWeight: 75 }, step] });
    expect(at.runs).toEqual([]);
    release(at, '2');
    reach(at, 'Paused');
    expect(phases(at)).toEqual(['Successful']);
    promote(at);
    reach(at, 'Healthy');
    expect(phases(at)).toEqual(['Successful', 'Successful', 'Successful']);
  });

  it('rollouts/A36 one failing template of several degrades the rollout', () => {
    const at = deployed({ steps: [{ setWeight: 25 }] }, {}, { query: (query) => [query.startsWith('other') ? 0 : 1] });
    const prometheus = { address: 'http://prometheus:9090', query: 'other{}' };
    at.create(templateManifest('other', { name: 'other', failureLimit: 0, provider: { prometheus } }));
    const analysis = { ...ANALYSIS, templates: [{ templateName: 'success-rate' }, { templateName: 'other' }] };
    at.patchRollout({
      spec: { template: podTemplate('2'), strategy: { canary: { steps: [{ setWeight: 25 }, { analysis }] } } },
    });
    reach(at, 'Degraded');
    expect(phases(at)).toEqual(['Failed']);
    expect(at.status.message).toContain('Metric "other" assessed Failed due to failed (1) > failureLimit (0)');
  });

  it('rollouts/A39 promoting from one analysis step to the next ends the first run and starts another', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, step, step, { pause: {} }] });
    release(at, '2');
    at.runUntil(() => at.status.currentStepIndex === 1 && at.runs.length === 1);
    // What the promote command writes while nothing is paused.
    at.patchStatus({ pauseConditions: null, currentStepIndex: 2 });
    at.runUntil(() => at.runs.length === 2);
    expect(terminated(at)).toEqual([true, false]);
    reach(at, 'Paused');
    expect(at.runs.map(({ metadata }) => metadata.labels?.['step-index'])).toEqual(['1', '2']);
    expect(phases(at)).toEqual(['Successful', 'Successful']);
  });

  it('rollouts/A40 runs of an older template are ended, an abort ends the current ones', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, step, { pause: {} }], analysis: ANALYSIS });
    release(at, '2');
    at.runUntil(() => at.runs.length === 2);
    const first = at.status.currentPodHash;
    release(at, '3');
    at.runUntil(() => at.runs.some(({ metadata }) => metadata.labels?.[HASH_LABEL] !== first));
    const older = at.runs.filter(({ metadata }) => metadata.labels?.[HASH_LABEL] === first);
    expect(older.map(({ spec }) => spec.terminate)).toEqual([true, true]);
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    expect(terminated(at).every(Boolean)).toBe(true);
  });

  it('rollouts/A40 runs go with the ReplicaSet of their template', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, step] }, { revisionHistoryLimit: 0 });
    release(at, '2');
    reach(at, 'Healthy');
    expect(at.runs).toHaveLength(1);
    release(at, '3');
    reach(at, 'Healthy');
    at.run(120_000);
    expect(at.runs.map(({ metadata }) => metadata.labels?.[HASH_LABEL])).toEqual([at.status.currentPodHash]);
  });

  it('rollouts/A40 within the rollback window there is no analysis', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, step], analysis: ANALYSIS }, { rollbackWindow: { revisions: 3 } });
    release(at, '2');
    reach(at, 'Healthy');
    at.run(60_000);
    const before = at.runs.length;
    release(at, '1');
    reach(at, 'Healthy');
    expect(at.runs).toHaveLength(before);
  });

  it('rollouts/A40 an inconclusive background run stands until it is promoted, then a new one is made', () => {
    const at = deployed({ steps: [{ setWeight: 25 }, { pause: {} }], analysis: ANALYSIS }, {}, { query: () => [0.5] });
    const [metric] = metricsOf(at);
    setMetric(at, { ...metric, failureCondition: 'result[0] < 0.1', failureLimit: 0, count: 1, interval: '10s' });
    release(at, '2');
    at.runUntil(() => at.status.message === 'InconclusiveAnalysisRun');
    at.run(60_000);
    expect(phases(at)).toEqual(['Inconclusive']);
    promote(at);
    at.runUntil(() => at.runs.length === 2);
    expect(at.runs.at(-1)?.metadata.name).toMatch(/\.1$/);
  });
});

describe('job and web metrics in a release', () => {
  const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'check', image: 'check:1' }] } } };
  const withTemplate = (at: SimulatedWorld, provider: object, condition = {}) =>
    setMetric(at, { name: 'smoke', provider, ...condition });
  const steps = [
    { setWeight: 25 },
    { analysis: { templates: [{ templateName: 'success-rate' }], args: ANALYSIS.args } },
    { pause: {} },
  ];

  function finish(at: SimulatedWorld, type: 'Complete' | 'Failed'): void {
    const [job] = at.engine.store.list('Job.batch', NAMESPACE);
    const patch = { status: { conditions: [{ type, status: 'True', reason: 'BackoffLimitExceeded' }] } };
    at.patch('Job.batch', job?.metadata.name ?? '', patch, 'status');
  }

  it.each([
    ['Complete', 'Paused', 'Successful'],
    ['Failed', 'Degraded', 'Failed'],
  ] as const)('a Job that ends %s makes the rollout %s', (type, phase, runPhase) => {
    const at = deployed({ steps });
    withTemplate(at, { job: { spec } });
    release(at, '2');
    at.runUntil(() => at.engine.store.list('Job.batch', NAMESPACE).length === 1);
    at.run(60_000);
    expect(phases(at)).toEqual(['Running']);
    finish(at, type);
    reach(at, phase);
    expect(phases(at)).toEqual([runPhase]);
  });

  it('a restart while a Job runs makes no second one', () => {
    const at = deployed({ steps });
    withTemplate(at, { job: { spec } });
    release(at, '2');
    at.runUntil(() => at.engine.store.list('Job.batch', NAMESPACE).length === 1);
    at.restart();
    at.run(60_000);
    finish(at, 'Complete');
    reach(at, 'Paused');
    expect(at.engine.store.list('Job.batch', NAMESPACE)).toHaveLength(1);
  });

  it('a Job that an abort overtakes is deleted', () => {
    const at = deployed({ steps });
    withTemplate(at, { job: { spec } });
    release(at, '2');
    at.runUntil(() => at.engine.store.list('Job.batch', NAMESPACE).length === 1);
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    at.run(10_000);
    const [job] = at.engine.store.list('Job.batch', NAMESPACE);
    expect(job === undefined || job.metadata.deletionTimestamp !== undefined).toBe(true);
    expect(phases(at)).toEqual(['Successful']);
  });

  it.each([
    ['a good answer', () => ({ status: 200, body: '{"errors": 0}' }), 'Paused'],
    ['a bad answer', () => ({ status: 200, body: '{"errors": 9}' }), 'Degraded'],
    [
      'a server that answers too late, again and again',
      () => ({ status: 200, body: '{}', delayMs: 60_000 }),
      'Degraded',
    ],
  ])('%s of a web metric', (_what, web, phase) => {
    const at = deployed({ steps }, {}, { web });
    const provider = { web: { url: 'http://web-canary.shop.svc/health', jsonPath: '{$.errors}', timeoutSeconds: 2 } };
    withTemplate(at, provider, { successCondition: 'result < 5' });
    release(at, '2');
    reach(at, phase);
  });
});
