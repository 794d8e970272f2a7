import type { Draft } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { parseGoDurationMs } from '#core/duration.ts';
import { AnalysisError } from './arguments.ts';
import { CONDITION_METADATA, inquiryFor, QUERY_METADATA, WEB_METADATA } from './inquiry.ts';
import { beginJob, endJob, JOB_NAME, type Job, jobFailure, jobOutcome } from './job.ts';
import {
  type AnalysisRun,
  effectiveCount,
  isCompletedPhase,
  type Measurement,
  type Metric,
  type MetricResult,
} from './types.ts';

const ERROR_RETRY_MS = 10_000;
/** Longer values and messages are cut before they are stored: a status must stay readable, and small. */
const STORED_MAX = 10_000;
/** Events are cut as the API cuts them. */
const EVENT_MAX = 1024;

/** What a round of measuring needs to know of its run. */
export interface Round {
  run: AnalysisRun;
  nowMs: number;
  draft: Draft;
  terminating: boolean;
  startedAtMs: number | undefined;
  dryRun: ReadonlySet<string>;
  /** The run's Jobs, and whatever has the name of one it is about to create, by name. */
  jobs: ReadonlyMap<string, Job>;
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
    const isJob = metric.provider?.job !== undefined;
    if (round.terminating) return isJob ? terminateJob(round, result, last) : dropUnfinished(result);
    return failing(round, result, last, () =>
      isJob ? resumeJob(round, result, last) : resume(round, metric, result, last),
    );
  }
  return round.terminating || !isDue(round, plain, result) ? result : begin(round, metric, result);
}

/** Stores the measurement as running, or as an error when there is nothing that could be asked. */
function begin(round: Round, metric: Metric, result: MetricResult | undefined): MetricResult | undefined {
  const begun: Measurement = { phase: 'Running', startedAt: formatTime(round.nowMs) };
  const known = result ?? newResult(round, metric);
  const added = (measurement: Measurement) => ({
    ...known,
    measurements: [...(known.measurements ?? []), measurement],
  });
  return failing(round, added(begun), begun, () => {
    if (metric.provider?.job === undefined) {
      inquiryFor(metric, '', round.nowMs);
      return added(begun);
    }
    const metadata = beginJob(round.draft, round.run, metric, result, round.jobs);
    return metadata === undefined ? result : added({ ...begun, metadata });
  });
}

/** What `take` returns; a measurement that cannot be taken is completed as an error with the reason. */
function failing<T>(round: Round, result: MetricResult, last: Measurement, take: () => T): T | MetricResult {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return completed(round, result, { ...last, phase: 'Error', message: error.message });
  }
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
  const ordinal = (result.count ?? 0) + (result.error ?? 0) + 1;
  const measurement = `${round.run.metadata.uid}/${metric.name}/${ordinal}`;
  const { question, sent, read } = inquiryFor(metric, measurement, parseTime(last.startedAt) ?? round.nowMs);
  const answer = round.draft.ask(question);
  if (answer === undefined) return result;
  const failed = (message: string) => completed(round, result, { ...last, phase: 'Error', message, metadata: sent });
  if (!answer.ok) return failed(answer.failure.message);
  try {
    const outcome = read(answer.value, round.nowMs);
    const metadata = { ...(outcome.phase === 'Successful' ? {} : sent), ...outcome.metadata };
    const noted = Object.keys(metadata).length === 0 ? {} : { metadata };
    return completed(round, result, { ...last, ...outcome, ...noted });
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return failed(error.message);
  }
}

function resumeJob(round: Round, result: MetricResult, last: Measurement): MetricResult {
  const phase = jobOutcome(last, round.jobs);
  if (phase === undefined) return result;
  const reason = phase === 'Failed' ? jobFailure(last, round.jobs) : undefined;
  const metadata = { ...last.metadata, ...(reason === undefined ? {} : { [CONDITION_METADATA]: reason }) };
  return completed(round, result, { ...last, phase, metadata });
}

/** As Argo Rollouts 1.9: the Job is deleted, and the measurement counts as a success. */
function terminateJob(round: Round, result: MetricResult, last: Measurement): MetricResult {
  endJob(round.draft, round.run, last);
  return completed(round, result, { ...last, phase: 'Successful', message: 'Metric Terminated' });
}

/** Puts the finished measurement in place of the last one, counts it (rollouts §3.6) and says why when it was not good. */
function completed(round: Round, result: MetricResult, finished: Measurement): MetricResult {
  const stored = (text: string) => shortened(redacted(round, text), STORED_MAX);
  const { value, message, metadata, ...rest } = finished;
  const measurement: Measurement = {
    ...rest,
    finishedAt: formatTime(round.nowMs),
    ...(value === undefined ? {} : { value: stored(value) }),
    ...(message === undefined ? {} : { message: stored(message) }),
    ...(metadata === undefined
      ? {}
      : { metadata: Object.fromEntries(Object.entries(metadata).map(([key, text]) => [key, stored(text)])) }),
  };
  noteMeasurement(round, result, measurement);
  const measurements = [...(result.measurements ?? []).slice(0, -1), measurement];
  return { ...result, ...counted(result, measurement.phase), measurements };
}

/** Why a measurement was not good: the value, the condition or error, and what was sent. */
function noteMeasurement(round: Round, { name, dryRun }: MetricResult, measurement: Measurement): void {
  const { phase, value, message, metadata = {} } = measurement;
  if (phase === 'Successful') return;
  const sent = metadata[QUERY_METADATA] ?? metadata[WEB_METADATA] ?? metadata[JOB_NAME];
  const what = [
    value === undefined ? undefined : `value ${value}`,
    metadata[CONDITION_METADATA],
    message,
    sent === undefined ? undefined : `asked: ${sent}`,
  ].filter((part) => part !== undefined);
  const text = `Metric '${name}' measurement ${phase}: ${what.join('; ')}`.replaceAll(/\s+/g, ' ').trim();
  round.draft.note(dryRun ? 'Normal' : 'Warning', `Measurement${phase}`, shortened(text, EVENT_MAX));
}

function shortened(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
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
