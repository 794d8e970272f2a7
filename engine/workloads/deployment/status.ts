import { formatTime, parseTime } from '#core/clock.ts';
import { type Condition, findCondition } from '#kube/conditions.ts';
import { countField } from '../pod-facts/pod-state.ts';
import * as reasons from './reasons.ts';
import type { Bounds } from './replica-math.ts';
import type { Deployment, ReplicaSet } from './revisions.ts';

const NO_DEADLINE = 2_147_483_647;

interface Counts {
  replicas: number;
  updated: number;
  ready: number;
  available: number;
}

export interface StatusParts {
  deployment: Deployment;
  newSet: ReplicaSet | undefined;
  /** All sets, the new one included, as they are stored. */
  sets: readonly ReplicaSet[];
  bounds: Bounds;
  /** A Progressing condition that this plan itself calls for: a set was created, or found. */
  announced: Pick<Condition, 'reason' | 'message'> | undefined;
  collisionCount: number | undefined;
}

/**
 * The Deployment's status and, while progress is awaited, when its deadline passes.
 * Source: Kubernetes pkg/controller/deployment/{sync,progress}.go, util/deployment_util.go.
 */
export function computeStatus(
  parts: StatusParts,
  nowMs: number,
): { status: Record<string, unknown>; deadlineMs: number | undefined } {
  const { deployment, sets, bounds } = parts;
  const counts = countSets(parts);
  const wantedTotal = sets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0);
  const isAvailable = counts.available >= (deployment.spec.replicas ?? 1) - bounds.maxUnavailable;
  const available: Condition = {
    type: 'Available',
    status: isAvailable ? 'True' : 'False',
    reason: isAvailable ? reasons.MINIMUM_REPLICAS_AVAILABLE : reasons.MINIMUM_REPLICAS_UNAVAILABLE,
    message: isAvailable ? reasons.AVAILABLE_MESSAGE : reasons.UNAVAILABLE_MESSAGE,
  };
  const before = (deployment.status?.conditions ?? []) as readonly Condition[];
  const progressing = nextProgressing(parts, counts, findCondition(before, 'Progressing'), nowMs);
  let conditions = put(before, available, nowMs, false);
  if (progressing === 'none') conditions = conditions.filter(({ type }) => type !== 'Progressing');
  else if (progressing !== 'keep') conditions = put(conditions, progressing, nowMs, true);
  conditions = withReplicaFailure(parts, conditions);
  return {
    status: {
      observedGeneration: deployment.metadata.generation,
      ...countField('replicas', counts.replicas),
      ...countField('updatedReplicas', counts.updated),
      ...countField('readyReplicas', counts.ready),
      ...countField('availableReplicas', counts.available),
      ...countField('unavailableReplicas', Math.max(0, wantedTotal - counts.available)),
      ...(parts.collisionCount === undefined ? {} : { collisionCount: parts.collisionCount }),
      conditions,
    },
    deadlineMs: deadlineOf(deployment, findCondition(conditions, 'Progressing')),
  };
}

/** What keeps a ReplicaSet from making pods, the new one's first. */
function withReplicaFailure({ sets, newSet }: StatusParts, conditions: Condition[]): Condition[] {
  const others = conditions.filter(({ type }) => type !== 'ReplicaFailure');
  const failure = [...(newSet === undefined ? [] : [newSet]), ...sets]
    .flatMap((set) => (set.status?.conditions ?? []) as readonly Condition[])
    .find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failure === undefined) return others;
  const { lastTransitionTime } = failure;
  return [...others, { ...failure, lastUpdateTime: lastTransitionTime }];
}

function countSets({ sets, newSet }: StatusParts): Counts {
  const sum = (field: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
    sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0);
  return {
    replicas: sum('replicas'),
    updated: newSet?.status?.replicas ?? 0,
    ready: sum('readyReplicas'),
    available: sum('availableReplicas'),
  };
}

/** True when every replica is of the new template and available, and no old pod is left. */
export function isComplete(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): boolean {
  const replicas = deployment.spec.replicas ?? 1;
  const total = sets.reduce((sum, set) => sum + (set.status?.replicas ?? 0), 0);
  const available = sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
  const observed =
    newSet === undefined || (newSet.status?.observedGeneration ?? 0) >= (newSet.metadata.generation ?? 0);
  return observed && (newSet?.status?.replicas ?? 0) === replicas && total === replicas && available === replicas;
}

