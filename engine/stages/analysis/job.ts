import type { Draft } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import { controllerOf, controllerReference, isDeleting, type Manifest } from '#kube/object.ts';
import { AnalysisError } from './arguments.ts';
import type { AnalysisRun, Measurement, Metric, MetricResult } from './types.ts';

export type Job = KindMap['Job.batch'];

export const JOB_NAME = 'job-name';
export const JOB_NAMESPACE = 'job-namespace';
const UID_LABEL = 'analysisrun.argoproj.io/uid';
const NAME_MAX = 63;

/** `<run uid>.<metric>.<n>`, n being the number of measurements so far plus one; the metric's name is cut to fit a label. */
export function jobName(run: AnalysisRun, metric: string, result: MetricResult | undefined): string {
  const ordinal = (result?.count ?? 0) + (result?.error ?? 0) + 1;
  const rest = `${run.metadata.uid}..${ordinal}`.length;
  return `${run.metadata.uid}.${metric.slice(0, Math.max(0, NAME_MAX - rest))}.${ordinal}`;
}

function jobManifest(run: AnalysisRun, metric: Metric, name: string): Manifest {
  const { metadata = {}, spec = {} } = metric.provider?.job ?? {};
  const namespace = run.metadata.namespace as string;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels: { ...metadata.labels, [UID_LABEL]: run.metadata.uid },
      annotations: {
        ...metadata.annotations,
        'analysisrun.argoproj.io/name': run.metadata.name,
        'analysisrun.argoproj.io/namespace': namespace,
        'analysisrun.argoproj.io/metric-name': metric.name,
      },
      ownerReferences: [controllerReference(run)],
    },
    spec,
  };
}

/**
 * Begins a job measurement: the Job is created, unless this run created it before a crash. Returns the measurement's metadata,
 * or undefined while the API has not said yet whether it takes the Job. Throws AnalysisError when it does not, and when the
 * name is somebody else's (rollouts/A32).
 */
export function beginJob(
  draft: Draft,
  run: AnalysisRun,
  metric: Metric,
  result: MetricResult | undefined,
  existing: ReadonlyMap<string, Job>,
): Record<string, string> | undefined {
  const name = jobName(run, metric.name, result);
  const metadata = { [JOB_NAME]: name, [JOB_NAMESPACE]: run.metadata.namespace as string };
  const known = existing.get(name);
  if (known !== undefined) {
    if (controllerOf(known)?.uid === run.metadata.uid) return metadata;
    throw new AnalysisError(`jobs.batch "${name}" already exists`);
  }
  const manifest = jobManifest(run, metric, name);
  const answer = draft.ask({ ask: 'admission', manifest });
  if (answer === undefined) return undefined;
  if (!answer.ok) throw new AnalysisError(answer.failure.message);
  draft.add({ effect: 'create', object: manifest });
  return metadata;
}

/** How a Job ended; undefined while it runs. Throws AnalysisError for a Job that is gone. */
export function jobOutcome(
  measurement: Measurement,
  existing: ReadonlyMap<string, Job>,
): 'Successful' | 'Failed' | undefined {
  const name = measurement.metadata?.[JOB_NAME] ?? '';
  if (name === '') throw new AnalysisError('job metadata reference missing');
  const job = existing.get(name);
  if (job === undefined) throw new AnalysisError(`job.batch "${name}" not found`);
  const ends = (job.status?.conditions ?? [])
    .filter(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
    .map(({ type }) => (type === 'Complete' ? 'Successful' : 'Failed'));
  return ends.at(-1) as 'Successful' | 'Failed' | undefined;
}

/** What a failed Job says of itself: `BackoffLimitExceeded: Job has reached the specified backoff limit`. */
export function jobFailure(measurement: Measurement, existing: ReadonlyMap<string, Job>): string | undefined {
  const job = existing.get(measurement.metadata?.[JOB_NAME] ?? '');
  const failed = job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  return failed === undefined ? undefined : `${failed.reason ?? 'Failed'}: ${failed.message ?? ''}`;
}

/** Deletes the Job of a measurement that is not waited for any more. */
export function endJob(draft: Draft, run: AnalysisRun, measurement: Measurement): void {
  const name = measurement.metadata?.[JOB_NAME];
  if (name !== undefined) removeJob(draft, run, name);
}

/** The oldest Jobs of the run beyond `limit` go, when a metric's measurements are trimmed; those of all metrics count. */
export function trimJobs(draft: Draft, run: AnalysisRun, existing: ReadonlyMap<string, Job>, limit: number): void {
  const own = [...existing.values()]
    .filter((job) => controllerOf(job)?.uid === run.metadata.uid)
    .sort((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1));
  for (const job of own.slice(0, Math.max(0, own.length - limit))) {
    if (!isDeleting(job)) removeJob(draft, run, job.metadata.name);
  }
}

function ageKey({ metadata }: Job): string {
  return `${metadata.creationTimestamp} ${metadata.name}`;
}

function removeJob(draft: Draft, run: AnalysisRun, name: string): void {
  const target = { kind: 'Job.batch', namespace: run.metadata.namespace, name };
  draft.add({ effect: 'delete', target, propagation: 'Foreground' });
}
