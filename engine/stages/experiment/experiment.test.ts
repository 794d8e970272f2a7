import { describe, expect, it } from 'vitest';
import type { Manifest } from '#kube/object.ts';
import { createSurroundings, podTemplate, singleMeasurement, templateManifest } from '../rollout/testing/manifests.ts';
import { ANALYSIS, deployed, isNotBad, promote, reach, release } from '../rollout/testing/scenario.ts';
import { NAMESPACE, SimulatedWorld, type WorldOptions } from '../rollout/testing/simulated-world.ts';
import type { ExperimentSpec, ExperimentTemplate } from './types.ts';

function template(name: string, version = '1', more: Partial<ExperimentTemplate> = {}): ExperimentTemplate {
  const labels = { app: 'web', version: name };
  return {
    name,
    selector: { matchLabels: labels },
    template: { ...podTemplate(version), metadata: { labels } },
    ...more,
  };
}

function manifest(spec: ExperimentSpec): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'trial', namespace: NAMESPACE },
    spec,
  };
}

function world(spec: ExperimentSpec, options: WorldOptions = {}): SimulatedWorld {
  const at = new SimulatedWorld(options);
  createSurroundings(at);
  at.create(singleMeasurement('failing', { successCondition: 'result[0] > 0' }));
  at.create(manifest(spec));
  return at;
}

const trial = (at: SimulatedWorld) => at.experiments.find(({ metadata }) => metadata.name === 'trial');
const status = (at: SimulatedWorld) => trial(at)?.status ?? {};
const phases = (at: SimulatedWorld) => status(at).templateStatuses?.map((item) => item.status);
const size = (at: SimulatedWorld, name: string) =>
  at.replicaSets.find(({ metadata }) => metadata.name === name)?.spec.replicas;

