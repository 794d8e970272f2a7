import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';

export interface MeasurementView {
  phase: string;
  value: string;
  message: string;
  /** Which condition made it fail, or what the Job said. */
  reason: string;
  finishedMs: number | undefined;
}

export interface MetricView {
  name: string;
  phase: string;
  message: string;
  isDryRun: boolean;
  /** After substitution; undefined for a provider without a query. */
  query: string | undefined;
  provider: string;
  successCondition: string | undefined;
  failureCondition: string | undefined;
  successful: number;
  failed: number;
  inconclusive: number;
  error: number;
  /** How many failed measurements are tolerated; one more fails the metric. */
  failureLimit: string;
  /** How many measurements are wanted; undefined = as long as the release runs. */
  countWanted: number | undefined;
  /** Oldest first, as the run holds them. */
  measurements: readonly MeasurementView[];
}

export interface AnalysisRunView {
  name: string;
  phase: string;
  message: string;
  /** `step 3`, `background`, or the type as the label has it. */
  scope: string;
  createdMs: number;
  successful: number;
  failed: number;
  inconclusive: number;
  error: number;
  metrics: readonly MetricView[];
  jobs: readonly JobView[];
}

/** A Job that measures, with the phase of its measurement. */
export interface JobView {
  name: string;
  phase: string;
  createdMs: number;
}

type AnalysisRun = KindMap['AnalysisRun.argoproj.io'];
type Metric = NonNullable<AnalysisRun['spec']['metrics']>[number];
type MetricResult = NonNullable<NonNullable<AnalysisRun['status']>['metricResults']>[number];

/** An AnalysisRun as views show it: every metric of the spec with its result, whether it has one yet or not. */
export function analysisRunView(run: AnalysisRun, nowMs: number): AnalysisRunView {
  const results = run.status?.metricResults ?? [];
  const resolve = argumentResolver(run);
  const metrics = (run.spec.metrics ?? []).map((metric) => {
    const result = results.find(({ name }) => name === metric.name);
    return metricView(metric, result, resolve);
  });
  const total = (pick: (metric: MetricView) => number) => metrics.reduce((sum, metric) => sum + pick(metric), 0);
  return {
    name: run.metadata.name,
    phase: run.status?.phase ?? 'Pending',
    message: run.status?.message ?? '',
    scope: scopeOf(run),
    createdMs: parseTime(run.metadata.creationTimestamp) ?? nowMs,
    successful: total((metric) => metric.successful),
    failed: total((metric) => metric.failed),
    inconclusive: total((metric) => metric.inconclusive),
    error: total((metric) => metric.error),
    metrics,
    jobs: results.flatMap((result) => jobViews(result, nowMs)),
  };
}

/** The Jobs that measurements name; the measurement says how each ended. */
function jobViews({ measurements = [] }: MetricResult, nowMs: number): JobView[] {
  return measurements.flatMap(({ metadata, phase = 'Pending', startedAt }) => {
    const name = metadata?.['job-name'];
    return name === undefined ? [] : [{ name, phase, createdMs: parseTime(startedAt) ?? nowMs }];
  });
}

function scopeOf({ metadata }: AnalysisRun): string {
  const type = metadata.labels?.['rollout-type'] ?? '';
  if (type !== 'Step') return type.toLowerCase();
  return `step ${Number(metadata.labels?.['step-index'] ?? 0) + 1}`;
}

/** Puts the run's arguments into a text of its metrics (argo-rollouts.md §3.3); a secret's value is not in the run, so it stays. */
function argumentResolver({ spec }: AnalysisRun): (text: unknown) => string | undefined {
  const values = new Map((spec.args ?? []).map(({ name, value }) => [name, value]));
  return (text) =>
    text === undefined || text === null
      ? undefined
      : String(text).replaceAll(/\{\{\s*args\.([\w-]+)\s*\}\}/g, (tag, name: string) => values.get(name) ?? tag);
}

/** What is asked, in words: the query, the address, or the name of the Job. */
function askedOf(
  { provider }: Metric,
  result: MetricResult | undefined,
  resolve: (text: unknown) => string | undefined,
): string | undefined {
  if (provider?.prometheus !== undefined) return resolve(provider.prometheus.query);
  if (provider?.web !== undefined) {
    const { method = 'GET', url, jsonPath } = provider.web as { method?: string; url?: string; jsonPath?: string };
    return [method, resolve(url), resolve(jsonPath)].filter((part) => part !== undefined).join(' ');
  }
  const job = result?.measurements?.at(-1)?.metadata?.['job-name'];
  return job === undefined ? undefined : `job ${job}`;
}

function metricView(
  metric: Metric,
  result: MetricResult | undefined,
  resolve: (text: unknown) => string | undefined,
): MetricView {
  const provider = Object.keys(metric.provider ?? {})[0] ?? '';
  const query = result?.metadata?.ResolvedPrometheusQuery ?? askedOf(metric, result, resolve);
  const count = Number(resolve(metric.count) ?? 0);
  return {
    name: metric.name,
    phase: result?.phase ?? 'Pending',
    message: result?.message ?? '',
    isDryRun: result?.dryRun === true,
    query: query?.replaceAll(/\s+/g, ' ').trim(),
    provider,
    successCondition: resolve(metric.successCondition),
    failureCondition: resolve(metric.failureCondition),
    successful: result?.successful ?? 0,
    failed: result?.failed ?? 0,
    inconclusive: result?.inconclusive ?? 0,
    error: result?.error ?? 0,
    failureLimit: resolve(metric.failureLimit) ?? '0',
    countWanted: count > 0 ? count : metric.interval === undefined ? 1 : undefined,
    measurements: (result?.measurements ?? []).map((measurement) => ({
      phase: measurement.phase ?? 'Pending',
      value: measurement.value ?? '',
      message: measurement.message ?? '',
      reason: measurement.metadata?.condition ?? '',
      finishedMs: parseTime(measurement.finishedAt),
    })),
  };
}
