import { parseTime } from '#core/clock.ts';
import { isPodReady, type Pod, readySinceMs, restartCount } from '../pod-facts/pod-state.ts';

export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/**
 * Pods in the order in which a ReplicaSet gives them up: not scheduled, pending, not ready, cheaper to delete, ready for a
 * shorter time, more restarts, younger; then by uid. Times are compared by powers of two, as LogarithmicScaleDown does.
 * Source: Kubernetes pkg/controller, ActivePodsWithRanks. The rank by co-located pods is left out: there is one node.
 */
export function inDeletionOrder(pods: readonly Pod[], nowMs: number): Pod[] {
  return [...pods].sort((left, right) => comparePods(left, right, nowMs));
}

function comparePods(left: Pod, right: Pod, nowMs: number): number {
  const keys = [rank(left, nowMs), rank(right, nowMs)] as const;
  for (const [index, value] of keys[0].entries()) {
    const difference = value - (keys[1][index] as number);
    if (difference !== 0) return difference;
  }
  return left.metadata.uid < right.metadata.uid ? -1 : left.metadata.uid > right.metadata.uid ? 1 : 0;
}

/** The criteria as numbers, lower goes first. */
function rank(pod: Pod, nowMs: number): number[] {
  const phases: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };
  return [
    pod.spec.nodeName ? 1 : 0,
    phases[pod.status?.phase ?? 'Pending'] ?? 0,
    isPodReady(pod) ? 1 : 0,
    deletionCost(pod),
    isPodReady(pod) ? ageMagnitude(readySinceMs(pod), nowMs) : 0,
    -restartCount(pod),
    ageMagnitude(parseTime(pod.metadata.creationTimestamp), nowMs),
  ];
}

/** The cost from the annotation, 0 when there is none or it is no integer (admission refuses those upstream). */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? '0';
  return /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

function ageMagnitude(sinceMs: number | undefined, nowMs: number): number {
  if (sinceMs === undefined) return -1;
  const ageNs = (nowMs - sinceMs) * 1e6;
  return ageNs < 1 ? 0 : Math.floor(Math.log2(ageNs));
}
