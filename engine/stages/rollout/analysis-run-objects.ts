import { deepEqual } from '#core/json.ts';
import { controllerOf, controllerReference, isDeleting, type Manifest } from '#kube/object.ts';
import { collectTemplates, runSpecFromTemplates } from '../analysis/templates.ts';
import { type AnalysisRun, type AnalysisRunSpec, isCompletedPhase } from '../analysis/types.ts';
import { type Pass, pauseConditionOf, refTo } from './pass.ts';
import { PAUSE } from './reasons.ts';
import { resolveRunArguments } from './run-arguments.ts';
import {
  type CurrentRunStatus,
  HASH_LABEL,
  INSTANCE_ID_LABEL,
  REVISION_ANNOTATION,
  type RolloutAnalysis,
} from './types.ts';

/** What passes do with single analysis runs: find, judge, create, end and delete them. */

export function ownRuns(pass: Pass): AnalysisRun[] {
  const { uid } = pass.rollout.metadata;
  return pass.observation.runs.filter((run) => controllerOf(run)?.uid === uid);
}

/** The abort that a run's verdict causes; `text` says which run it was. */
export function failureOf(run: AnalysisRun, text: string): { cause: string } | undefined {
  const { phase, message = '' } = run.status ?? {};
  if (phase !== 'Failed' && phase !== 'Error') return undefined;
  return { cause: message === '' ? text : `${text}: ${message}` };
}

/** After an inconclusive pause was lifted, and after a retry, the old verdict is void. */
export function needsNewRun(pass: Pass, run: AnalysisRun | undefined): boolean {
  if (run === undefined) return true;
  const { controllerPause, abortedAt } = pass.rollout.status ?? {};
  const isGatePause = [PAUSE.canaryStep, PAUSE.blueGreen].some((reason) => pauseConditionOf(pass.status, reason));
  if (controllerPause && !isGatePause) {
    return run.status?.phase === 'Inconclusive';
  }
  return abortedAt !== undefined;
}

export function pauseIfInconclusive(pass: Pass, run: AnalysisRun | undefined): void {
  if (run?.status?.phase === 'Inconclusive') pass.pause.add.push(PAUSE.inconclusive);
}

export function statusOf(run: AnalysisRun | undefined): CurrentRunStatus | undefined {
  if (run === undefined) return undefined;
  const { phase = '', message } = run.status ?? {};
  return { name: run.metadata.name, status: phase, ...(message ? { message } : {}) };
}

/** Creates a run under the first free name, or takes up a running one that was made for the same purpose (rollouts/A26). */
export function createRun(
  pass: Pass,
  analysis: RolloutAnalysis,
  infix: string | undefined,
  labels: Record<string, string>,
): CurrentRunStatus {
  const spec = runSpec(pass, analysis);
  const hash = pass.newRS?.hash ?? '';
  const baseName = [pass.rollout.metadata.name, hash, pass.revision, ...(infix === undefined ? [] : [infix])].join('-');
  const existing = new Map(pass.observation.runs.map((run) => [run.metadata.name, run]));
  let name = baseName;
  for (let collision = 1; ; collision++) {
    const run = existing.get(name);
    if (run === undefined) break;
    if (isSameRunning(pass, run, spec)) return statusOf(run) as CurrentRunStatus;
    name = `${baseName}.${collision}`;
  }
  pass.draft.add({
    effect: 'create',
    object: runManifest(pass, analysis, { name, spec, labels: { [HASH_LABEL]: hash, ...labels } }),
  });
  return { name, status: '' };
}

function isSameRunning(pass: Pass, run: AnalysisRun, spec: AnalysisRunSpec): boolean {
  const compared = ({ metrics, args, dryRun, measurementRetention }: AnalysisRunSpec) => ({
    metrics,
    args,
    dryRun,
    measurementRetention,
  });
  return (
    !isCompletedPhase(run.status?.phase) &&
    controllerOf(run)?.uid === pass.rollout.metadata.uid &&
    deepEqual(compared(run.spec), compared(spec))
  );
}

function runSpec(pass: Pass, analysis: RolloutAnalysis): AnalysisRunSpec {
  const { templates, clusterTemplates } = pass.observation;
  const found = collectTemplates(analysis.templates ?? [], (ref) =>
    (ref.clusterScope ? clusterTemplates : templates).get(ref.templateName),
  );
  const hashes = { latest: pass.newRS?.hash ?? '', stable: pass.stableRS?.hash ?? '' };
  const args = resolveRunArguments(analysis.args, pass.rollout, hashes);
  const { dryRun, measurementRetention } = analysis;
  return runSpecFromTemplates(found, { args, dryRun, measurementRetention });
}

function runManifest(
  pass: Pass,
  analysis: RolloutAnalysis,
  run: { name: string; spec: AnalysisRunSpec; labels: Record<string, string> },
): Manifest {
  const { rollout } = pass;
  const instance = rollout.metadata.labels?.[INSTANCE_ID_LABEL];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      name: run.name,
      namespace: rollout.metadata.namespace as string,
      labels: {
        ...run.labels,
        ...(instance === undefined ? {} : { [INSTANCE_ID_LABEL]: instance }),
        ...analysis.analysisRunMetadata?.labels,
        ...rollout.spec.selector?.matchLabels,
      },
      annotations: { [REVISION_ANNOTATION]: String(pass.revision), ...analysis.analysisRunMetadata?.annotations },
      ownerReferences: [controllerReference(rollout)],
    },
    spec: run.spec,
  };
}

export function cancel(pass: Pass, runs: readonly (AnalysisRun | undefined)[]): void {
  for (const run of runs) {
    if (run === undefined || run.spec.terminate || isCompletedPhase(run.status?.phase) || isDeleting(run)) continue;
    const target = refTo(pass, 'AnalysisRun.argoproj.io', run.metadata.name);
    pass.draft.add({ effect: 'patch', target, patch: { spec: { terminate: true } } });
  }
}

export function removeRun(pass: Pass, run: AnalysisRun): void {
  if (isDeleting(run)) return;
  const target = refTo(pass, 'AnalysisRun.argoproj.io', run.metadata.name);
  pass.draft.add({ effect: 'delete', target, propagation: 'Background', when: { uid: run.metadata.uid } });
}

/** Runs beyond the history limits, newest kept, and runs whose ReplicaSet is gone (rollouts §3.10). */
export function runsToDelete(pass: Pass, runs: readonly AnalysisRun[]): AnalysisRun[] {
  const { successfulRunHistoryLimit = 5, unsuccessfulRunHistoryLimit = 5 } = pass.rollout.spec.analysis ?? {};
  const alive = new Set(pass.allRSs.filter(({ object }) => !isDeleting(object)).map(({ hash }) => hash));
  let successful = 0;
  let unsuccessful = 0;
  return [...runs].sort(newestFirst).filter((run) => {
    if (!alive.has(run.metadata.labels?.[HASH_LABEL] ?? '')) return true;
    if (!isCompletedPhase(run.status?.phase)) return false;
    return run.status?.phase === 'Successful'
      ? ++successful > successfulRunHistoryLimit
      : ++unsuccessful > unsuccessfulRunHistoryLimit;
  });
}

interface Dated {
  metadata: { name: string; creationTimestamp: string };
}

export function newestFirst(a: Dated, b: Dated): number {
  const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (left !== right) return left < right ? 1 : -1;
  return a.metadata.name < b.metadata.name ? 1 : -1;
}
