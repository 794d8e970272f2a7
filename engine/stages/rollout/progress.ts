import { parseTime } from '#core/clock.ts';
import { type Conditions, conditionOf, newCondition, setCondition, withoutConditionOf } from './conditions.ts';
import { findByHash, isAborted, isSaturated, type Pass, type RsView, termsOf } from './pass.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { currentStep } from './steps.ts';
import {
  blueGreenOf,
  isCompleted,
  type RolloutCondition,
  type RolloutStatus,
  replicasOf,
  SCALE_DOWN_DEADLINE_ANNOTATION,
  stepsOf,
} from './types.ts';

/**
 * The conditions of the new status (rollouts §2.3), after the progress deadline had its chance to abort: `settle` then puts
 * abort and pause fields into the status, which the conditions depend on.
 */
export function planConditions(
  pass: Pass,
  observed: RolloutStatus,
  settle: (status: RolloutStatus) => RolloutStatus,
): RolloutStatus {
  abortAtDeadline(pass, observed);
  let status = settle(observed);
  status = withHealthy(pass, status);
  const becameUnhealthy = isTurnedFalse(pass, status, 'Healthy');
  status = isAborted(pass) ? withAborted(pass, status) : withProgress(pass, status, becameUnhealthy);
  status = withAvailable(pass, status);
  status = withReplicaFailure(pass, status);
  return withCompleted(pass, status);
}

function set(
  pass: Pass,
  status: RolloutStatus,
  parts: [type: string, value: 'True' | 'False', reason: string, message: string],
): RolloutStatus {
  const conditions = setCondition(status.conditions ?? [], newCondition(...parts, pass.nowMs));
  return { ...status, conditions };
}

function isTurnedFalse(pass: Pass, status: RolloutStatus, type: string): boolean {
  const before = conditionOf(pass.status.conditions, type)?.status;
  return before !== undefined && before !== 'False' && conditionOf(status.conditions, type)?.status === 'False';
}

/** Everything is as the spec says: stricter than phase Healthy, as a canary's old pods must be gone too. */
export function isHealthy(pass: Pass, status: RolloutStatus): boolean {
  const replicas = replicasOf(pass.rollout);
  return (
    status.updatedReplicas === replicas &&
    status.availableReplicas === replicas &&
    pass.rollout.status?.observedGeneration === String(pass.rollout.metadata.generation ?? 0) &&
    (blueGreenOf(pass.rollout) === undefined ? isCanaryDone(pass, status) : isCutOver(pass, status))
  );
}

function isCanaryDone(pass: Pass, status: RolloutStatus): boolean {
  const steps = stepsOf(pass.rollout).length;
  const stepsDone = steps === 0 || status.currentStepIndex === undefined || status.currentStepIndex === steps;
  return status.replicas === replicasOf(pass.rollout) && stepsDone && isCompleted(status);
}

/** Both services select the new ReplicaSet. */
function isCutOver(pass: Pass, { blueGreen = {}, currentPodHash }: RolloutStatus): boolean {
  if (blueGreen.activeSelector !== currentPodHash) return false;
  return !blueGreenOf(pass.rollout)?.previewService || blueGreen.previewSelector === currentPodHash;
}

function isPaused(pass: Pass, { pauseConditions = [] }: RolloutStatus): boolean {
  return pauseConditions.length > 0 || pass.rollout.spec.paused === true;
}

function withHealthy(pass: Pass, status: RolloutStatus): RolloutStatus {
  if (!isPaused(pass, status) && isHealthy(pass, status))
    return set(pass, status, ['Healthy', 'True', REASON.healthy, MESSAGE.healthy]);
  if (conditionOf(pass.status.conditions, 'Healthy') === undefined) return status;
  return set(pass, status, ['Healthy', 'False', REASON.healthy, MESSAGE.notHealthy]);
}

function withAborted(pass: Pass, status: RolloutStatus): RolloutStatus {
  const message = MESSAGE.aborted(pass.revision, pass.pause.abort?.cause);
  const next = set(pass, status, ['Progressing', 'False', REASON.aborted, message]);
  if (next.conditions !== status.conditions) pass.draft.note('Warning', REASON.aborted, message);
  return next;
}

