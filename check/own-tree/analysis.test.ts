/** Rows 4 to 6: canaries and the measures they are judged by. */
import { describe, expect, it } from 'vitest';
import { assessMeasurement } from '../../engine/mechanism/lib/expr/assessment.ts';
import { declaredTree, durationMs, ENVIRONMENTS, type Environment, type Loose, named, rooted } from './declared.ts';

const TEMPLATE = 'ClusterAnalysisTemplate.argoproj.io';
const canaryOf = (environment: Environment, name: string) =>
  named(environment, 'Rollout.argoproj.io', name).spec.strategy.canary;
const weights = ({ steps }: Loose) => steps.flatMap(({ setWeight }: Loose) => setWeight ?? []);
const pausesMs = ({ steps }: Loose) => steps.flatMap(({ pause }: Loose) => (pause ? [durationMs(pause.duration)] : []));
const kindsOf = ({ steps }: Loose): string[] => steps.map((step: Loose) => Object.keys(step)[0]);

describe('row 4: the canary of the back end', () => {
  it.each(ENVIRONMENTS)('%s: 5, 10, 25, 50, 75, 100, an analysis at every weight and one all along', (environment) => {
    const canary = canaryOf(environment, 'backend');
    expect(weights(canary)).toEqual([5, 10, 25, 50, 75, 100]);
    const gated = ['setWeight', 'pause', 'analysis'];
    expect(kindsOf(canary)).toEqual([...gated, ...gated, ...gated, ...gated, ...gated, ...gated]);
    const names = ['success-rate', 'latency', 'database-performance'];
    expect(canary.analysis.templates.map(({ templateName }: Loose) => templateName)).toEqual(names);
    for (const { analysis } of canary.steps.filter((step: Loose) => step.analysis)) {
      const templates = analysis.templates.map(({ templateName }: Loose) => templateName);
      expect(templates).toEqual([...names, 'comprehensive-health']);
    }
    expect(canary).toMatchObject({ abortScaleDownDelaySeconds: 30, dynamicStableScale: false });
    expect(canary.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution.weight).toBe(100);
  });

  it('production pauses for 5 to 30 minutes; staging and development are faster, with shorter intervals', () => {
    const [development, staging, production] = ENVIRONMENTS.map((one) => pausesMs(canaryOf(one, 'backend')));
    for (const pauseMs of production as number[]) {
      expect(pauseMs).toBeGreaterThanOrEqual(5 * 60_000);
      expect(pauseMs).toBeLessThanOrEqual(30 * 60_000);
    }
    expect(new Set(staging)).toEqual(new Set([60_000]));
    expect(new Set(development)).toEqual(new Set([5000]));
    const intervals = ENVIRONMENTS.map((one) => argument(canaryOf(one, 'backend').analysis, 'interval'));
    expect(intervals).toEqual(['5s', '15s', '60s']);
  });
});

describe('row 5: the canary of the front end', () => {
  it.each(ENVIRONMENTS)('%s: a smoke stage without users, then five weights', (environment) => {
    const canary = canaryOf(environment, 'frontend');
    expect(weights(canary)).toEqual([10, 25, 50, 75, 100]);
    expect(kindsOf(canary).slice(0, 4)).toEqual(['setCanaryScale', 'analysis', 'setCanaryScale', 'setWeight']);
    expect(canary.steps[0].setCanaryScale).toEqual({ replicas: 1 });
    expect(canary.steps[1].analysis.templates[0].templateName).toBe('frontend-smoke');
    expect(canary.steps[2].setCanaryScale).toEqual({ matchTrafficWeight: true });
    expect(canary.analysis.startingStep, 'nothing is measured while there are no users').toBe(3);
    expect(canary.trafficRouting.nginx.stableIngress).toBe('frontend');
  });
});

function argument(analysis: Loose, name: string): string {
  return analysis.args.find((one: Loose) => one.name === name)?.value;
}

