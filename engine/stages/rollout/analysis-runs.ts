import { deepEqual } from '#core/json.ts';
import { controllerOf, controllerReference, isDeleting, type Manifest } from '#kube/object.ts';
import { collectTemplates, runSpecFromTemplates } from '../analysis/templates.ts';
import { type AnalysisRun, type AnalysisRunSpec, isCompletedPhase } from '../analysis/types.ts';
import { type CurrentRuns, isAborted, isFastRollback, type Pass, pauseConditionOf, refTo, termsOf } from './pass.ts';
import { MESSAGE, PAUSE } from './reasons.ts';
import { resolveRunArguments } from './run-arguments.ts';
import { currentStep } from './steps.ts';
import {
  type CurrentRunStatus,
  canaryOf,
  HASH_LABEL,
  INSTANCE_ID_LABEL,
  isFullyPromoted,
  REVISION_ANNOTATION,
  type RolloutAnalysis,
} from './types.ts';

const TYPE_LABEL = 'rollout-type';
const STEP_INDEX_LABEL = 'step-index';

/** The runs the status names as current. */
export function currentRunsOf(pass: Pass): CurrentRuns {
  const { currentStepAnalysisRunStatus: step, currentBackgroundAnalysisRunStatus: background } =
    pass.rollout.status?.canary ?? {};
  const find = (status: CurrentRunStatus | undefined) =>
    status === undefined ? undefined : ownRuns(pass).find(({ metadata }) => metadata.name === status.name);
  return { step: find(step), background: find(background) };
}

function ownRuns(pass: Pass): AnalysisRun[] {
  const { uid } = pass.rollout.metadata;
  return pass.observation.runs.filter((run) => controllerOf(run)?.uid === uid);
}

/** Analysis does not apply: nothing is being rolled out, or the way out of the update skips it. */
function isAnalysisOff(pass: Pass): boolean {
  const { status } = pass;
  const aborted = pass.rollout.status?.abort === true && !pass.pause.removeAbort;
  return isFullyPromoted(status) || aborted || status.promoteFull === true || isFastRollback(pass) || !status.stableRS;
}

/**
 * The abort that a failed current run causes. Asked before services and traffic are planned, so that the plan that sees the
 * failure is also the plan that takes the traffic back.
 */
export function assessFailedRuns(pass: Pass): { cause: string } | undefined {
  if (isAnalysisOff(pass) || isAborted(pass)) return undefined;
  const current = currentRunsOf(pass);
  let abort: { cause: string } | undefined;
  if (current.step !== undefined && stepVerdictApplies(pass, current.step)) {
    abort = failureOf(current.step, 'Step-based analysis phase error/failed');
  }
  if (current.background !== undefined && backgroundVerdictApplies(pass, current.background)) {
    abort = failureOf(current.background, 'Background analysis phase error/failed') ?? abort;
  }
  return abort;
}

function failureOf(run: AnalysisRun, text: string): { cause: string } | undefined {
  const { phase, message = '' } = run.status ?? {};
  if (phase !== 'Failed' && phase !== 'Error') return undefined;
  return { cause: message === '' ? text : `${text}: ${message}` };
}

function stepVerdictApplies(pass: Pass, run: AnalysisRun): boolean {
  const { step, index } = currentStep(termsOf(pass));
  const pausing = (pass.status.pauseConditions ?? []).length > 0;
  if (pausing || step?.analysis === undefined || (step.analysis.templates ?? []).length === 0) return false;
  return run.metadata.labels?.[STEP_INDEX_LABEL] === String(index) && !needsNewRun(pass, run);
}

function backgroundVerdictApplies(pass: Pass, run: AnalysisRun): boolean {
  return hasBackground(pass) && !isBeforeStart(pass) && !isInconclusivePause(pass) && !needsNewRun(pass, run);
}

function hasBackground(pass: Pass): boolean {
  return (canaryOf(pass.rollout).analysis?.templates ?? []).length > 0;
}

function isBeforeStart(pass: Pass): boolean {
  const { startingStep } = canaryOf(pass.rollout).analysis ?? {};
  const { index } = currentStep(termsOf(pass));
  return startingStep !== undefined && index !== undefined && index < startingStep;
}

function isInconclusivePause(pass: Pass): boolean {
  return pauseConditionOf(pass.status, PAUSE.inconclusive) !== undefined;
}

/** After an inconclusive pause was lifted, and after a retry, the old verdict is void. */
function needsNewRun(pass: Pass, run: AnalysisRun | undefined): boolean {
  if (run === undefined) return true;
  const { controllerPause, abortedAt } = pass.rollout.status ?? {};
  if (controllerPause && pauseConditionOf(pass.status, PAUSE.canaryStep) === undefined) {
    return run.status?.phase === 'Inconclusive';
  }
  return abortedAt !== undefined;
}