/** Something moved since the stored status was written. */
function hasProgressed(pass: Pass, status: RolloutStatus): boolean {
  const before = pass.status;
  const number = (value: number | undefined) => value ?? 0;
  const old = ({ replicas, updatedReplicas }: RolloutStatus) => number(replicas) - number(updatedReplicas);
  return (
    number(status.updatedReplicas) !== number(before.updatedReplicas) ||
    old(status) < old(before) ||
    number(status.readyReplicas) > number(before.readyReplicas) ||
    number(status.availableReplicas) > number(before.availableReplicas) ||
    (blueGreenOf(pass.rollout) === undefined ? isStepTaken(before, status) : isSelectorMoved(before, status))
  );
}

function isStepTaken(before: RolloutStatus, status: RolloutStatus): boolean {
  const { currentStepIndex: index } = status;
  const stepChanged = index !== undefined && before.currentStepIndex !== undefined && index !== before.currentStepIndex;
  return (
    (status.stableRS ?? '') !== (before.stableRS ?? '') ||
    stepChanged ||
    status.currentStepHash !== before.currentStepHash
  );
}

function isSelectorMoved({ blueGreen: before = {} }: RolloutStatus, { blueGreen = {} }: RolloutStatus): boolean {
  return (
    (blueGreen.activeSelector ?? '') !== (before.activeSelector ?? '') ||
    (blueGreen.previewSelector ?? '') !== (before.previewSelector ?? '')
  );
}

function withProgress(pass: Pass, status: RolloutStatus, becameUnhealthy: boolean): RolloutStatus {
  const name = pass.newRS?.name;
  // A pause before the promotion is told by the condition that the next pass would put back otherwise.
  const isHeld = !isCompleted(status) && isPaused(pass, status);
  if (isHealthy(pass, status) && !isHeld) {
    return set(pass, status, ['Progressing', 'True', REASON.newRsAvailable, MESSAGE.rsCompleted(name ?? '')]);
  }
  if (hasProgressed(pass, status) || becameUnhealthy) return withRenewedProgress(pass, status, becameUnhealthy);
  if (deadlineApplies(pass) && isTimedOut(pass, status)) {
    const message = name === undefined ? MESSAGE.rolloutTimedOut(pass.rollout.metadata.name) : MESSAGE.rsTimedOut(name);
    return set(pass, status, ['Progressing', 'False', REASON.timedOut, message]);
  }
  scheduleDeadline(pass, status);
  return status;
}

/** Progress is the one condition that is renewed even when its reason stays: its time is the deadline's clock. */
function withRenewedProgress(pass: Pass, status: RolloutStatus, becameUnhealthy: boolean): RolloutStatus {
  const lostPods = becameUnhealthy && status.stableRS === status.currentPodHash;
  const name = pass.newRS?.name;
  const message = lostPods
    ? MESSAGE.notAvailable
    : name === undefined
      ? MESSAGE.rolloutProgressing(pass.rollout.metadata.name)
      : MESSAGE.rsProgressing(name);
  const reason = lostPods ? REASON.rsNotAvailable : REASON.rsUpdated;
  const current = conditionOf(pass.status.conditions, 'Progressing');
  const next: RolloutCondition = newCondition('Progressing', 'True', reason, message, pass.nowMs);
  const entry = current?.status === 'True' ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
  const conditions: Conditions = [...withoutConditionOf(status.conditions ?? [], 'Progressing'), entry];
  const renewed = { ...status, conditions };
  scheduleDeadline(pass, renewed);
  return renewed;
}

/** Pauses, analyses and pods that wait for their deadline are no lack of progress. */
function deadlineApplies(pass: Pass): boolean {
  const { step } = currentStep(termsOf(pass));
  if (step?.pause !== undefined || step?.analysis !== undefined || step?.experiment !== undefined) return false;
  if (conditionOf(pass.status.conditions, 'Paused')?.status === 'True') return false;
  return !pass.otherRSs.some(isLeaving);
}

/** Waits for its scale-down deadline, or has reached it and still has pods. */
function isLeaving({ object, spec, created }: RsView): boolean {
  const hasDeadline = object.metadata.annotations?.[SCALE_DOWN_DEADLINE_ANNOTATION] !== undefined;
  return hasDeadline || (spec === 0 && created > 0);
}