function nextProgressing(
  parts: StatusParts,
  counts: Counts,
  current: Condition | undefined,
  nowMs: number,
): Condition | 'keep' | 'none' {
  const { deployment, newSet, announced } = parts;
  if ((deployment.spec.progressDeadlineSeconds ?? 600) >= NO_DEADLINE) return 'none';
  if (current?.reason !== reasons.PROGRESS_DEADLINE_EXCEEDED) {
    const pause = pauseCondition(deployment, current);
    if (pause !== undefined) return pause;
  }
  if (deployment.spec.paused) return 'keep';
  if (announced !== undefined) return { type: 'Progressing', status: 'True', ...announced };
  const settled = counts.replicas === counts.updated && current?.reason === reasons.NEW_REPLICA_SET_AVAILABLE;
  if (settled) return 'keep';
  const name = newSet?.metadata.name ?? deployment.metadata.name;
  if (isComplete(deployment, newSet, parts.sets)) {
    return {
      type: 'Progressing',
      status: 'True',
      reason: reasons.NEW_REPLICA_SET_AVAILABLE,
      message: reasons.progressed(name),
    };
  }
  if (isProgressing(deployment, counts)) {
    return {
      type: 'Progressing',
      status: 'True',
      reason: reasons.REPLICA_SET_UPDATED,
      message: reasons.progressing(name),
    };
  }
  const deadlineMs = deadlineOf(deployment, current);
  if (deadlineMs !== undefined && nowMs >= deadlineMs) {
    return {
      type: 'Progressing',
      status: 'False',
      reason: reasons.PROGRESS_DEADLINE_EXCEEDED,
      message: reasons.timedOut(name),
    };
  }
  return 'keep';
}

function pauseCondition(deployment: Deployment, current: Condition | undefined): Condition | undefined {
  const isPausedCondition = current?.reason === reasons.DEPLOYMENT_PAUSED;
  if (deployment.spec.paused && !isPausedCondition) {
    return {
      type: 'Progressing',
      status: 'Unknown',
      reason: reasons.DEPLOYMENT_PAUSED,
      message: 'Deployment is paused',
    };
  }
  if (!deployment.spec.paused && isPausedCondition) {
    return {
      type: 'Progressing',
      status: 'Unknown',
      reason: reasons.DEPLOYMENT_RESUMED,
      message: 'Deployment is resumed',
    };
  }
  return undefined;
}

function isProgressing(deployment: Deployment, counts: Counts): boolean {
  const before = deployment.status;
  const oldBefore = (before?.replicas ?? 0) - (before?.updatedReplicas ?? 0);
  return (
    counts.updated > (before?.updatedReplicas ?? 0) ||
    counts.replicas - counts.updated < oldBefore ||
    counts.ready > (before?.readyReplicas ?? 0) ||
    counts.available > (before?.availableReplicas ?? 0)
  );
}

/** When the wait for progress ends, ms since the epoch; undefined when nothing is waited for. */
function deadlineOf(deployment: Deployment, condition: Condition | undefined): number | undefined {
  const waiting = [reasons.NEW_REPLICA_SET_AVAILABLE, reasons.PROGRESS_DEADLINE_EXCEEDED, reasons.DEPLOYMENT_PAUSED];
  const deadlineSeconds = deployment.spec.progressDeadlineSeconds ?? 600;
  if (condition === undefined || waiting.includes(condition.reason ?? '') || deadlineSeconds >= NO_DEADLINE)
    return undefined;
  const sinceMs = parseTime(condition.lastUpdateTime);
  return sinceMs === undefined ? undefined : sinceMs + deadlineSeconds * 1000;
}

/** `refresh`: lastUpdateTime moves even when status and reason stay, which is what restarts the deadline. */
function put(conditions: readonly Condition[], next: Condition, nowMs: number, refresh: boolean): Condition[] {
  const nowTime = formatTime(nowMs);
  const previous = findCondition(conditions, next.type);
  const same = previous?.status === next.status && previous.reason === next.reason;
  if (same && !refresh) return [...conditions];
  const lastTransitionTime = previous?.status === next.status ? (previous.lastTransitionTime ?? nowTime) : nowTime;
  const entry = { ...next, lastUpdateTime: nowTime, lastTransitionTime };
  return [...conditions.filter(({ type }) => type !== next.type), entry];
}