describe('experiments', () => {
  it('run their templates for the duration, then give the pods up after the delay', () => {
    const at = world({ duration: '2m', templates: [template('a'), template('b', '2', { replicas: 2 })] });
    expect(at.runUntil(() => status(at).phase === 'Running')).toBe(true);
    expect([size(at, 'trial-a'), size(at, 'trial-b')]).toEqual([1, 2]);
    const startedMs = at.time.now();
    expect(at.runUntil(() => status(at).phase === 'Successful')).toBe(true);
    expect(at.time.now() - startedMs).toBeGreaterThanOrEqual(119_000);
    expect(phases(at)).toEqual(['Successful', 'Successful']);
    expect([size(at, 'trial-a'), size(at, 'trial-b')]).toEqual([1, 2]);
    at.run(35_000);
    expect([size(at, 'trial-a'), size(at, 'trial-b')]).toEqual([0, 0]);
    expect(status(at).conditions?.map(({ type, status: value, reason }) => [type, value, reason])).toEqual([
      ['Progressing', 'False', 'ExperimentCompleted'],
    ]);
    const version = at.engine.store.resourceVersion;
    at.restart();
    at.run(86_400_000);
    expect(at.engine.store.resourceVersion).toBe(version);
  });

  it('rollouts/E01 start their analyses when all pods are there, with what they know as arguments', () => {
    const at = world({
      templates: [template('a'), template('b')],
      analyses: [
        {
          name: 'check',
          templateName: 'success-rate',
          requiredForCompletion: true,
          args: [{ name: 'canary-hash', value: '{{templates.b.podTemplateHash}} {{templates.a.replicaset.name}}' }],
        },
      ],
    });
    expect(at.runUntil(() => status(at).phase === 'Running')).toBe(true);
    expect(at.runUntil(() => at.runs.length === 1)).toBe(true);
    const hash = at.replicaSets.find(({ metadata }) => metadata.name === 'trial-b')?.metadata.labels?.[
      'rollouts-pod-template-hash'
    ];
    expect(at.runs[0]?.metadata.name).toBe('trial-check');
    expect(at.runs[0]?.spec.args).toEqual([{ name: 'canary-hash', value: `${hash} trial-a` }]);
    expect(at.runUntil(() => status(at).phase === 'Successful')).toBe(true);
    at.run(60_000);
    expect(size(at, 'trial-a')).toBe(0);
    expect(status(at).message).toBe('Required AnalysisRuns completed');
  });

  it('rollouts/E02 and E04 a Service for templates that ask for one, with every port, gone with the pods', () => {
    const base = template('a', '1', { service: {} });
    const ports = [
      { name: 'http', containerPort: 8080 },
      { name: 'admin', containerPort: 9090 },
    ];
    const spec = { containers: [{ name: 'web', image: 'web:1', ports }] };
    const at = world({
      duration: '1m',
      scaleDownDelaySeconds: 10,
      templates: [{ ...base, template: { ...base.template, spec } }],
    });
    expect(at.runUntil(() => status(at).phase === 'Running')).toBe(true);
    const service = at.service('trial-a');
    expect(service?.spec.ports?.map(({ name, port, targetPort }) => [name, port, targetPort])).toEqual([
      ['http', 8080, 8080],
      ['admin', 9090, 9090],
    ]);
    const rs = at.replicaSets.find(({ metadata }) => metadata.name === 'trial-a');
    expect(service?.spec.selector).toEqual(rs?.metadata.labels);
    expect(status(at).templateStatuses?.[0]).toMatchObject({
      serviceName: 'trial-a',
      podTemplateHash: rs?.metadata.labels?.['rollouts-pod-template-hash'],
    });
    expect(at.runUntil(() => status(at).phase === 'Successful')).toBe(true);
    expect(at.service('trial-a')).toBeDefined();
    at.run(20_000);
    expect(size(at, 'trial-a')).toBe(0);
    expect(at.service('trial-a')).toBeUndefined();
    expect(status(at).templateStatuses?.[0]?.serviceName).toBeUndefined();
  });

  it('rollouts/E03 the Service has the name the template gives it, if that is free', () => {
    const at = world({ templates: [template('a', '1', { service: { name: 'web-trial' } })] });
    expect(at.runUntil(() => status(at).phase === 'Running')).toBe(true);
    expect(at.service('web-trial')?.metadata.ownerReferences?.[0]?.kind).toBe('Experiment');
    const taken = world({ templates: [template('a', '1', { service: { name: 'web-stable' } })] });
    expect(taken.runUntil(() => status(taken).phase === 'Error')).toBe(true);
    expect(status(taken).message).toBe(
      "Failed to create Service web-stable for template 'a': service web-stable already exists and is not owned by experiment template a",
    );
  });

  it('rollouts/E05 and E06 hand dryRun and measurementRetention to their runs', () => {
    const at = world(
      {
        templates: [template('a')],
        analyses: [{ name: 'dry', templateName: 'failing', requiredForCompletion: true }],
        dryRun: [{ metricName: 'failing' }],
        measurementRetention: [{ metricName: 'failing', limit: 3 }],
        analysisRunMetadata: { labels: { team: 'shop' } },
      },
      { query: () => [0] },
    );
    expect(at.runUntil(() => status(at).phase === 'Successful')).toBe(true);
    const [run] = at.runs;
    expect(run?.spec.measurementRetention).toEqual([{ metricName: 'failing', limit: 3 }]);
    expect(run?.status?.dryRunSummary).toMatchObject({ count: 1, failed: 1 });
    expect(run?.metadata.labels).toEqual({ team: 'shop' });
  });

  it('rollouts/E07 pods that never come are a failure when the deadline passes', () => {
    const at = world(
      { progressDeadlineSeconds: 30, templates: [template('image-does-not-exist', 'bad')] },
      { podsWork: isNotBad },
    );
    expect(at.runUntil(() => status(at).phase === 'Failed', 60_000)).toBe(true);
    expect(status(at).message).toBe("Template 'image-does-not-exist' exceeded its progressDeadlineSeconds (30)");
    at.run(60_000);
    expect(size(at, 'trial-image-does-not-exist')).toBe(0);
  });

  it('rollouts/E08 a missing analysis template is an error at once', () => {
    const at = world({ templates: [template('a')], analyses: [{ name: 'gone', templateName: 'does-not-exist' }] });
    expect(at.runUntil(() => status(at).phase === 'Error', 10_000)).toBe(true);
    expect(status(at).message).toBe(
      'AnalysisTemplate verification failed for analysis \'gone\': analysistemplate.argoproj.io "does-not-exist" not found',
    );
  });

  it('rollouts/E09 a failed analysis fails the experiment, and the other run is ended', () => {
    const at = world(
      {
        templates: [template('a')],
        analyses: [
          { name: 'bad', templateName: 'failing' },
          { name: 'long', templateName: 'endless' },
        ],
      },
      { query: () => [0] },
    );
    at.create({ ...templateManifest('endless', { count: undefined, failureLimit: 1000 }), spec: endless });
    expect(at.runUntil(() => status(at).phase === 'Failed')).toBe(true);
    expect(status(at).message).toContain('Metric "failing" assessed Failed due to failed (1) > failureLimit (0)');
    at.run(60_000);
    expect(at.runs.map(({ status: run }) => run?.phase)).toEqual(['Failed', 'Successful']);
    expect(size(at, 'trial-a')).toBe(0);
  });

  it('rollouts/E10 a template no ReplicaSet can be made of is an error, not an endless retry', () => {
    const at = world({
      templates: [template('a'), { ...template('b'), template: { metadata: { labels: { app: 'web' } } } }],
    });
    expect(at.runUntil(() => status(at).phase === 'Error', 10_000)).toBe(true);
    expect(status(at).message).toBe(
      "Failed to create ReplicaSet for template 'b': spec.template.spec.containers: Required value",
    );
  });

  it.each<[string, ExperimentSpec, string]>([
    [
      'no selector',
      { templates: [template('a', '1', { selector: undefined })] },
      "Rollout has missing field '.Spec.Templates[0].Selector'",
    ],
    [
      'an empty selector',
      { templates: [template('a', '1', { selector: {} })] },
      'This experiment is selecting all pods at index 0. A non-empty selector is required.',
    ],
    [
      'a repeated name',
      { templates: [template('a'), template('a')] },
      "Experiment trial has repeated template name 'a' in templates",
    ],
    ['an empty name', { templates: [template('')] }, 'Experiment trial has empty template name at index 0'],
    [
      'a long minReadySeconds',
      { templates: [template('a', '1', { minReadySeconds: 601 })] },
      'MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0',
    ],
  ])('refuse %s', (_what, spec, message) => {
    const at = world(spec);
    at.run(1000);
    expect(status(at).conditions?.map((condition) => [condition.type, condition.message])).toEqual([
      ['InvalidSpec', message],
    ]);
    expect(at.replicaSets).toHaveLength(0);
  });

  it('terminate on request, successfully', () => {
    const at = world({ templates: [template('a')], scaleDownDelaySeconds: 0 });
    expect(at.runUntil(() => status(at).phase === 'Running')).toBe(true);
    at.patch('Experiment.argoproj.io', 'trial', { spec: { terminate: true } });
    at.run(10_000);
    expect([status(at).phase, size(at, 'trial-a')]).toEqual(['Successful', 0]);
  });
});