function isTimedOut(pass: Pass, status: RolloutStatus): boolean {
  const progressing = conditionOf(status.conditions, 'Progressing');
  if (progressing === undefined || progressing.reason === REASON.aborted || progressing.reason === REASON.paused) {
    return false;
  }
  return progressing.reason === REASON.timedOut || (deadlineMs(pass, progressing) ?? Infinity) < pass.nowMs;
}

function deadlineMs(pass: Pass, progressing: RolloutCondition | undefined): number | undefined {
  const lastMs = parseTime(progressing?.lastUpdateTime);
  return lastMs === undefined ? undefined : lastMs + (pass.rollout.spec.progressDeadlineSeconds ?? 600) * 1000;
}

/** Wakes a second after the deadline, when nothing else will. */
function scheduleDeadline(pass: Pass, status: RolloutStatus): void {
  const progressing = conditionOf(status.conditions, 'Progressing');
  if (isPaused(pass, status) || progressing?.reason === REASON.timedOut || isHealthy(pass, status)) return;
  const atMs = deadlineMs(pass, progressing);
  if (atMs !== undefined && atMs + 1000 > pass.nowMs) pass.draft.wakeAt(atMs + 1000);
}

/** progressDeadlineAbort: an update that has not moved for too long is aborted in this pass. */
function abortAtDeadline(pass: Pass, status: RolloutStatus): void {
  if (!pass.rollout.spec.progressDeadlineAbort || isAborted(pass) || isCompleted(status)) return;
  if (hasProgressed(pass, status) || !deadlineApplies(pass) || !isTimedOut(pass, pass.status)) return;
  const name = pass.newRS?.name;
  const cause = name === undefined ? MESSAGE.rolloutTimedOut(pass.rollout.metadata.name) : MESSAGE.rsTimedOut(name);
  pass.pause.abort = { cause };
  pass.draft.note('Warning', REASON.aborted, cause);
}

/** Enough pods of a canary rollout, or all pods behind the active service of a blue-green one. */
function isAvailable(pass: Pass, status: RolloutStatus): boolean {
  if (blueGreenOf(pass.rollout) === undefined) return (status.availableReplicas ?? 0) >= replicasOf(pass.rollout);
  return isSaturated(pass, findByHash(pass.allRSs, status.blueGreen?.activeSelector));
}

function withAvailable(pass: Pass, status: RolloutStatus): RolloutStatus {
  return isAvailable(pass, status)
    ? set(pass, status, ['Available', 'True', REASON.available, MESSAGE.available])
    : set(pass, status, ['Available', 'False', REASON.available, MESSAGE.notAvailable]);
}

/** The failure of a ReplicaSet to create pods, the new one's first. */
function withReplicaFailure(pass: Pass, status: RolloutStatus): RolloutStatus {
  const candidates = pass.newRS === undefined ? pass.allRSs : [pass.newRS, ...pass.allRSs];
  const failure = candidates
    .flatMap(({ object }) => object.status?.conditions ?? [])
    .find(({ type }) => type === 'ReplicaFailure');
  if (failure === undefined) {
    return { ...status, conditions: withoutConditionOf(status.conditions ?? [], 'ReplicaFailure') };
  }
  const time = String(failure.lastTransitionTime ?? '');
  const condition: RolloutCondition = {
    type: 'ReplicaFailure',
    status: failure.status,
    reason: failure.reason ?? '',
    message: failure.message ?? '',
    lastUpdateTime: time,
    lastTransitionTime: time,
  };
  return { ...status, conditions: setCondition(status.conditions ?? [], condition) };
}

function withCompleted(pass: Pass, status: RolloutStatus): RolloutStatus {
  const completed = isCompleted(status);
  const next = set(pass, status, ['Completed', completed ? 'True' : 'False', REASON.completed, REASON.completed]);
  if (!completed && next.conditions !== status.conditions) {
    pass.draft.note('Normal', REASON.notCompleted, MESSAGE.notCompleted(pass.revision, status.currentPodHash ?? ''));
  }
  return next;
}
