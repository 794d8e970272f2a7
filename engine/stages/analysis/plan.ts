import { Draft, type Plan } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { AnalysisError, resolveMetricArgs, withoutSecrets } from './arguments.ts';
import { assessLimits, assessMetric, isWorse } from './assessment.ts';
import { trimJobs } from './job.ts';
import { measure, nextMeasurementMs, type Round } from './measurements.ts';
import type { AnalysisRunObservation } from './observe.ts';
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  type Argument,
  isCompletedPhase,
  type Metric,
  type MetricResult,
  type Phase,
  type RunSummary,
} from './types.ts';
import { dryRunMetrics, retentionLimits, validateMetrics } from './validation.ts';

const MEASUREMENTS_KEPT = 10;

/** One round over an analysis run: take what measurements are due, then decide metrics and run (rollouts §3.5 to §3.10). */
export function planAnalysisRun(observation: AnalysisRunObservation, nowMs: number): Plan {
  const { run } = observation;
  const draft = new Draft(observation.answers);
  if (isCompletedPhase(run.status?.phase)) return planExpiry(run, nowMs, draft);
  try {
    return planRound(observation, nowMs, draft);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return failRun(run, error.message);
  }
}

/** The run as a whole cannot go on. */
class RunError extends Error {
  override name = 'RunError';
}

function failRun(run: AnalysisRun, message: string): Plan {
  const draft = new Draft();
  noteRunCompletion(draft, 'Error');
  return draft.finish({ ...run.status, phase: 'Error', message });
}

function planRound(observation: AnalysisRunObservation, nowMs: number, draft: Draft): Plan {
  const { run } = observation;
  const { metrics, rules } = checkedSpec(run.spec);
  const { values, secrets } = explaining('Unable to resolve metric arguments', () => readSecrets(observation));
  const resolved =
    secrets.length === 0
      ? metrics
      : explaining('Unable to resolve metric arguments', () => resolveAll(run.spec.metrics ?? [], values));
  const startedAtMs = parseTime(run.status?.startedAt);
  const results = new Map((run.status?.metricResults ?? []).map((result) => [result.name, result]));
  const round: Round = {
    run,
    nowMs,
    draft,
    terminating: isTerminating(run, [...results.values()]),
    startedAtMs,
    dryRun: rules.dryRun,
    jobs: observation.jobs,
    secrets,
  };
  metrics.forEach((metric, index) => {
    const next = measure(round, metric, resolved[index] as Metric, results.get(metric.name));
    if (next !== undefined) results.set(metric.name, next);
  });
  const status = assessRun(round, metrics, results);
  const kept = [...results.values()].map((result) => trimmed(round, result, rules.retention.get(result.name)));
  planNextRound(round, metrics, results, status);
  return draft.finish({ ...status, metricResults: kept });
}

interface CheckedSpec {
  /** With arguments filled in, and placeholders for secrets. */
  metrics: readonly Metric[];
  rules: { dryRun: ReadonlySet<string>; retention: ReadonlyMap<string, number> };
}

const CHECKED = new WeakMap<AnalysisRunSpec, CheckedSpec>();

/** Fills in and validates a spec, once for each stored spec: it never changes, and a run is planned again and again. */
function checkedSpec(spec: AnalysisRunSpec): CheckedSpec {
  const known = CHECKED.get(spec);
  if (known !== undefined) return known;
  const { metrics: specified = [], args = [] } = spec;
  const metrics = explaining('Unable to resolve metric arguments', () => resolveAll(specified, withoutSecrets(args)));
  const rules = explaining('Analysis spec invalid', () => {
    validateMetrics(metrics);
    return {
      dryRun: dryRunMetrics(spec.dryRun ?? [], metrics),
      retention: retentionLimits(spec.measurementRetention ?? [], metrics),
    };
  });
  const checked = { metrics, rules };
  if (Object.isFrozen(spec)) CHECKED.set(spec, checked);
  return checked;
}

