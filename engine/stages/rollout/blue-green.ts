import type { Plan } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { currentRunsOf } from './analysis-runs.ts';
import { isGateSkipped } from './blue-green-analysis.ts';
import { isReadyForPause } from './blue-green-counts.ts';
import {
  findByHash,
  isAborted,
  isFastRollback,
  isHalted,
  isInconclusivelyPaused,
  isRollbackWithinWindow,
  isSaturated,
  type Pass,
  pauseConditionOf,
  type RsView,
  termsOf,
} from './pass.ts';
import { MESSAGE, PAUSE, REASON } from './reasons.ts';
import { isReferenced, removeDeadlines, scale, scaleNew, sizeWithinDelay } from './scaling.ts';
import { switchService } from './services.ts';
import { baseStatus, finishPass, formatSelector } from './status.ts';
import { type BlueGreenStrategy, blueGreenOf, type RolloutStatus, replicasOf } from './types.ts';
import { planScaleDownOnSuccess } from './workload-ref.ts';

function strategyOf(pass: Pass): BlueGreenStrategy {
  return blueGreenOf(pass.rollout) ?? {};
}

/** The hash the active service selects by, '' when it selects by none. */
function activeHash(pass: Pass): string {
  return pass.serviceHashes.get(strategyOf(pass).activeService ?? '') ?? '';
}

/** The preview service follows the new ReplicaSet at once. */
export function planPreviewService(pass: Pass): void {
  const { previewService } = strategyOf(pass);
  if (previewService === undefined || previewService === '' || pass.newRS === undefined || isHalted(pass)) return;
  switchService(pass, previewService, pass.newRS.hash);
}

/** Stable and new ReplicaSets to their sizes, others towards zero. */
export function planBlueGreenScaling(pass: Pass): void {
  removeDeadlines(pass);
  if (pass.stableRS !== undefined) scale(pass, pass.stableRS, replicasOf(pass.rollout));
  scaleNew(pass);
  scaleOldSets(pass);
}

/** Old versions keep their pods for the delay, so that going back is fast; newest revisions first up to the limit. */
function scaleOldSets(pass: Pass): void {
  if (isInconclusivelyPaused(pass) || waitsForPostPromotion(pass)) return;
  let annotated = 0;
  for (const rs of [...pass.otherRSs].sort((a: RsView, b: RsView) => b.revision - a.revision)) {
    if (rs.spec === 0 || isReferenced(pass, rs)) continue;
    const wanted = sizeWithinDelay(pass, rs, annotated, replicasOf(pass.rollout));
    annotated = wanted.annotated;
    if (wanted.size !== rs.spec) scale(pass, rs, wanted.size);
  }
}

/** Without an explicit delay nothing old goes before the analysis after the switch has succeeded. */
function waitsForPostPromotion(pass: Pass): boolean {
  const { postPromotionAnalysis, scaleDownDelaySeconds } = strategyOf(pass);
  if (postPromotionAnalysis === undefined || scaleDownDelaySeconds !== undefined) return false;
  const run = currentRunsOf(pass).postPromotion;
  return !isGateSkipped(pass, 'postPromotion', run) && run?.status?.phase !== 'Successful';
}

/** No pause and no gate: going back, promoting in full, or nothing was active before. */
function isFastTracked(pass: Pass): boolean {
  if (isFastRollback(pass) || pass.status.promoteFull) return true;
  const active = activeHash(pass);
  return active === '' || active === pass.newRS?.hash;
}

/** Begins the pause before the switch, or ends it: when a human resumed or autoPromotionSeconds have passed. */
export function planBlueGreenPause(pass: Pass): void {
  const { status, pause } = pass;
  const { autoPromotionEnabled = true, autoPromotionSeconds = 0 } = strategyOf(pass);
  if (status.abort || isHalted(pass) || !isReadyForPause(termsOf(pass), pass.newRS, pass.allRSs)) return;
  const pauses = !autoPromotionEnabled || autoPromotionSeconds > 0;
  if (isFastTracked(pass) || status.blueGreen?.scaleUpPreviewCheckPoint || !pauses) {
    pause.remove.push(PAUSE.blueGreen);
    return;
  }
  if (!isPrePromotionPassed(pass)) return;
  const condition = pauseConditionOf(status, PAUSE.blueGreen);
  if (condition === undefined) {
    if (!status.controllerPause) pause.add.push(PAUSE.blueGreen);
    return;
  }
  if (isPauseCompleted(pass)) pause.remove.push(PAUSE.blueGreen);
  const endMs = (parseTime(condition.startTime) ?? 0) + autoPromotionSeconds * 1000;
  if (autoPromotionSeconds > 0 && endMs >= pass.nowMs) pass.draft.wakeAt(endMs + 1);
}

function isPrePromotionPassed(pass: Pass): boolean {
  if (strategyOf(pass).prePromotionAnalysis === undefined) return true;
  return currentRunsOf(pass).prePromotion?.status?.phase === 'Successful';
}

