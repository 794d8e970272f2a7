import { parseTime } from '#core/clock.ts';
import { isCompletedPhase } from '../analysis/types.ts';
import { REASON } from './reasons.ts';
import { blueGreenOf, isCompleted, isRouted, type RolloutSpec, type RolloutStatus, replicasOf } from './types.ts';

export interface PhaseAndMessage {
  phase: 'Degraded' | 'Paused' | 'Progressing' | 'Healthy';
  message: string;
}

/** Phase and message as the controller records them, from spec and the new status; the first rule that fits wins (§2.2). */
export function computePhase(spec: RolloutSpec, status: RolloutStatus): PhaseAndMessage {
  return degraded(status) ?? paused(spec, status) ?? progressing(spec, status) ?? { phase: 'Healthy', message: '' };
}

function degraded({ conditions = [] }: RolloutStatus): PhaseAndMessage | undefined {
  for (const { type, reason, message } of conditions) {
    if (type === 'InvalidSpec') return { phase: 'Degraded', message: `InvalidSpec: ${message}` };
    if (reason === REASON.aborted || reason === REASON.timedOut) {
      return { phase: 'Degraded', message: `${reason}: ${message}` };
    }
  }
  return undefined;
}

function paused(spec: RolloutSpec, { pauseConditions = [] }: RolloutStatus): PhaseAndMessage | undefined {
  if (spec.paused) return { phase: 'Paused', message: 'manually paused' };
  const [first] = pauseConditions;
  return first === undefined ? undefined : { phase: 'Paused', message: first.reason };
}

function progressing(spec: RolloutSpec, status: RolloutStatus): PhaseAndMessage | undefined {
  const message = progressMessage(spec, status);
  return message === undefined ? undefined : { phase: 'Progressing', message };
}

function progressMessage(spec: RolloutSpec, status: RolloutStatus): string | undefined {
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  if (spec.restartAt !== undefined && parseTime(spec.restartAt) !== parseTime(status.restartedAt)) {
    return 'rollout is restarting';
  }
  if (updatedReplicas < replicasOf({ spec })) return 'more replicas need to be updated';
  if (availableReplicas < updatedReplicas) return 'updated replicas are still becoming available';
  if (blueGreenOf({ spec }) !== undefined) return cutoverMessage(spec, status);
  if (!isRouted({ spec }) && replicas > updatedReplicas) return 'old replicas are pending termination';
  return isCompleted(status) ? undefined : 'waiting for all steps to complete';
}

/** What a blue-green rollout with enough pods still waits for. */
function cutoverMessage(spec: RolloutSpec, status: RolloutStatus): string | undefined {
  const { activeSelector = '', postPromotionAnalysisRunStatus } = status.blueGreen ?? {};
  if (activeSelector === '' || activeSelector !== (status.currentPodHash ?? ''))
    return 'active service cutover pending';
  if (isCompleted(status)) return undefined;
  const analysed = blueGreenOf({ spec })?.postPromotionAnalysis !== undefined;
  return analysed && !isCompletedPhase(postPromotionAnalysisRunStatus?.status)
    ? 'waiting for analysis to complete'
    : 'waiting for post-promotion verification to complete';
}
