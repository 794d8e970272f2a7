import { parseTime } from '#core/clock.ts';
import { findCondition } from '#kube/conditions.ts';
import type { KindMap } from '#kube/kinds.ts';
import { isDeleting } from '#kube/object.ts';

export type Pod = KindMap['Pod'];

/** The pod's containers have all ended for good: phase Succeeded or Failed. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither terminal nor being deleted: a pod that a workload counts as one of its replicas. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !isDeleting(pod);
}

export function isPodReady(pod: Pod): boolean {
  return findCondition(pod.status?.conditions, 'Ready')?.status === 'True';
}

/** When the pod became ready, ms since the epoch, or undefined while it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const condition = findCondition(pod.status?.conditions, 'Ready');
  return condition?.status === 'True' ? parseTime(condition.lastTransitionTime) : undefined;
}

/**
 * When the pod is or will be available, ms since the epoch: ready for `minReadySeconds` without a break; undefined while it
 * is not ready. A Ready condition without a time is available at once only when no waiting is asked for, as upstream.
 */
export function availableFromMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const sinceMs = readySinceMs(pod);
  return sinceMs === undefined ? undefined : sinceMs + minReadySeconds * 1000;
}

export interface Availability {
  readyCount: number;
  availableCount: number;
  /** When the next ready pod becomes available; undefined when none is waiting for it. */
  nextAtMs: number | undefined;
}

/** Counts ready and available pods at `nowMs`. */
export function assessAvailability(pods: readonly Pod[], minReadySeconds: number, nowMs: number): Availability {
  const fromMs = pods.flatMap((pod) => availableFromMs(pod, minReadySeconds) ?? []);
  const later = fromMs.filter((timeMs) => timeMs > nowMs);
  return {
    readyCount: pods.filter(isPodReady).length,
    availableCount: fromMs.length - later.length,
    nextAtMs: later.length === 0 ? undefined : Math.min(...later),
  };
}

/** Restarts of all containers together. */
export function restartCount(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** When the last container of a finished pod ended, ms since the epoch; the fallback when no container says. */
export function finishedAtMs(pod: Pod, fallbackMs: number): number {
  const ends = (pod.status?.containerStatuses ?? []).flatMap(
    ({ state }) => parseTime(state?.terminated?.finishedAt) ?? [],
  );
  return ends.length === 0 ? fallbackMs : Math.max(...ends);
}

/** `count` under `name`, or nothing when it is 0: Kubernetes leaves zero counts out of most statuses. */
export function countField(name: string, count: number): Record<string, number> {
  return count === 0 ? {} : { [name]: count };
}