/** Starts, follows and ends the rollout's analysis runs, and drops those beyond the history limits (rollouts §1.12, §1.13). */
export function planAnalysisRuns(pass: Pass): void {
  const current = currentRunsOf(pass);
  if (isAnalysisOff(pass)) {
    cancel(pass, [current.step, current.background]);
  } else {
    pass.currentRuns.step = planStepRun(pass, current.step);
    pass.currentRuns.background = planBackgroundRun(pass, current.background);
  }
  const kept = [pass.currentRuns.step?.name, pass.currentRuns.background?.name];
  const before = [current.step, current.background];
  const others = ownRuns(pass).filter((run) => !before.includes(run) && !kept.includes(run.metadata.name));
  cancel(pass, others);
  for (const run of runsToDelete(pass, others)) remove(pass, run);
  const previous = pass.rollout.status?.canary;
  noteChange(pass, 'Step', previous?.currentStepAnalysisRunStatus, pass.currentRuns.step);
  noteChange(pass, 'Background', previous?.currentBackgroundAnalysisRunStatus, pass.currentRuns.background);
}

function planStepRun(pass: Pass, run: AnalysisRun | undefined): CurrentRunStatus | undefined {
  const { step, index } = currentStep(termsOf(pass));
  if ((pass.status.pauseConditions ?? []).length > 0) return statusOf(run);
  const fromEarlierStep = run !== undefined && run.metadata.labels?.[STEP_INDEX_LABEL] !== String(index);
  const analysis = step?.analysis;
  if (analysis === undefined || index === undefined || (analysis.templates ?? []).length === 0 || fromEarlierStep) {
    cancel(pass, [run]);
    return undefined;
  }
  if (needsNewRun(pass, run)) {
    return createRun(pass, analysis, String(index), { [TYPE_LABEL]: 'Step', [STEP_INDEX_LABEL]: String(index) });
  }
  pauseIfInconclusive(pass, run);
  return statusOf(run);
}

function planBackgroundRun(pass: Pass, run: AnalysisRun | undefined): CurrentRunStatus | undefined {
  const { analysis } = canaryOf(pass.rollout);
  if (analysis === undefined || !hasBackground(pass)) {
    cancel(pass, [run]);
    return undefined;
  }
  if (!pass.status.currentPodHash || isBeforeStart(pass)) return undefined;
  if (isInconclusivePause(pass)) return statusOf(run);
  if (needsNewRun(pass, run)) return createRun(pass, analysis, undefined, { [TYPE_LABEL]: 'Background' });
  pauseIfInconclusive(pass, run);
  return statusOf(run);
}

function pauseIfInconclusive(pass: Pass, run: AnalysisRun | undefined): void {
  if (run?.status?.phase === 'Inconclusive') pass.pause.add.push(PAUSE.inconclusive);
}

function statusOf(run: AnalysisRun | undefined): CurrentRunStatus | undefined {
  if (run === undefined) return undefined;
  const { phase = '', message } = run.status ?? {};
  return { name: run.metadata.name, status: phase, ...(message ? { message } : {}) };
}

/** Creates a run under the first free name, or takes up a running one that was made for the same purpose (rollouts/A26). */
function createRun(
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

function cancel(pass: Pass, runs: readonly (AnalysisRun | undefined)[]): void {
  for (const run of runs) {
    if (run === undefined || run.spec.terminate || isCompletedPhase(run.status?.phase) || isDeleting(run)) continue;
    const target = refTo(pass, 'AnalysisRun.argoproj.io', run.metadata.name);
    pass.draft.add({ effect: 'patch', target, patch: { spec: { terminate: true } } });
  }
}

function remove(pass: Pass, run: AnalysisRun): void {
  if (isDeleting(run)) return;
  const target = refTo(pass, 'AnalysisRun.argoproj.io', run.metadata.name);
  pass.draft.add({ effect: 'delete', target, propagation: 'Background', when: { uid: run.metadata.uid } });
}

/** Runs beyond the history limits, newest kept, and runs whose ReplicaSet is gone (rollouts §3.10). */
function runsToDelete(pass: Pass, runs: readonly AnalysisRun[]): AnalysisRun[] {
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

function newestFirst(a: AnalysisRun, b: AnalysisRun): number {
  const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (left !== right) return left < right ? 1 : -1;
  return a.metadata.name < b.metadata.name ? 1 : -1;
}

function noteChange(
  pass: Pass,
  type: string,
  previous: CurrentRunStatus | undefined,
  run: CurrentRunStatus | undefined,
): void {
  if (run === undefined || run.status === '') return;
  if (previous !== undefined && (previous.name !== run.name || previous.status === run.status)) return;
  const warning = run.status === 'Failed' || run.status === 'Error';
  const message = MESSAGE.runStatus(type, run.name, run.status, previous?.status ?? 'NoPreviousStatus');
  pass.draft.note(warning ? 'Warning' : 'Normal', `AnalysisRun${run.status}`, message);
}
