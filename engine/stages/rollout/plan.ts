import { Draft, type Plan } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { AnalysisError } from '../analysis/arguments.ts';
import { assessFailedRuns, planAnalysisRuns } from './analysis-runs.ts';
import {
  countsOfActive,
  planActiveService,
  planBlueGreenPause,
  planBlueGreenProgress,
  planBlueGreenScaling,
  planPreviewService,
} from './blue-green.ts';
import { planEphemeralMetadata } from './ephemeral-metadata.ts';
import { assessFailedExperiment, planExperiments } from './experiment-step.ts';
import type { RolloutObservation } from './observe.ts';
import {
  isAborted,
  isFastRollback,
  isRollbackWithinWindow,
  type Pass,
  pauseConditionOf,
  setsOf,
  startPass,
  termsOf,
} from './pass.ts';
import { MESSAGE, PAUSE, REASON } from './reasons.ts';
import { isAtDesiredCounts, isThresholdMet } from './replica-counts.ts';
import { planRestart } from './restart.ts';
import { findReplicaSets, isUpdateBegun, planHistory, planNewReplicaSet, planRevision } from './revisions.ts';
import { planScaling } from './scaling.ts';
import { planServices } from './services.ts';
import { baseStatus, finishPass, invalidStatus, pausedConditionsStatus, stepHash } from './status.ts';
import { currentStep, formatStep, pauseDurationMs } from './steps.ts';
import { planTraffic } from './traffic.ts';
import { blueGreenOf, canaryOf, type RolloutStatus, replicasOf, stepsOf } from './types.ts';
import { validateRollout } from './validation-references.ts';
import { planScaleDownOnSuccess, planWorkloadGeneration } from './workload-ref.ts';

const INVALID_RETRY_MS = 20_000;
const ROUTER_RETRY_MS = 10_000;

/**
 * One pass of the rollout controller, in upstream's order and with its early ends (rollouts §0.2): each plan does one thing that
 * others must see before the next (create, scale, pause, complete a step), and the change it makes brings the next.
 */
export function planRollout(observation: RolloutObservation, nowMs: number): Plan {
  const pass = startPass(observation, nowMs, new Draft());
  const { rollout, draft } = pass;
  if (rollout.status?.observedGeneration === undefined && rollout.status?.conditions === undefined) {
    const { namespace, name } = rollout.metadata;
    draft.note('Normal', REASON.addedToInformer, `Rollout resource added to informer: ${namespace}/${name}`);
  }
  planWorkloadGeneration(pass);
  const error = observation.workload?.problem ?? validateRollout(observation)[0];
  if (error !== undefined) return draft.wakeAt(nowMs + INVALID_RETRY_MS).finish({ ...invalidStatus(pass, error) });
  findReplicaSets(pass);
  if (pass.newRS === undefined) return draft.finish({ ...planNewReplicaSet(pass) });
  if (rollout.spec.replicas === undefined) return planDefaultReplicas(pass);
  const early = pausedConditionsStatus(pass);
  if (early !== undefined) return draft.finish({ ...early });
  planRevision(pass);
  if (isScalingEvent(pass)) return planReplicasOnly(pass);
  return blueGreenOf(rollout) === undefined ? planCanary(pass) : planBlueGreen(pass);
}

function planDefaultReplicas(pass: Pass): Plan {
  const { namespace, name } = pass.rollout.metadata;
  const target = { kind: 'Rollout.argoproj.io', namespace, name };
  return pass.draft.add({ effect: 'patch', target, patch: { spec: { replicas: 1 } } }).finish();
}

/** spec.replicas changed since the new and stable ReplicaSets were last sized. */
function isScalingEvent(pass: Pass): boolean {
  const wanted = String(replicasOf(pass.rollout));
  return [pass.newRS, pass.stableRS].some(
    (rs) => rs !== undefined && rs.spec > 0 && rs.desired !== undefined && rs.desired !== wanted,
  );
}

/** A pass that only sizes ReplicaSets: traffic, services and analysis wait for the next. */
function planReplicasOnly(pass: Pass): Plan {
  if (blueGreenOf(pass.rollout) === undefined) planScaling(pass);
  else planBlueGreenScaling(pass);
  const base = baseStatus(pass);
  const active = countsOfActive(pass, base, pass.status.blueGreen?.activeSelector ?? '');
  const { availableReplicas, HPAReplicas } = { ...base, ...active };
  return finishPass(pass, { ...pass.status, availableReplicas, HPAReplicas });
}

