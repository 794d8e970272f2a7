import type { AnalysisRun } from '../analysis/types.ts';
import { cancel, createRun, failureOf, needsNewRun, pauseIfInconclusive, statusOf } from './analysis-run-objects.ts';
import { type CurrentRuns, isInconclusivelyPaused, isSaturated, type Pass } from './pass.ts';
import { blueGreenOf, type RolloutAnalysis } from './types.ts';

/** The analyses that guard a blue-green switch: one before the active service moves, one before the old version goes. */
export type Gate = 'prePromotion' | 'postPromotion';

const GATES: Record<Gate, { infix: string; type: string; failure: string }> = {
  prePromotion: {
    infix: 'pre',
    type: 'PrePromotion',
    failure: 'Blue/green pre-promotion analysis phase error/failed',
  },
  postPromotion: {
    infix: 'post',
    type: 'PostPromotion',
    failure: 'Blue/green post-promotion analysis phase error/failed',
  },
};

function analysisOf(pass: Pass, gate: Gate): RolloutAnalysis | undefined {
  const { prePromotionAnalysis, postPromotionAnalysis } = blueGreenOf(pass.rollout) ?? {};
  const analysis = gate === 'prePromotion' ? prePromotionAnalysis : postPromotionAnalysis;
  return (analysis?.templates ?? []).length === 0 ? undefined : analysis;
}

/** Whether a gate's analysis is not, or no longer, called for. A run that began is not ended by pods that come and go. */
export function isGateSkipped(pass: Pass, gate: Gate, run: AnalysisRun | undefined): boolean {
  const { newRS, status, rollout } = pass;
  const activeSelector = status.blueGreen?.activeSelector ?? '';
  const current = newRS?.hash ?? '';
  if (newRS === undefined || current === '' || status.stableRS === current) return true;
  if (gate === 'postPromotion') return activeSelector !== current || (run === undefined && !isSaturated(pass, newRS));
  if (activeSelector === '' || activeSelector === current) return true;
  if (run !== undefined) return false;
  const previewCount = blueGreenOf(rollout)?.previewReplicaCount;
  if (previewCount === undefined) return !isSaturated(pass, newRS);
  return newRS.spec !== previewCount || newRS.available !== previewCount;
}

/** The abort that a failed gate causes; see assessFailedRuns. */
export function assessFailedGates(pass: Pass, current: CurrentRuns): { cause: string } | undefined {
  let abort: { cause: string } | undefined;
  for (const gate of ['prePromotion', 'postPromotion'] as const) {
    const run = current[gate];
    if (run === undefined || analysisOf(pass, gate) === undefined) continue;
    const isVoid = !isGateSkipped(pass, gate, run) && !isInconclusivelyPaused(pass) && needsNewRun(pass, run);
    if (!isVoid) abort = failureOf(run, GATES[gate].failure) ?? abort;
  }
  return abort;
}

/** Starts, follows and ends the runs of both gates (rollouts §4.1). */
export function planGateRuns(pass: Pass, current: CurrentRuns): void {
  for (const gate of ['prePromotion', 'postPromotion'] as const) planGateRun(pass, gate, current[gate]);
}

function planGateRun(pass: Pass, gate: Gate, run: AnalysisRun | undefined): void {
  const analysis = analysisOf(pass, gate);
  if (analysis === undefined) {
    cancel(pass, [run]);
    return;
  }
  if (isGateSkipped(pass, gate, run)) {
    cancel(pass, [run]);
  } else if (!isInconclusivelyPaused(pass) && needsNewRun(pass, run)) {
    const { infix, type } = GATES[gate];
    pass.currentRuns[gate] = createRun(pass, analysis, infix, { 'rollout-type': type });
    return;
  }
  pauseIfInconclusive(pass, run);
  pass.currentRuns[gate] = statusOf(run);
}
