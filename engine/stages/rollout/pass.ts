import type { Draft } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import type { ObjectRef } from '#kube/kinds.ts';
import type { AnalysisRun } from '../analysis/types.ts';
import type { Experiment } from '../experiment/types.ts';
import type { ReplicaSet, RolloutObservation } from './observe.ts';
import { PAUSE } from './reasons.ts';
import type { RsCounts } from './replica-counts.ts';
import {
  blueGreenOf,
  type CurrentRunStatus,
  canaryOf,
  DESIRED_REPLICAS_ANNOTATION,
  EXPERIMENT_NAME_ANNOTATION,
  HASH_LABEL,
  isFullyPromoted,
  isRouted,
  REVISION_ANNOTATION,
  type Rollout,
  type RolloutStatus,
  type RolloutTerms,
  replicasOf,
  SCALE_DOWN_DEADLINE_ANNOTATION,
  type TrafficWeights,
} from './types.ts';

/** A ReplicaSet in the course of one pass: what was decided about it in this pass is already in its numbers. */
export interface RsView extends RsCounts {
  readonly object: ReplicaSet;
  readonly uid: string;
  readonly hash: string;
  readonly createdAtMs: number;
  readonly ready: number;
  revision: number;
  deadline: string | undefined;
  desired: string | undefined;
}

export function viewOf(object: ReplicaSet): RsView {
  const annotations = object.metadata.annotations ?? {};
  return {
    object,
    name: object.metadata.name,
    uid: object.metadata.uid,
    hash: object.metadata.labels?.[HASH_LABEL] ?? '',
    createdAtMs: parseTime(object.metadata.creationTimestamp) ?? 0,
    spec: object.spec.replicas ?? 1,
    created: object.status?.replicas ?? 0,
    ready: object.status?.readyReplicas ?? 0,
    available: object.status?.availableReplicas ?? 0,
    revision: Number.parseInt(annotations[REVISION_ANNOTATION] ?? '', 10) || 0,
    deadline: annotations[SCALE_DOWN_DEADLINE_ANNOTATION],
    desired: annotations[DESIRED_REPLICAS_ANNOTATION],
  };
}

/** What a pass wants done about pauses and aborts; settled into status at its end. */
export interface PauseIntent {
  add: string[];
  remove: string[];
  clear: boolean;
  abort: { cause: string } | undefined;
  removeAbort: boolean;
}

/** What an analysis run is for: a step, the whole update, or the gates before and after a blue-green switch. */
export type RunRole = 'step' | 'background' | 'prePromotion' | 'postPromotion';

export type CurrentRuns = { [Role in RunRole]?: AnalysisRun };

/**
 * One pass over a rollout: the observation, the plan being made, and what the pass has decided so far. It lives for one call of
 * `plan` and is handed from concern to concern in upstream's order (rollouts §0.2).
 */
export interface Pass {
  readonly observation: RolloutObservation;
  readonly rollout: Rollout;
  readonly nowMs: number;
  readonly draft: Draft;
  /** The stored status, with an abort that was detected in this pass already in effect. */
  status: RolloutStatus;
  newRS: RsView | undefined;
  stableRS: RsView | undefined;
  /** Neither new nor stable. */
  otherRSs: RsView[];
  allRSs: RsView[];
  /** Of the rollout; 0 before the first one. */
  revision: number;
  pause: PauseIntent;
  weights: TrafficWeights | undefined;
  currentRuns: { [Role in RunRole]?: CurrentRunStatus };
  /** The Experiment of the current step. */
  experiment: Experiment | undefined;
  /** Its name in the new status. */
  currentExperiment: string | undefined;
  restartedAt: string | undefined;
  /** The hash each Service selects by, switches of this pass included. */
  serviceHashes: Map<string, string>;
}

/** The rollout as this pass sees it. */
export function termsOf(pass: Pass): RolloutTerms {
  return { spec: pass.rollout.spec, status: pass.status };
}

export function setsOf(pass: Pass): { newRS?: RsView; stableRS?: RsView; otherRSs: RsView[] } {
  const { newRS, stableRS, otherRSs } = pass;
  return { otherRSs, ...(newRS === undefined ? {} : { newRS }), ...(stableRS === undefined ? {} : { stableRS }) };
}