/** A human has resumed, or the time is up; a pause that begins in this pass is not over. */
function isPauseCompleted(pass: Pass): boolean {
  const { status, nowMs } = pass;
  const { autoPromotionEnabled = true, autoPromotionSeconds = 0 } = strategyOf(pass);
  const condition = pauseConditionOf(status, PAUSE.blueGreen);
  if (pass.pause.add.length > 0) return false;
  if (status.blueGreen?.scaleUpPreviewCheckPoint) return true;
  if (!autoPromotionEnabled) return status.controllerPause === true && condition === undefined;
  if (autoPromotionSeconds === 0) return true;
  const startMs = parseTime(condition?.startTime);
  return startMs !== undefined && nowMs > startMs + autoPromotionSeconds * 1000;
}

/** The switch: to the new ReplicaSet when everything before it is done, back to stable after an abort. */
export function planActiveService(pass: Pass): void {
  const { newRS, status } = pass;
  const { activeService } = strategyOf(pass);
  if (activeService === undefined || newRS === undefined || isHalted(pass)) return;
  const isWhole = isReadyForPause(termsOf(pass), newRS, pass.allRSs) && isSaturated(pass, newRS);
  // The way back depends on the pods it leads to, not on those that failed.
  const isWayBackOpen = status.abort === true && isSaturated(pass, pass.stableRS);
  if (!isWhole && !isWayBackOpen) return;
  const isPassed = isPauseCompleted(pass) && isPrePromotionPassed(pass);
  let hash = isFastTracked(pass) || isPassed ? newRS.hash : activeHash(pass);
  if (status.abort) hash = status.stableRS ?? '';
  if (hash !== '') switchService(pass, activeService, hash);
}

/** The end of a blue-green pass. `begun`: the template is new, and everything about the previous update is forgotten. */
export function planBlueGreenProgress(pass: Pass, begun: boolean): Plan {
  const { pause, serviceHashes } = pass;
  if (begun || pass.status.promoteFull || isRollbackWithinWindow(pass)) {
    pause.clear = true;
    pause.removeAbort = true;
  }
  const base = baseStatus(pass);
  const selectors = {
    previewSelector: serviceHashes.get(strategyOf(pass).previewService ?? ''),
    activeSelector: activeHash(pass),
  };
  const { prePromotion, postPromotion } = pass.currentRuns;
  const runs = { prePromotionAnalysisRunStatus: prePromotion, postPromotionAnalysisRunStatus: postPromotion };
  const status: RolloutStatus = {
    ...base,
    ...countsOfActive(pass, base, selectors.activeSelector),
    promoteFull: !begun && base.promoteFull,
    blueGreen: { ...selectors, ...runs },
  };
  const reason = promotionReason(pass, status);
  if (reason !== undefined) return finishPass(pass, promoted(pass, status, reason));
  const scaleUpPreviewCheckPoint = !begun && hasPassedCheckPoint(pass);
  return finishPass(pass, { ...status, blueGreen: { ...status.blueGreen, scaleUpPreviewCheckPoint } });
}

/** Counts and selector are those of the active ReplicaSet, once there is one. */
export function countsOfActive(pass: Pass, base: RolloutStatus, activeSelector: string): RolloutStatus {
  const active = findByHash(pass.allRSs, activeSelector);
  if (active === undefined) return {};
  return {
    HPAReplicas: active.created,
    selector: formatSelector(active.object.spec.selector) || base.selector,
    availableReplicas: active.available,
    readyReplicas: active.ready,
  };
}

function promotionReason(pass: Pass, { blueGreen = {}, currentPodHash }: RolloutStatus): string | undefined {
  if (pass.stableRS === undefined || !blueGreen.activeSelector) return 'Initial deploy';
  if (blueGreen.activeSelector !== currentPodHash) return undefined;
  if (pass.status.promoteFull) return 'Full promotion requested';
  if (isFastRollback(pass)) return isRollbackWithinWindow(pass) ? 'Rollback within window' : 'Fast rollback';
  if (isAborted(pass)) return undefined;
  const gated = strategyOf(pass).postPromotionAnalysis !== undefined;
  return gated && pass.currentRuns.postPromotion?.status !== 'Successful' ? undefined : 'Completed blue-green update';
}

function promoted(pass: Pass, status: RolloutStatus, reason: string): RolloutStatus {
  pass.pause.clear = true;
  pass.pause.removeAbort = true;
  const hash = status.currentPodHash ?? '';
  if (status.stableRS !== hash) {
    pass.draft.note('Normal', REASON.completed, MESSAGE.completed(pass.revision, hash, reason));
  }
  planScaleDownOnSuccess(pass);
  return { ...status, promoteFull: false, stableRS: hash };
}

/** One-way: the preview had its pods, its analysis and its pause, and now grows to full size before the switch. */
function hasPassedCheckPoint(pass: Pass): boolean {
  const { previewReplicaCount } = strategyOf(pass);
  if (previewReplicaCount === undefined) return false;
  if (pass.status.blueGreen?.scaleUpPreviewCheckPoint) return true;
  if (!isPrePromotionPassed(pass) || !isPauseCompleted(pass)) return false;
  return pass.newRS?.available === previewReplicaCount;
}
