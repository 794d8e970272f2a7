import type { AnalysisRun } from '../analysis/types.ts';
import {
  cancel,
  createRun,
  failureOf,
  needsNewRun,
  ownRuns,
  pauseIfInconclusive,
  removeRun,
  runsToDelete,
  statusOf,
} from './analysis-run-objects.ts';
import { assessFailedGates, planGateRuns } from './blue-green-analysis.ts';
import {
  type CurrentRuns,
  isAborted,
  isFastRollback,
  isInconclusivelyPaused,
  type Pass,
  type RunRole,
  termsOf,
} from './pass.ts';
import { MESSAGE } from './reasons.ts';
import { currentStep } from './steps.ts';
import { blueGreenOf, type CurrentRunStatus, canaryOf, isFullyPromoted, type RolloutStatus } from './types.ts';

const TYPE_LABEL = 'rollout-type';
const STEP_INDEX_LABEL = 'step-index';

/** What each role is called in labels and events, in the order in which changes are told. */
const ROLES: readonly [role: RunRole, type: string][] = [
  ['postPromotion', 'PostPromotion'],
  ['prePromotion', 'PrePromotion'],
  ['step', 'Step'],
  ['background', 'Background'],
];

function recordedRuns({ canary, blueGreen }: RolloutStatus): { [Role in RunRole]?: CurrentRunStatus } {
  return {
    step: canary?.currentStepAnalysisRunStatus,
    background: canary?.currentBackgroundAnalysisRunStatus,
    prePromotion: blueGreen?.prePromotionAnalysisRunStatus,
    postPromotion: blueGreen?.postPromotionAnalysisRunStatus,
  };
}

/** The runs the status names as current. */
export function currentRunsOf(pass: Pass): CurrentRuns {
  const recorded = recordedRuns(pass.rollout.status ?? {});
  const own = ownRuns(pass);
  const runs: CurrentRuns = {};
  for (const [role] of ROLES) {
    const run = own.find(({ metadata }) => metadata.name === recorded[role]?.name);
    if (run !== undefined) runs[role] = run;
  }
  return runs;
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
  if (blueGreenOf(pass.rollout) !== undefined) return assessFailedGates(pass, current);
  let abort: { cause: string } | undefined;
  if (current.step !== undefined && stepVerdictApplies(pass, current.step)) {
    abort = failureOf(current.step, 'Step-based analysis phase error/failed');
  }
  if (current.background !== undefined && backgroundVerdictApplies(pass, current.background)) {
    abort = failureOf(current.background, 'Background analysis phase error/failed') ?? abort;
  }
  return abort;
}

function stepVerdictApplies(pass: Pass, run: AnalysisRun): boolean {
  const { step, index } = currentStep(termsOf(pass));
  const pausing = (pass.status.pauseConditions ?? []).length > 0;
  if (pausing || step?.analysis === undefined || (step.analysis.templates ?? []).length === 0) return false;
  return run.metadata.labels?.[STEP_INDEX_LABEL] === String(index) && !needsNewRun(pass, run);
}

function backgroundVerdictApplies(pass: Pass, run: AnalysisRun): boolean {
  return hasBackground(pass) && !isBeforeStart(pass) && !isInconclusivelyPaused(pass) && !needsNewRun(pass, run);
}

function hasBackground(pass: Pass): boolean {
  return (canaryOf(pass.rollout).analysis?.templates ?? []).length > 0;
}

function isBeforeStart(pass: Pass): boolean {
  const { startingStep } = canaryOf(pass.rollout).analysis ?? {};
  const { index } = currentStep(termsOf(pass));
  return startingStep !== undefined && index !== undefined && index < startingStep;
}

/** Starts, follows and ends the rollout's analysis runs, and drops those beyond the history limits (rollouts §1.12, §1.13). */
export function planAnalysisRuns(pass: Pass): void {
  const current = currentRunsOf(pass);
  if (isAnalysisOff(pass)) {
    cancel(pass, Object.values(current));
    // A blue-green rollout goes on naming the runs of its last update.
    pass.currentRuns.prePromotion = statusOf(current.prePromotion);
    pass.currentRuns.postPromotion = statusOf(current.postPromotion);
  } else if (blueGreenOf(pass.rollout) !== undefined) {
    planGateRuns(pass, current);
  } else {
    pass.currentRuns.step = planStepRun(pass, current.step);
    pass.currentRuns.background = planBackgroundRun(pass, current.background);
  }
  const kept = new Set(Object.values(pass.currentRuns).map((run) => run?.name));
  const before = new Set(Object.values(current));
  const others = ownRuns(pass).filter((run) => !before.has(run) && !kept.has(run.metadata.name));
  cancel(pass, others);
  for (const run of runsToDelete(pass, others)) removeRun(pass, run);
  const recorded = recordedRuns(pass.rollout.status ?? {});
  for (const [role, type] of ROLES) noteChange(pass, type, recorded[role], pass.currentRuns[role]);
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
  if (isInconclusivelyPaused(pass)) return statusOf(run);
  if (needsNewRun(pass, run)) return createRun(pass, analysis, undefined, { [TYPE_LABEL]: 'Background' });
  pauseIfInconclusive(pass, run);
  return statusOf(run);
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
