import { assessMeasurement } from '../../engine/mechanism/lib/expr/index.ts';
import { AnalysisError, resolveMetricArgs } from '../../engine/stages/analysis/arguments.ts';
import { measuredValue } from '../../engine/stages/analysis/prometheus.ts';
import type { AnalysisTemplate, Metric } from '../../engine/stages/analysis/types.ts';
import { intValue } from '../../engine/stages/analysis/types.ts';
import { numberText } from '../report/words.ts';

/** What a metric would say to one value. */
export interface Probe {
  value: string;
  phase: string;
}

export interface MetricProbe {
  template: string;
  metric: string;
  /** Numbers that `result` is compared with, ascending. */
  thresholds: readonly number[];
  probes: readonly Probe[];
  /** What nobody meant, most likely. */
  findings: readonly string[];
  /** Requests in a window below which one wrong answer alone breaks the limit; undefined for what is no ratio. */
  requestsNeeded?: number;
}

/** An arbitrary time: conditions that read the clock are told the same one always. */
const NOW_MS = 0;

/** Values just below and above each threshold, and the values nobody thinks of: none, NaN, infinite. */
export function probeTemplate(template: AnalysisTemplate): MetricProbe[] {
  const args = (template.spec.args ?? []).map((arg) => ({ name: arg.name, value: arg.value ?? '1' }));
  return (template.spec.metrics ?? []).flatMap((raw): MetricProbe[] => {
    if (raw.provider?.prometheus === undefined) return [];
    try {
      return [probeMetric(template.metadata.name, resolveMetricArgs(raw, args))];
    } catch (error) {
      if (!(error instanceof AnalysisError)) throw error;
      return [
        { template: template.metadata.name, metric: raw.name, thresholds: [], probes: [], findings: [error.message] },
      ];
    }
  });
}

function probeMetric(template: string, metric: Metric): MetricProbe {
  const conditions = `${metric.successCondition ?? ''} ${metric.failureCondition ?? ''}`;
  const thresholds = thresholdsOf(conditions);
  const step = (at: number) => Math.max(Math.abs(at) * 1e-6, 1e-9);
  const numbers = thresholds.flatMap((at) => [at - step(at), at, at + step(at)]);
  const probes = [
    ...numbers.map((value) => ({ value: numberText7(value), phase: assess(metric, [value]) })),
    { value: 'no series', phase: assess(metric, []) },
    { value: 'NaN', phase: assess(metric, [Number.NaN]) },
    { value: '+Inf', phase: assess(metric, [Number.POSITIVE_INFINITY]) },
    { value: '0', phase: assess(metric, [0]) },
  ];
  const requestsNeeded = requestsFor(metric.provider?.prometheus?.query ?? '', thresholds);
  return {
    template,
    metric: metric.name,
    thresholds,
    probes,
    findings: findingsOf(metric, thresholds, probes),
    ...(requestsNeeded === undefined ? {} : { requestsNeeded }),
  };
}

function assess(metric: Metric, values: readonly number[]): string {
  const result = values.map((value) => ({
    metric: {},
    value: [0, Number.isFinite(value) || Number.isNaN(value) ? String(value) : '+Inf'],
  }));
  const { result: measured } = measuredValue({ resultType: 'vector', result });
  return assessMeasurement(measured, metric, NOW_MS).phase;
}

export function thresholdsOf(conditions: string): number[] {
  const found = conditions.matchAll(/result(?:\[\d+\])?\s*(?:<=|>=|<|>|==|!=)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/g);
  return [...new Set([...found].map(([, text]) => Number(text)))].sort((a, b) => a - b);
}

function findingsOf(metric: Metric, thresholds: readonly number[], probes: readonly Probe[]): string[] {
  const findings: string[] = [];
  const phaseOf = (value: string) => probes.find((probe) => probe.value === value)?.phase;
  for (const value of ['no series', 'NaN']) {
    if (phaseOf(value) === 'Error')
      findings.push(`${value} is an Error: guard the condition with len(result) and isNaN`);
    if (phaseOf(value) === 'Failed') findings.push(`${value} is Failed: too little traffic aborts a good release`);
  }
  const middle = thresholds.slice(1).map((at, index) => ((thresholds[index] as number) + at) / 2);
  for (const value of middle) {
    if (assess(metric, [value]) === 'Inconclusive')
      findings.push(
        `between ${numberText(thresholds[0] as number)} and ${numberText(thresholds.at(-1) as number)} it is neither good nor bad: the release stops there`,
      );
  }
  for (const at of thresholds) {
    if (
      assess(metric, [at]) === 'Inconclusive' &&
      metric.failureCondition !== 'false' &&
      intValue(metric.inconclusiveLimit) === 0
    )
      findings.push(`exactly ${numberText(at)} is neither good nor bad`);
  }
  const phases = new Set(probes.map(({ phase }) => phase));
  if (thresholds.length > 0 && !phases.has('Failed') && !phases.has('Inconclusive'))
    findings.push('no probed value is bad: it can never object');
  if (!phases.has('Successful')) findings.push('no probed value is good: it can never pass');
  return [...new Set(findings)];
}

/** One wrong answer in N is 1/N: below N it breaks the limit of a ratio by itself. */
function requestsFor(query: string, thresholds: readonly number[]): number | undefined {
  const ratio = thresholds.find((at) => at > 0 && at < 1);
  if (ratio === undefined || !/status/.test(query) || !query.includes('/')) return undefined;
  const allowed = ratio >= 0.5 ? 1 - ratio : ratio;
  return Math.ceil(1 / allowed - 1e-9);
}

function numberText7(value: number): string {
  return String(Number(value.toPrecision(9)));
}
