import type { Draft } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { parseGoDurationMs } from '#core/duration.ts';
import { assessMeasurement } from '#lib/expr/index.ts';
import type { MetricRequest } from '#machine/questions.ts';
import { AnalysisError } from './arguments.ts';
import { measuredValue, prometheusRequest } from './prometheus.ts';
import {
  type AnalysisRun,
  effectiveCount,
  isCompletedPhase,
  type Measurement,
  type Metric,
  type MetricResult,
} from './types.ts';
import { providersOf } from './validation.ts';

const ERROR_RETRY_MS = 10_000;
export const QUERY_METADATA = 'ResolvedPrometheusQuery';

/** What a round of measuring needs to know of its run. */
export interface Round {
  run: AnalysisRun;
  nowMs: number;
  draft: Draft;
  terminating: boolean;
  startedAtMs: number | undefined;
  dryRun: ReadonlySet<string>;
  /** Values of secrets, to be struck out of everything that is stored. */
  secrets: readonly string[];
}

/**
 * The metric's result after this round: a measurement in progress is asked for and completed when the answer is there,
 * one that is due is begun. A measurement is stored as Running before it is asked, so a restart repeats it under the same name.
 * `plain` is the metric without secrets, for timing; `metric` has them.
 */
export function measure(
  round: Round,
  plain: Metric,
  metric: Metric,
  result: MetricResult | undefined,
): MetricResult | undefined {
  if (result !== undefined && isCompletedPhase(result.phase)) return result;
  const last = result?.measurements?.at(-1);
  if (result !== undefined && last !== undefined && !isCompletedPhase(last.phase)) {
    return round.terminating ? dropUnfinished(result) : resume(round, metric, result, last);
  }
  if (round.terminating || !isDue(round, plain, result)) return result;
  const begun = { phase: 'Running', startedAt: formatTime(round.nowMs) } as const;
  const known = result ?? newResult(round, metric);
  const problem = requestOf(metric, round.nowMs);
  const added = { ...known, measurements: [...(known.measurements ?? []), begun] };
  return typeof problem === 'string' ? completed(round, added, { ...begun, phase: 'Error', message: problem }) : added;
}

function newResult(round: Round, metric: Metric): MetricResult {
  const query = metric.provider?.prometheus?.query ?? '';
  return {
    name: metric.name,
    phase: 'Running',
    ...(round.dryRun.has(metric.name) ? { dryRun: true } : {}),
    ...(query === '' ? {} : { metadata: { [QUERY_METADATA]: redacted(round, query) } }),
  };
}

/** A query that is under way when the run ends is of no consequence any more. */
function dropUnfinished(result: MetricResult): MetricResult {
  return { ...result, measurements: (result.measurements ?? []).slice(0, -1) };
}

function resume(round: Round, metric: Metric, result: MetricResult, last: Measurement): MetricResult {
  const request = requestOf(metric, parseTime(last.startedAt) ?? round.nowMs);
  if (typeof request === 'string') return completed(round, result, { ...last, phase: 'Error', message: request });
  const ordinal = (result.count ?? 0) + (result.error ?? 0) + 1;
  const measurement = `${round.run.metadata.uid}/${metric.name}/${ordinal}`;
  const answer = round.draft.ask({ ask: 'query', measurement, request });
  if (answer === undefined) return result;
  const metadata = { [QUERY_METADATA]: request.query };
  if (!answer.ok) {
    return completed(round, result, { ...last, phase: 'Error', message: answer.failure.message, metadata });
  }
  try {
    const { result: value, text } = measuredValue(answer.value);
    const { phase, message } = assessMeasurement(value, metric, round.nowMs);
    const warnings = answer.value.warnings ?? [];
    const notes = {
      ...(phase === 'Successful' ? {} : metadata),
      ...(warnings.length === 0 ? {} : { warnings: warnings.map((warning) => `"${warning}"`).join(', ') }),
    };
    return completed(round, result, {
      ...last,
      phase,
      value: text,
      ...(message === undefined ? {} : { message }),
      ...(Object.keys(notes).length === 0 ? {} : { metadata: notes }),
    });
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return completed(round, result, { ...last, phase: 'Error', message: error.message, metadata });
  }
}

/** The request of the metric, or why there is none. */
function requestOf(metric: Metric, atMs: number): MetricRequest | string {
  const { provider = {} } = metric;
  if (provider.prometheus === undefined) {
    return `provider "${providersOf(provider)[0]}" is not reproduced by this engine`;
  }
  try {
    return prometheusRequest(provider.prometheus, atMs);
  } catch (error) {
    if (error instanceof AnalysisError) return error.message;
    throw error;
  }
}

/** Puts the finished measurement in place of the last one and counts it (rollouts §3.6). */
function completed(round: Round, result: MetricResult, finished: Measurement): MetricResult {
  const strike = (text: string) => redacted(round, text);
  const measurement: Measurement = {
    ...finished,
    finishedAt: formatTime(round.nowMs),
    ...(finished.message === undefined ? {} : { message: strike(finished.message) }),
    ...(finished.metadata === undefined
      ? {}
      : { metadata: Object.fromEntries(Object.entries(finished.metadata).map(([key, text]) => [key, strike(text)])) }),
  };
  const measurements = [...(result.measurements ?? []).slice(0, -1), measurement];
  return { ...result, ...counted(result, measurement.phase), measurements };
}

function counted(result: MetricResult, phase: Measurement['phase']): Partial<MetricResult> {
  const { count = 0, successful = 0, failed = 0, inconclusive = 0, error = 0 } = result;
  const { consecutiveError = 0, consecutiveSuccess = 0 } = result;
  if (phase === 'Error') return { error: error + 1, consecutiveError: consecutiveError + 1, consecutiveSuccess: 0 };
  const next = { count: count + 1, consecutiveError: 0, consecutiveSuccess: 0 };
  if (phase === 'Failed') return { ...next, failed: failed + 1 };
  if (phase === 'Inconclusive') return { ...next, inconclusive: inconclusive + 1 };
  return { ...next, successful: successful + 1, consecutiveSuccess: consecutiveSuccess + 1 };
}

function redacted({ secrets }: Round, text: string): string {
  return secrets.reduce((shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '*****')), text);
}

/** When the next measurement of the metric may begin; undefined when there is none to come or one is under way. */
export function nextMeasurementMs(
  metric: Metric,
  result: MetricResult | undefined,
  startedAtMs: number | undefined,
): number | undefined {
  const last = result?.measurements?.at(-1);
  if (last === undefined) {
    const delayMs = metric.initialDelay ? parseGoDurationMs(metric.initialDelay) : 0;
    if (delayMs === undefined || (delayMs > 0 && startedAtMs === undefined)) return undefined;
    return delayMs === 0 ? Number.NEGATIVE_INFINITY : (startedAtMs as number) + delayMs;
  }
  const finishedMs = parseTime(last.finishedAt);
  const count = effectiveCount(metric);
  if (finishedMs === undefined || (count !== undefined && (result?.count ?? 0) >= count)) return undefined;
  const intervalMs = last.phase === 'Error' || !metric.interval ? ERROR_RETRY_MS : parseGoDurationMs(metric.interval);
  // Strictly after the interval.
  return intervalMs === undefined ? undefined : finishedMs + intervalMs + 1;
}

function isDue(round: Round, metric: Metric, result: MetricResult | undefined): boolean {
  const atMs = nextMeasurementMs(metric, result, round.startedAtMs);
  return atMs !== undefined && atMs <= round.nowMs;
}
