import { parseTime } from '#core/clock.ts';
import { findCondition } from '#kube/conditions.ts';
import { isDeleting } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import type { Pod } from './observe.ts';
import { type Pass, type RsView, refTo, termsOf } from './pass.ts';
import { resolveFenceposts } from './replica-counts.ts';
import { replicasOf } from './types.ts';

const RECHECK_MS = 30_000;

/**
 * Replaces pods older than spec.restartAt, never more at once than maxUnavailable and PodDisruptionBudgets allow (rollouts
 * §1.17). True when a pod was told to go: counts are then no longer to be trusted, and a canary's pass ends.
 */
export function planRestart(pass: Pass): boolean {
  const restartAtMs = parseTime(pass.rollout.spec.restartAt);
  if (restartAtMs === undefined || parseTime(pass.restartedAt) === restartAtMs) return false;
  if (pass.nowMs <= restartAtMs) {
    pass.draft.wakeAt(restartAtMs + 1);
    return false;
  }
  const pods = podsByPriority(pass);
  const old = pods.filter((pod) => (parseTime(pod.metadata.creationTimestamp) ?? 0) < restartAtMs);
  const victims = evictable(pass, old).slice(0, Math.max(0, budget(pass, pods)));
  for (const pod of victims) {
    pass.draft.add({
      effect: 'delete',
      target: refTo(pass, 'Pod', pod.metadata.name),
      when: { uid: pod.metadata.uid },
    });
  }
  if (old.length > 0) pass.draft.wakeAt(pass.nowMs + RECHECK_MS);
  if (old.length === victims.length) pass.restartedAt = pass.rollout.spec.restartAt;
  return victims.length > 0;
}

/** The pods that may go now without breaking a PodDisruptionBudget; pods that are not ready may always go. */
function evictable(pass: Pass, pods: readonly Pod[]): Pod[] {
  const left = new Map(
    pass.observation.budgets.map((item) => [item.metadata.uid, item.status?.disruptionsAllowed ?? 0]),
  );
  return pods.filter((pod) => {
    if (isDeleting(pod)) return false;
    if (findCondition(pod.status?.conditions, 'Ready')?.status !== 'True') return true;
    const asked = pass.observation.budgets.filter(({ spec }) => matchesSelector(spec.selector, pod.metadata.labels));
    if (asked.some(({ metadata }) => (left.get(metadata.uid) ?? 0) < 1)) return false;
    for (const { metadata } of asked) left.set(metadata.uid, (left.get(metadata.uid) ?? 0) - 1);
    return true;
  });
}

function podsByPriority({ stableRS, newRS, otherRSs, observation }: Pass): Pod[] {
  const sets = [stableRS, newRS === stableRS ? undefined : newRS, ...otherRSs];
  return sets
    .filter((rs): rs is RsView => rs !== undefined)
    .flatMap(({ uid }) => [...(observation.pods.get(uid) ?? [])]);
}

function budget(pass: Pass, pods: readonly Pod[]): number {
  const total = pass.allRSs.reduce((sum, rs) => sum + rs.spec, 0);
  const concurrent = Math.max(resolveFenceposts(termsOf(pass)).unavailable, 1);
  const available = pods.filter((pod) => !isDeleting(pod) && isAvailable(pod, pass)).length;
  return available - (Math.max(replicasOf(pass.rollout), total) - concurrent);
}

function isAvailable(pod: Pod, { rollout, nowMs }: Pass): boolean {
  const ready = findCondition(pod.status?.conditions, 'Ready');
  if (ready?.status !== 'True') return false;
  const minReadyMs = (rollout.spec.minReadySeconds ?? 0) * 1000;
  const sinceMs = parseTime(ready.lastTransitionTime as string | undefined) ?? 0;
  return minReadyMs === 0 || sinceMs + minReadyMs <= nowMs;
}