function explaining<T>(what: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof AnalysisError) throw new RunError(`${what}: ${error.message}`);
    throw error;
  }
}

function resolveAll(metrics: readonly Metric[], args: readonly Argument[]): Metric[] {
  return metrics.map((metric) => resolveMetricArgs(metric, args));
}

/** The arguments with the secrets' contents in place of references. */
function readSecrets({ run, secrets }: AnalysisRunObservation): { values: Argument[]; secrets: string[] } {
  const contents = new Set<string>();
  const values = (run.spec.args ?? []).map((arg) => {
    const ref = arg.valueFrom?.secretKeyRef;
    if (ref === undefined) return arg;
    const secret = secrets.get(ref.name);
    if (secret === undefined) throw new AnalysisError(`secrets "${ref.name}" not found`);
    const encoded = secret.data?.[ref.key];
    if (encoded === undefined) throw new AnalysisError(`key '${ref.key}' does not exist in secret '${ref.name}'`);
    const value = new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
    contents.add(value);
    return { name: arg.name, value };
  });
  return { values, secrets: [...contents] };
}

/** Asked to end, or a metric that counts has come out badly: the others end too. */
export function isTerminating(run: AnalysisRun, results: readonly MetricResult[]): boolean {
  if (run.spec.terminate) return true;
  return results.some(
    ({ dryRun, phase }) => !dryRun && (phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive'),
  );
}

/** Decides each metric, then the run. Changes `results` where a metric changes phase. */
function assessRun(round: Round, metrics: readonly Metric[], results: Map<string, MetricResult>): AnalysisRunStatus {
  const { run, nowMs, draft } = round;
  const tally = { run: newSummary(), dryRun: newSummary() };
  let worst: Phase | undefined;
  let message = run.spec.terminate ? 'Run Terminated' : '';
  let everythingCompleted = true;
  for (const metric of metrics) {
    const dry = round.dryRun.has(metric.name);
    const summary = dry ? tally.dryRun : tally.run;
    summary.count++;
    const result = settleMetric(round, metric, results);
    if (result === undefined || !isCompletedPhase(result.phase)) {
      everythingCompleted = false;
      continue;
    }
    const excess = assessLimits(metric, result);
    summary[outcomeOf(excess?.phase)]++;
    if (dry) worst ??= 'Successful';
    else if (worst === undefined || isWorse(worst, result.phase)) {
      worst = result.phase;
      if (excess !== undefined) message = worstMessage(metric, result, excess.message);
    }
  }
  const decided = round.terminating ? (worst ?? 'Successful') : everythingCompleted ? worst : undefined;
  const phase = decided ?? 'Running';
  const finished = isCompletedPhase(phase);
  if (finished) noteRunCompletion(draft, phase);
  return {
    ...run.status,
    startedAt: run.status?.startedAt ?? formatTime(nowMs),
    phase,
    ...(finished && message !== '' ? { message } : {}),
    ...(finished ? { completedAt: formatTime(nowMs) } : {}),
    runSummary: compactSummary(tally.run),
    dryRunSummary: compactSummary(tally.dryRun),
  };
}

function worstMessage(metric: Metric, result: MetricResult, limit: string): string {
  const cause = result.message ? `: "Error Message: ${result.message}"` : '';
  return `Metric "${metric.name}" assessed ${result.phase} due to ${limit}${cause}`;
}

/** The metric's result with its phase decided anew; a transition is announced and takes the last measurement's message. */
function settleMetric(round: Round, metric: Metric, results: Map<string, MetricResult>): MetricResult | undefined {
  const result = results.get(metric.name);
  if (result === undefined) return undefined;
  const phase = assessMetric(metric, result, round.terminating);
  if (phase === result.phase) return result;
  if (isCompletedPhase(phase)) {
    round.draft.note(noteType(phase), `Metric${phase}`, `Metric '${metric.name}' Completed. Result: ${phase}`);
  }
  const limit = round.dryRun.has(metric.name) ? assessLimits(metric, { ...result, phase })?.message : undefined;
  const last = result.measurements?.at(-1)?.message;
  const message = limit !== undefined && isCompletedPhase(phase) ? `Metric assessed ${phase} due to ${limit}` : last;
  const next: MetricResult = { ...result, phase, ...(message === undefined ? {} : { message }) };
  results.set(metric.name, next);
  return next;
}

type Summary = Required<RunSummary>;

function newSummary(): Summary {
  return { count: 0, successful: 0, failed: 0, inconclusive: 0, error: 0 };
}

function compactSummary(summary: Summary): RunSummary {
  return Object.fromEntries(Object.entries(summary).filter(([, value]) => value !== 0));
}

function outcomeOf(phase: Phase | undefined): Exclude<keyof Summary, 'count'> {
  if (phase === 'Failed') return 'failed';
  if (phase === 'Error') return 'error';
  return phase === 'Inconclusive' ? 'inconclusive' : 'successful';
}

function noteType(phase: Phase): 'Normal' | 'Warning' {
  return phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal';
}

function noteRunCompletion(draft: Draft, phase: Phase): void {
  draft.note(noteType(phase), `AnalysisRun${phase}`, `Analysis Completed. Result: ${phase}`);
}

/** What is stored of a result: the newest measurements, and no counters that are zero. Jobs of trimmed ones go too. */
function trimmed({ run, draft, jobs }: Round, result: MetricResult, limit: number | undefined): MetricResult {
  const kept = limit !== undefined && limit > 0 ? limit : MEASUREMENTS_KEPT;
  const { measurements = [] } = result;
  if (measurements.length > kept) trimJobs(draft, run, jobs, kept);
  const shown = Object.fromEntries(Object.entries(result).filter(([, value]) => value !== 0));
  return { ...(shown as unknown as MetricResult), measurements: measurements.slice(-kept) };
}

function planNextRound(
  round: Round,
  metrics: readonly Metric[],
  results: ReadonlyMap<string, MetricResult>,
  status: AnalysisRunStatus,
): void {
  if (isCompletedPhase(status.phase)) return;
  const startedAtMs = parseTime(status.startedAt);
  for (const metric of metrics) {
    const result = results.get(metric.name);
    if (result !== undefined && isCompletedPhase(result.phase)) continue;
    const atMs = nextMeasurementMs(metric, result, startedAtMs);
    if (atMs !== undefined && atMs > round.nowMs) round.draft.wakeAt(atMs);
  }
}

/** A completed run does nothing more but go away when its time to live is over (rollouts §3.10). */
function planExpiry(run: AnalysisRun, nowMs: number, draft: Draft): Plan {
  const ttlSeconds = timeToLive(run);
  const completedAtMs = parseTime(run.status?.completedAt);
  if (ttlSeconds === undefined || completedAtMs === undefined) return draft.finish();
  const expiresMs = completedAtMs + (ttlSeconds + 1) * 1000;
  if (nowMs < expiresMs) return draft.wakeAt(expiresMs).finish();
  const { namespace, name, uid } = run.metadata;
  const target = { kind: 'AnalysisRun.argoproj.io', namespace, name };
  return draft.add({ effect: 'delete', target, propagation: 'Background', when: { uid } }).finish();
}

function timeToLive({ spec: { ttlStrategy }, status }: AnalysisRun): number | undefined {
  if (status?.phase === 'Successful' && ttlStrategy?.secondsAfterSuccess !== undefined) {
    return ttlStrategy.secondsAfterSuccess;
  }
  if (status?.phase === 'Failed' && ttlStrategy?.secondsAfterFailure !== undefined) {
    return ttlStrategy.secondsAfterFailure;
  }
  return ttlStrategy?.secondsAfterCompletion;
}