export function startPass(observation: RolloutObservation, nowMs: number, draft: Draft): Pass {
  const { rollout } = observation;
  const status = rollout.status ?? {};
  const revision = Number.parseInt(rollout.metadata.annotations?.[REVISION_ANNOTATION] ?? '', 10) || 0;
  return {
    observation,
    rollout,
    nowMs,
    draft,
    status,
    newRS: undefined,
    stableRS: undefined,
    otherRSs: [],
    allRSs: [],
    revision,
    pause: { add: [], remove: [], clear: false, abort: undefined, removeAbort: isFullyPromoted(status) },
    weights: status.canary?.weights,
    currentRuns: {},
    experiment: undefined,
    currentExperiment: undefined,
    restartedAt: status.restartedAt,
    serviceHashes: new Map(
      [...observation.services].map(([name, service]) => [name, service.spec.selector?.[HASH_LABEL] ?? '']),
    ),
  };
}

export function isAborted(pass: Pass): boolean {
  if (pass.pause.removeAbort) return false;
  return pass.pause.abort !== undefined || pass.rollout.status?.abort === true;
}

export function pauseConditionOf(status: RolloutStatus, reason: string) {
  return status.pauseConditions?.find((condition) => condition.reason === reason);
}

/** The ReplicaSet with this hash among `sets`, the newest template's first. */
export function findByHash(sets: readonly RsView[], hash: string | undefined): RsView | undefined {
  return hash === undefined || hash === '' ? undefined : sets.find((rs) => rs.hash === hash);
}

export function isRollbackWithinWindow({ newRS, stableRS, allRSs, rollout }: Pass): boolean {
  const revisions = rollout.spec.rollbackWindow?.revisions ?? 0;
  if (newRS === undefined || stableRS === undefined || revisions <= 0) return false;
  if (newRS.createdAtMs >= stableRS.createdAtMs) return false;
  return countBetween(allRSs, newRS.createdAtMs, stableRS.createdAtMs) < revisions;
}

function countBetween(sets: readonly RsView[], fromMs: number, toMs: number): number {
  return sets.filter(
    ({ object, createdAtMs }) =>
      createdAtMs > fromMs &&
      createdAtMs < toMs &&
      (object.metadata.annotations?.[EXPERIMENT_NAME_ANNOTATION] ?? '') === '',
  ).length;
}

/**
 * Back to stable, to an old revision within the rollback window, or (blue-green) to one whose pods still wait for their
 * scale-down deadline: steps, pauses and analysis are skipped.
 */
export function isFastRollback(pass: Pass): boolean {
  const { newRS, stableRS, status, rollout } = pass;
  if (newRS === undefined || stableRS === undefined) return false;
  if (status.stableRS === newRS.hash || isRollbackWithinWindow(pass)) return true;
  return blueGreenOf(rollout) !== undefined && newRS.createdAtMs < stableRS.createdAtMs && isWithinDelay(pass, newRS);
}

/** Its deadline, as it stood before this pass, is still to come. */
function isWithinDelay({ nowMs }: Pass, { object }: RsView): boolean {
  const deadlineMs = parseTime(object.metadata.annotations?.[SCALE_DOWN_DEADLINE_ANNOTATION]);
  return deadlineMs !== undefined && deadlineMs > nowMs;
}

/** As many pods as spec.replicas, all available, sized for this very number. */
export function isSaturated({ rollout }: Pass, rs: RsView | undefined): boolean {
  const replicas = replicasOf(rollout);
  return rs !== undefined && rs.spec === replicas && rs.available === replicas && rs.desired === String(replicas);
}

/** An inconclusive analysis run waits for a human's judgement. */
export function isInconclusivelyPaused(pass: Pass): boolean {
  return pauseConditionOf(pass.status, PAUSE.inconclusive) !== undefined;
}

/** Reasons for which no pod count may change, if any. */
export function isHalted(pass: Pass): boolean {
  return pass.rollout.spec.paused === true || isInconclusivelyPaused(pass);
}

export function refTo(pass: Pass, kind: ObjectRef['kind'], name: string): ObjectRef {
  return { kind, namespace: pass.rollout.metadata.namespace, name };
}

/**
 * The hash the canary had before a rollback to stable, while dynamicStableScale still has to grow the stable
 * ReplicaSet: until then traffic is balanced between that canary and stable (rollouts §1.8, C16).
 */
export function previousCanaryHash(pass: Pass): string | undefined {
  const { status, newRS } = pass;
  const terms = termsOf(pass);
  const weights = status.canary?.weights;
  if (!isFullyPromoted(status) || !isRouted(terms) || !canaryOf(terms).dynamicStableScale || !weights) return undefined;
  const hash = weights.canary.podTemplateHash ?? '';
  if (newRS === undefined || hash === newRS.hash || newRS.available >= replicasOf(terms)) return undefined;
  return hash;
}
