import type { Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import type { LabelSelector } from '#kube/selector.ts';
import { conditionOf, newCondition, setCondition, withoutConditionOf } from './conditions.ts';
import { computeStepHash } from './hash.ts';
import { isAborted, type Pass, termsOf } from './pass.ts';
import { computePhase } from './phase.ts';
import { planConditions } from './progress.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { wantedHash } from './revisions.ts';
import { blueGreenOf, canaryOf, type PauseCondition, type Rollout, type RolloutStatus, stepsOf } from './types.ts';

/** The new status before strategy, pause and conditions: counts, hashes, what this pass found out (rollouts §2.1). */
export function baseStatus(pass: Pass): RolloutStatus {
  const { allRSs, newRS, status } = pass;
  const currentPodHash = newRS?.hash ?? wantedHash(pass);
  const sum = (of: 'created' | 'ready' | 'available') => allRSs.reduce((total, rs) => total + rs[of], 0);
  return {
    currentPodHash,
    currentStepHash: stepHash(pass.rollout),
    currentStepIndex: status.currentStepIndex,
    stableRS: status.stableRS,
    replicas: sum('created'),
    updatedReplicas: newRS?.created ?? 0,
    readyReplicas: sum('ready'),
    availableReplicas: sum('available'),
    HPAReplicas: sum('created'),
    selector: formatSelector(pass.rollout.spec.selector),
    collisionCount: status.collisionCount,
    conditions: withoutConditionOf(status.conditions ?? [], 'InvalidSpec'),
    restartedAt: pass.restartedAt,
    promoteFull: currentPodHash !== status.stableRS && status.promoteFull === true,
    canary: {
      weights: pass.weights,
      currentStepAnalysisRunStatus: pass.currentRuns.step,
      currentBackgroundAnalysisRunStatus: pass.currentRuns.background,
      currentExperiment: pass.currentExperiment,
    },
  };
}

/** The hash of the canary steps; a blue-green rollout has none. */
export function stepHash(rollout: Rollout): string {
  return blueGreenOf(rollout) === undefined ? computeStepHash(canaryOf(rollout).steps) : '';
}

/** Completes a status: abort and pause fields, conditions, phase, events about changes; and ends the plan with it. */
export function finishPass(pass: Pass, base: RolloutStatus): Plan {
  const observed = {
    ...base,
    observedGeneration: String(pass.rollout.metadata.generation ?? 0),
    workloadObservedGeneration: pass.observation.workload?.generation ?? '',
  };
  const withConditions = planConditions(pass, observed, (status) => ({ ...status, ...pauseFields(pass) }));
  const { phase, message } = computePhase(pass.rollout.spec, withConditions);
  const next = { ...withConditions, phase, message };
  notePauseChange(pass, next);
  return pass.draft.finish(compact(next, pass));
}

function pauseFields(pass: Pass): Pick<RolloutStatus, 'abort' | 'abortedAt' | 'pauseConditions' | 'controllerPause'> {
  const stored = pass.rollout.status ?? {};
  if (isAborting(pass)) return { abort: true, abortedAt: stored.abortedAt ?? formatTime(pass.nowMs) };
  if (pass.pause.clear) return {};
  const kept = (stored.pauseConditions ?? []).filter(({ reason }) => !pass.pause.remove.includes(reason));
  const known = new Set((stored.pauseConditions ?? []).map(({ reason }) => reason));
  const added: PauseCondition[] = [...new Set(pass.pause.add)]
    .filter((reason) => !known.has(reason))
    .map((reason) => ({ reason, startTime: formatTime(pass.nowMs) }));
  const pauseConditions = [...kept, ...added];
  if (pauseConditions.length === 0) return {};
  return { pauseConditions, controllerPause: added.length > 0 || stored.controllerPause === true };
}

function isAborting(pass: Pass): boolean {
  return pass.pause.abort !== undefined || isAborted(pass);
}

function notePauseChange(pass: Pass, next: RolloutStatus): void {
  const before = (pass.rollout.status?.pauseConditions ?? []).length > 0;
  const [first] = next.pauseConditions ?? [];
  if (before === (first !== undefined)) return;
  if (first !== undefined) pass.draft.note('Normal', REASON.paused, `${MESSAGE.paused} (${first.reason})`);
  else if (next.abortedAt === undefined) pass.draft.note('Normal', REASON.resumed, MESSAGE.resumed);
}

/**
 * Conditions that must be right before a pass starts, so that a pause does not count as lack of progress. Returns the status of
 * a pass that ends here, or undefined when they are right already (rollouts §2.3).
 */
export function pausedConditionsStatus(pass: Pass): RolloutStatus | undefined {
  const status = pass.rollout.status ?? {};
  if (status.observedGeneration !== String(pass.rollout.metadata.generation ?? 0)) return undefined;
  const progressing = conditionOf(status.conditions, 'Progressing');
  const isPaused = (status.pauseConditions ?? []).length > 0 || pass.rollout.spec.paused === true;
  const wasAborted = progressing?.reason === REASON.aborted;
  const completed = (status.stableRS ?? '') !== '' && status.stableRS === status.currentPodHash;
  let conditions = status.conditions ?? [];
  const set = (type: string, value: 'True' | 'False' | 'Unknown', reason: string, message: string) => {
    conditions = setCondition(conditions, newCondition(type, value, reason, message, pass.nowMs));
  };
  if (isPaused !== (progressing?.reason === REASON.paused) && !wasAborted && !completed) {
    if (isPaused) set('Progressing', 'Unknown', REASON.paused, MESSAGE.paused);
    else set('Progressing', 'Unknown', REASON.resumed, MESSAGE.resumed);
  }
  if (!status.abort && wasAborted) set('Progressing', 'Unknown', REASON.retry, MESSAGE.retry);
  const pausedTrue = conditionOf(status.conditions, 'Paused')?.status === 'True';
  if (isPaused !== pausedTrue && !wasAborted) {
    set('Paused', isPaused ? 'True' : 'False', REASON.paused, MESSAGE.paused);
  }
  if (deepEqual(conditions, status.conditions ?? [])) return undefined;
  const next = { ...status, conditions };
  return { ...next, ...computePhase(pass.rollout.spec, next) };
}

/** The status of a rollout that does not validate; heals when the next pass validates (rollouts §1.2). */
export function invalidStatus(pass: Pass, error: string): RolloutStatus {
  const status = pass.rollout.status ?? {};
  const message = MESSAGE.invalid(pass.rollout.metadata.name, error);
  const previous = conditionOf(status.conditions, 'InvalidSpec');
  const condition =
    previous?.message === message
      ? previous
      : newCondition('InvalidSpec', 'True', REASON.invalidSpec, message, pass.nowMs);
  const kept = withoutConditionOf(status.conditions ?? [], 'InvalidSpec');
  const conditions = condition === previous ? (status.conditions ?? []) : setCondition(kept, condition);
  const next = { ...status, conditions, observedGeneration: String(pass.rollout.metadata.generation ?? 0) };
  return { ...next, ...computePhase(pass.rollout.spec, next) };
}

/** Zero values are left out, as upstream leaves them out; `canary` and `blueGreen` are always there. */
export function compact(status: RolloutStatus, pass: Pass): Record<string, unknown> {
  const canary = Object.fromEntries(Object.entries(status.canary ?? {}).filter(([, value]) => value !== undefined));
  const blueGreen = Object.fromEntries(Object.entries(status.blueGreen ?? {}).filter(([, value]) => !isZero(value)));
  const index = status.currentStepIndex;
  const entries = Object.entries({ ...status, canary, blueGreen }).filter(
    ([key, value]) => key === 'currentStepIndex' || !isZero(value),
  );
  const result: Record<string, unknown> = Object.fromEntries(entries);
  if (index === undefined || stepsOf(termsOf(pass)).length === 0) delete result.currentStepIndex;
  return result;
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || value === '' || value === 0 || value === false;
}

/** A selector as text (`app=x,tier in (a,b)`). */
export function formatSelector(selector: LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    const list = `(${[...values].sort().join(',')})`;
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} ${list}`;
  });
  return [...equal, ...expressions].join(',');
}
