import type { World } from '#control/controller.ts';
import type { Answers } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import { isDeleting, splitKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { JOB_NAME, type Job, jobName } from './job.ts';
import type { AnalysisRun } from './types.ts';

const NO_JOBS: ReadonlyMap<string, Job> = new Map();

export type Secret = KindMap['Secret'];

export interface AnalysisRunObservation {
  run: AnalysisRun;
  /** The Secrets its arguments refer to, by name. */
  secrets: ReadonlyMap<string, Secret>;
  /** The Jobs of its measurements, and whatever has the name of the next one, by name. */
  jobs: ReadonlyMap<string, Job>;
  answers: Answers;
}

/** Reads what concerns one run. Undefined when it is gone or on its way out. */
export function observeAnalysisRun(key: string, { objects, answers }: World): AnalysisRunObservation | undefined {
  const { namespace, name } = splitKey(key);
  const run = objects.get('AnalysisRun.argoproj.io', namespace, name) as unknown as AnalysisRun | undefined;
  if (run === undefined || isDeleting(run)) return undefined;
  const secrets = new Map<string, Secret>();
  for (const { valueFrom } of run.spec.args ?? []) {
    const secret = valueFrom?.secretKeyRef && objects.get('Secret', namespace, valueFrom.secretKeyRef.name);
    if (secret) secrets.set(secret.metadata.name, secret);
  }
  return { run, secrets, jobs: jobsOf(run, objects), answers };
}

function jobsOf(run: AnalysisRun, objects: Reader): ReadonlyMap<string, Job> {
  const metrics = (run.spec.metrics ?? []).filter(({ provider }) => provider?.job !== undefined);
  if (metrics.length === 0) return NO_JOBS;
  const results = new Map((run.status?.metricResults ?? []).map((result) => [result.name, result]));
  const names = metrics.flatMap(({ name }) => {
    const result = results.get(name);
    return [jobName(run, name, result), result?.measurements?.at(-1)?.metadata?.[JOB_NAME] ?? ''];
  });
  const named = names.map((name) => objects.get('Job.batch', run.metadata.namespace, name));
  const found = [...objects.ownedBy('Job.batch', run.metadata.uid), ...named].filter((job) => job !== undefined);
  return new Map(found.map((job) => [job.metadata.name, job]));
}