const endless = {
  metrics: [
    {
      name: 'endless',
      interval: '10s',
      failureLimit: 1000,
      successCondition: 'result[0] > 0',
      provider: { prometheus: { address: 'http://prometheus:9090', query: 'endless' } },
    },
  ],
};

describe('the experiment step of a canary', () => {
  const step = {
    experiment: {
      duration: '1m',
      templates: [
        { name: 'baseline', specRef: 'stable', metadata: { labels: { trial: 'baseline' } } },
        { name: 'canary', specRef: 'canary', replicas: 2, metadata: { labels: { trial: 'canary' } } },
      ],
      analyses: [{ name: 'rate', templateName: 'success-rate', args: ANALYSIS.args, requiredForCompletion: true }],
    },
  };

  it('rollouts/E01 runs the experiment between two weights', () => {
    const at = deployed({ steps: [step, { setWeight: 50 }, { pause: {} }] });
    release(at, '2');
    expect(at.runUntil(() => at.experiments.length === 1)).toBe(true);
    const [experiment] = at.experiments;
    expect(experiment?.metadata.name).toBe(`web-${at.status.currentPodHash}-2-0`);
    expect(experiment?.metadata.labels).toEqual({ 'rollouts-pod-template-hash': at.status.currentPodHash });
    expect(experiment?.spec.templates.map((item) => [item.name, item.selector?.matchLabels?.trial])).toEqual([
      ['baseline', 'baseline'],
      ['canary', 'canary'],
    ]);
    expect(at.status.canary?.currentExperiment).toBe(experiment?.metadata.name);
    expect(at.pods).toBe('0/4');
    reach(at, 'Paused');
    expect(at.experiments[0]?.status?.phase).toBe('Successful');
    expect(at.status.canary?.currentExperiment).toBeUndefined();
    expect(at.pods).toBe('2/2');
    promote(at);
    reach(at, 'Healthy');
    at.run(60_000);
    expect(at.replicaSets.filter(({ spec }) => spec.replicas !== 0)).toHaveLength(1);
    expect(at.events()).toContain('ExperimentCreated');
  });

  it('a failed experiment aborts, and a retry makes another', () => {
    let good = false;
    const at = deployed({ steps: [step] }, {}, { query: () => [good ? 1 : 0] });
    release(at, '2');
    reach(at, 'Degraded');
    expect(at.status.message).toContain(
      'RolloutAborted: Rollout aborted update to revision 2: Experiment analysis phase is error/failed: Metric "success-rate" assessed Failed',
    );
    at.run(60_000);
    expect(at.pods).toBe('0/4');
    good = true;
    at.patchStatus({ abort: false });
    reach(at, 'Healthy');
    expect(at.experiments.map(({ status: item }) => item?.phase)).toEqual(['Failed', 'Successful']);
  });

  it('an abort ends the running experiment, and promote goes past it', () => {
    const at = deployed({ steps: [step, { pause: {} }] });
    release(at, '2');
    expect(at.runUntil(() => at.experiments[0]?.status?.phase === 'Running')).toBe(true);
    at.patchStatus({ currentStepIndex: 1 });
    reach(at, 'Paused');
    expect(at.experiments[0]?.spec.terminate).toBe(true);
    release(at, '3');
    expect(
      at.runUntil(() => at.experiments.some(({ spec, status: item }) => !spec.terminate && item?.phase === 'Running')),
    ).toBe(true);
    at.patchStatus({ abort: true });
    reach(at, 'Degraded');
    expect(at.experiments.every(({ spec }) => spec.terminate)).toBe(true);
  });

  it('an inconclusive experiment pauses; resuming starts another', () => {
    let value = Number.NaN;
    const at = deployed(
      { steps: [{ experiment: { ...step.experiment, analyses: [] } }] },
      {},
      { query: () => [value] },
    );
    at.create(
      singleMeasurement('unsure', { successCondition: 'result[0] >= 0.9', failureCondition: 'result[0] < 0.9' }),
    );
    const analyses = [{ name: 'rate', templateName: 'unsure', requiredForCompletion: true }];
    at.patchRollout({ spec: { strategy: { canary: { steps: [{ experiment: { ...step.experiment, analyses } }] } } } });
    at.run(10_000);
    release(at, '2');
    reach(at, 'Paused');
    expect(at.status.message).toBe('InconclusiveExperiment');
    at.run(600_000);
    expect(at.experiments).toHaveLength(1);
    value = 1;
    promote(at);
    reach(at, 'Healthy');
    expect(at.experiments.map(({ status: item }) => item?.phase)).toEqual(['Inconclusive', 'Successful']);
  });
});
