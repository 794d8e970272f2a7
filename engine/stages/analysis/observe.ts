import type { World } from '#control/controller.ts';
import type { Answers } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import { isDeleting, splitKey } from '#kube/object.ts';
import type { AnalysisRun } from './types.ts';

export type Secret = KindMap['Secret'];

export interface AnalysisRunObservation {
  run: AnalysisRun;
  /** The Secrets its arguments refer to, by name. */
  secrets: ReadonlyMap<string, Secret>;
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
  return { run, secrets, answers };
}