/** The passes of a blue-green rollout do everything that can be done; only a new template ends one early (rollouts §4.1). */
function planBlueGreen(pass: Pass): Plan {
  planPreviewService(pass);
  const { currentPodHash = '' } = pass.status;
  if (currentPodHash !== '' && currentPodHash !== pass.newRS?.hash) return planBlueGreenProgress(pass, true);
  planRestart(pass);
  detectFailedAnalysis(pass);
  planBlueGreenScaling(pass);
  planHistory(pass);
  planBlueGreenPause(pass);
  planActiveService(pass);
  const problem = tryPlanAnalysisRuns(pass);
  if (problem !== undefined) return planAnalysisProblem(pass, problem);
  planEphemeralMetadata(pass);
  return planBlueGreenProgress(pass, false);
}

function planCanary(pass: Pass): Plan {
  if (isUpdateBegun(pass, stepHash(pass.rollout))) return planUpdateBegun(pass);
  if (planRestart(pass)) return pass.draft.finish();
  detectFailedAnalysis(pass);
  planEphemeralMetadata(pass);
  planHistory(pass);
  planServices(pass);
  if (!planTraffic(pass)) return pass.draft.wakeAt(pass.nowMs + ROUTER_RETRY_MS).finish();
  const problem = tryPlanAnalysisRuns(pass);
  if (problem !== undefined) return planAnalysisProblem(pass, problem);
  if (pass.pause.add.length > 0) return planProgress(pass);
  if (planScaling(pass)) return planProgress(pass);
  planPause(pass);
  return planProgress(pass);
}

/** A run that failed aborts the rollout in this very pass: what follows already takes the traffic back. */
function detectFailedAnalysis(pass: Pass): void {
  const abort = assessFailedRuns(pass) ?? assessFailedExperiment(pass);
  if (abort === undefined) return;
  pass.pause.abort = abort;
  pass.status = { ...pass.status, abort: true };
}

/** Arguments may lead nowhere only now (a field path that was lenient at validation). */
function tryPlanAnalysisRuns(pass: Pass): string | undefined {
  try {
    if (blueGreenOf(pass.rollout) === undefined) planExperiments(pass);
    planAnalysisRuns(pass);
    return undefined;
  } catch (error) {
    if (error instanceof AnalysisError) return error.message;
    throw error;
  }
}

/** Nothing more can be done in this pass; the problem may be mended by a change of the rollout or of a template. */
function planAnalysisProblem(pass: Pass, problem: string): Plan {
  pass.draft.note('Warning', 'ReconciliationError', `Reconciliation failed with error: ${problem}`);
  return pass.draft.wakeAt(pass.nowMs + INVALID_RETRY_MS).finish();
}

/** Template or steps are new: everything about the previous update is forgotten, and step 0 is next (rollouts §1.5). */
function planUpdateBegun(pass: Pass): Plan {
  const steps = stepsOf(pass.rollout).length;
  pass.pause.clear = true;
  pass.pause.removeAbort = true;
  const base: RolloutStatus = {
    ...baseStatus(pass),
    promoteFull: false,
    currentStepIndex: steps === 0 ? undefined : 0,
    canary: { weights: pass.weights },
  };
  if (steps === 0 || pass.newRS === undefined) return finishPass(pass, base);
  if (pass.status.stableRS === pass.newRS.hash) {
    pass.draft.note('Normal', REASON.skipSteps, 'Rollback to stable ReplicaSets');
    return finishPass(pass, { ...base, currentStepIndex: steps });
  }
  if (isRollbackWithinWindow(pass) && pass.newRS.spec > 0) {
    pass.draft.note('Normal', REASON.skipSteps, 'Rollback to active ReplicaSets within RollbackWindow');
    return finishPass(pass, { ...base, currentStepIndex: steps });
  }
  return finishPass(pass, base);
}

/** Begins a pause step, or waits for its end. */
function planPause(pass: Pass): void {
  const { step } = currentStep(termsOf(pass));
  if (pass.rollout.spec.paused || pass.status.promoteFull || step?.pause === undefined) return;
  const condition = pauseConditionOf(pass.status, PAUSE.canaryStep);
  if (condition === undefined) {
    if (!pass.status.controllerPause) pass.pause.add.push(PAUSE.canaryStep);
    return;
  }
  const durationMs = pauseDurationMs(step.pause);
  const startMs = parseTime(condition.startTime);
  if (durationMs === undefined || startMs === undefined) return;
  // A pause ends strictly after its duration.
  if (startMs + durationMs >= pass.nowMs) pass.draft.wakeAt(startMs + durationMs + 1);
}