/** Metric → a value that just passes, one that just does not. */
const LIMITS: Record<string, Record<string, [number, number]>> = {
  'success-rate': { 'success-rate': [0.95, 0.949], 'error-rate': [0.05, 0.051] },
  latency: { 'latency-p95': [0.5, 0.501] },
  'database-performance': {
    'database-pool-in-use': [0.8, 0.801],
    'database-connections-waiting': [0, 1],
    'database-query-p95': [0.1, 0.101],
    'database-query-p99': [0.2, 0.201],
    'database-up': [1, 0],
  },
  'comprehensive-health': {
    'pods-ready': [0.95, 0.949],
    'pods-live': [0.95, 0.949],
    'resources-available': [0.05, 0.051],
    'dependencies-answering': [1, 0.5],
    'mesh-health': [0.99, 0.989],
  },
  'frontend-performance': {
    'frontend-latency-p95': [0.3, 0.301],
    'frontend-latency-p99': [0.8, 0.801],
    'frontend-error-rate': [0.01, 0.011],
    'frontend-cpu': [0.8, 0.801],
    'frontend-memory': [0.85, 0.851],
    'frontend-endpoints': [1, 0.5],
  },
};
const VOLUMES = ['traffic-volume', 'frontend-traffic-volume'];
const CASES = Object.entries(LIMITS).flatMap(([template, metrics]) =>
  Object.entries(metrics).map(([metric, [good, bad]]) => ({ template, metric, good, bad })),
);

function metricOf(template: string, name: string): Loose {
  return rooted(TEMPLATE, template).spec.metrics.find((metric: Loose) => metric.name === name);
}

function verdict({ successCondition: success, failureCondition: failure }: Loose, result: unknown): string {
  const filled = (text: string) => text.replaceAll('{{args.min-requests}}', '50');
  return assessMeasurement(result, { successCondition: filled(success), failureCondition: filled(failure) }, 0).phase;
}

describe('row 6: measures', () => {
  it('there are these and no others', () => {
    const templates = declaredTree()
      .byKind(TEMPLATE)
      .filter(({ name }) => name !== 'frontend-smoke');
    const declared = templates.flatMap(({ name, value }) =>
      (value as Loose).spec.metrics.map((metric: Loose) => `${name}/${metric.name}`),
    );
    const expected = [
      ...CASES.map(({ template, metric }) => `${template}/${metric}`),
      'success-rate/traffic-volume',
      'frontend-performance/frontend-traffic-volume',
    ];
    expect(declared.sort()).toEqual(expected.sort());
  });

  it.each(CASES)(
    '$template/$metric: $good passes, $bad fails, nothing to measure passes',
    ({ template, metric, good, bad }) => {
      const found = metricOf(template, metric);
      expect(verdict(found, [good])).toBe('Successful');
      expect(verdict(found, [bad])).toBe('Failed');
      expect(verdict(found, [Number.NaN])).toBe('Successful');
      expect(verdict(found, [])).toBe('Successful');
      expect(found).toMatchObject({ failureLimit: '{{args.failure-limit}}', consecutiveErrorLimit: 4 });
    },
  );

  it.each(VOLUMES)('%s: too little traffic is inconclusive, never a failure', (metric) => {
    const template = metric === 'traffic-volume' ? 'success-rate' : 'frontend-performance';
    const found = metricOf(template, metric);
    expect(verdict(found, [50])).toBe('Successful');
    expect(verdict(found, [49])).toBe('Inconclusive');
    expect(verdict(found, [])).toBe('Inconclusive');
    expect(found.inconclusiveLimit).toBe(1);
  });

  it.each([
    ['success-rate', 'success-rate'],
    ['success-rate', 'error-rate'],
    ['latency', 'latency-p95'],
    ['database-performance', 'database-query-p95'],
    ['database-performance', 'database-query-p99'],
    ['frontend-performance', 'frontend-latency-p95'],
    ['frontend-performance', 'frontend-latency-p99'],
    ['frontend-performance', 'frontend-error-rate'],
    ['comprehensive-health', 'mesh-health'],
  ])('%s/%s says nothing below min-sample', (template, metric) => {
    expect(metricOf(template, metric).provider.prometheus.query).toMatch(
      /and sum\(increase\([^)]+\)\) >= \{\{args\.min-sample\}\}\s*$/,
    );
  });

  it('production asks for traffic at its gates; nobody else does', () => {
    const asked = ENVIRONMENTS.map((environment) =>
      ['backend', 'frontend'].map((name) => {
        const { analysis } = canaryOf(environment, name).steps.findLast((step: Loose) => step.analysis);
        return argument(analysis, 'min-requests');
      }),
    );
    expect(asked).toEqual([
      ['0', '0'],
      ['0', '0'],
      ['50', '200'],
    ]);
  });

  it.each(ENVIRONMENTS)('%s: at least four scrapes are in the window of a measurement', (environment) => {
    for (const component of ['backend', 'frontend']) {
      const [{ interval }] = named(environment, 'ServiceMonitor.monitoring.coreos.com', component).spec.endpoints;
      const window = argument(canaryOf(environment, component).analysis, 'window');
      expect(durationMs(window)).toBeGreaterThanOrEqual(4 * durationMs(interval));
    }
  });
});