/** The end of an ordinary pass: promotion, abort or the next step. */
function planProgress(pass: Pass): Plan {
  const steps = stepsOf(pass.rollout).length;
  const base = baseStatus(pass);
  let { step, index } = currentStep(termsOf(pass));
  if (pass.status.promoteFull || isRollbackWithinWindow(pass)) {
    pass.pause.clear = true;
    pass.pause.removeAbort = true;
    index = steps === 0 ? undefined : steps;
    step = undefined;
  }
  const promotion = promotionReason(pass);
  if (promotion !== undefined) return planPromotion(pass, base, promotion);
  if (isAborted(pass)) {
    const stays = base.stableRS === base.currentPodHash;
    return finishPass(pass, { ...base, currentStepIndex: steps === 0 ? undefined : stays ? steps : 0 });
  }
  if (step === undefined || index === undefined || !isStepCompleted(pass)) {
    return finishPass(pass, { ...base, currentStepIndex: index });
  }
  pass.draft.note('Normal', REASON.stepCompleted, MESSAGE.stepCompleted(index + 1, steps, formatStep(step)));
  pass.pause.remove.push(PAUSE.canaryStep);
  const canary = { ...base.canary, currentStepAnalysisRunStatus: undefined, currentExperiment: undefined };
  return finishPass(pass, { ...base, currentStepIndex: index + 1, canary });
}

/** Why the new ReplicaSet becomes the stable one now, if it does (rollouts §2.4). */
function promotionReason(pass: Pass): string | undefined {
  const { newRS, stableRS, status } = pass;
  if (stableRS === undefined) return 'Initial deploy';
  if (isAborted(pass) || newRS === undefined) return undefined;
  const replicas = replicasOf(pass.rollout);
  const threshold = canaryOf(pass.rollout).replicaProgressThreshold;
  if (newRS.available < replicas && !isThresholdMet(threshold, newRS, replicas)) return undefined;
  if (status.promoteFull) return 'Full promotion requested';
  if (isFastRollback(pass)) return isRollbackWithinWindow(pass) ? 'Rollback within window' : 'Fast rollback';
  const { index } = currentStep(termsOf(pass));
  const steps = stepsOf(pass.rollout).length;
  return steps === 0 || index === steps ? `Completed all ${steps} canary steps` : undefined;
}

function planPromotion(pass: Pass, base: RolloutStatus, reason: string): Plan {
  const steps = stepsOf(pass.rollout).length;
  pass.pause.clear = true;
  pass.pause.removeAbort = true;
  const hash = base.currentPodHash ?? '';
  if (base.stableRS !== hash) {
    pass.draft.note('Normal', REASON.completed, MESSAGE.completed(pass.revision, hash, reason));
  }
  planScaleDownOnSuccess(pass);
  return finishPass(pass, {
    ...base,
    promoteFull: false,
    stableRS: hash,
    currentStepIndex: steps === 0 ? undefined : steps,
  });
}

function isStepCompleted(pass: Pass): boolean {
  const { step } = currentStep(termsOf(pass));
  if (pass.rollout.spec.paused || step === undefined) return false;
  if (step.pause !== undefined) return isPauseOver(pass, step.pause);
  if (step.setCanaryScale !== undefined || step.setWeight !== undefined) {
    return isAtDesiredCounts(termsOf(pass), setsOf(pass), pass.weights);
  }
  if (step.experiment !== undefined) return pass.experiment?.status?.phase === 'Successful';
  if (step.analysis !== undefined) return pass.currentRuns.step?.status === 'Successful';
  // The router got the routes in this very pass.
  return step.setHeaderRoute !== undefined || step.setMirrorRoute !== undefined;
}

/** A human lifted it (the controller paused, and the condition is gone), or its time is up. */
function isPauseOver(pass: Pass, pause: { duration?: number | string }): boolean {
  const condition = pauseConditionOf(pass.status, PAUSE.canaryStep);
  if (condition === undefined) return pass.status.controllerPause === true;
  const durationMs = pauseDurationMs(pause);
  const startMs = parseTime(condition.startTime);
  return durationMs !== undefined && startMs !== undefined && pass.nowMs > startMs + durationMs;
}
