import { scaledValue } from '../pod-facts/int-or-percent.ts';

/** What the arithmetic needs to know of one ReplicaSet. */
export interface SetCounts {
  name: string;
  /** spec.replicas */
  wanted: number;
  /** status.availableReplicas */
  available: number;
  /** The `deployment.kubernetes.io/max-replicas` annotation: replicas + surge when it was last scaled. */
  maxReplicas: number | undefined;
}

export interface Bounds {
  maxSurge: number;
  maxUnavailable: number;
}

/** `maxSurge` rounded up, `maxUnavailable` down; when both come to 0, one may be unavailable (or nothing could move). */
export function resolveBounds(
  limits: { maxSurge?: number | string; maxUnavailable?: number | string } | undefined,
  replicas: number,
): Bounds {
  const maxSurge = scaledValue(limits?.maxSurge ?? '25%', replicas, 'up') ?? 0;
  const maxUnavailable = Math.min(scaledValue(limits?.maxUnavailable ?? '25%', replicas, 'down') ?? 0, replicas);
  return maxSurge === 0 && maxUnavailable === 0 ? { maxSurge, maxUnavailable: 1 } : { maxSurge, maxUnavailable };
}

/** How many replicas the new set gets now: as many more as the surge leaves room for. Never fewer than it has, unless over target. */
export function newSetReplicas(replicas: number, newSet: SetCounts, totalWanted: number, maxSurge: number): number {
  if (newSet.wanted >= replicas) return replicas;
  const room = replicas + maxSurge - totalWanted;
  return room <= 0 ? newSet.wanted : newSet.wanted + Math.min(room, replicas - newSet.wanted);
}

/**
 * What the old sets (oldest first) are scaled down to: first their pods that are not available, then as many available
 * ones as keep `replicas - maxUnavailable` serving. Returns wanted replicas by set name, only for sets that change.
 * Source: Kubernetes pkg/controller/deployment/rolling.go.
 */
export function oldSetReplicas(
  replicas: number,
  bounds: Bounds,
  newSet: SetCounts,
  oldSets: readonly SetCounts[],
): Map<string, number> {
  const result = new Map<string, number>();
  const wantedOf = (set: SetCounts) => result.get(set.name) ?? set.wanted;
  const minAvailable = replicas - bounds.maxUnavailable;
  const totalWanted = oldSets.reduce((sum, { wanted }) => sum + wanted, newSet.wanted);
  let unhealthyMax = totalWanted - minAvailable - (newSet.wanted - newSet.available);
  if (unhealthyMax <= 0) return result;
  for (const set of oldSets) {
    const down = Math.min(unhealthyMax, Math.max(0, set.wanted - set.available));
    if (down <= 0) continue;
    result.set(set.name, set.wanted - down);
    unhealthyMax -= down;
  }
  let availableMax = oldSets.reduce((sum, { available }) => sum + available, newSet.available) - minAvailable;
  for (const set of oldSets) {
    const down = Math.min(availableMax, wantedOf(set));
    if (down <= 0) continue;
    result.set(set.name, wantedOf(set) - down);
    availableMax -= down;
  }
  return result;
}

/**
 * Scaling in the middle of a rolling update: the difference is shared among all active sets in proportion to their size,
 * the largest first; what rounding leaves goes to the first. Returns wanted replicas by name.
 * @param sets Active sets, sorted: largest first; of equals the newer first when scaling up, the older when scaling down.
 */
export function proportionalReplicas(
  replicas: number,
  maxSurge: number,
  sets: readonly SetCounts[],
): Map<string, number> {
  const total = sets.reduce((sum, { wanted }) => sum + wanted, 0);
  const allowed = replicas > 0 ? replicas + maxSurge : 0;
  const toAdd = allowed - total;
  const result = new Map<string, number>();
  let added = 0;
  for (const set of sets) {
    const share = toAdd === 0 ? 0 : shareOf(set, replicas, maxSurge, total, toAdd, toAdd - added);
    result.set(set.name, set.wanted + share);
    added += share;
  }
  const first = sets[0];
  if (first !== undefined && toAdd !== added) {
    result.set(first.name, Math.max(0, (result.get(first.name) ?? 0) + toAdd - added));
  }
  return result;
}

function shareOf(
  set: SetCounts,
  replicas: number,
  maxSurge: number,
  total: number,
  toAdd: number,
  left: number,
): number {
  if (set.wanted === 0 || left === 0) return 0;
  const before = set.maxReplicas ?? total;
  const target = replicas === 0 ? 0 : Math.round((set.wanted * (replicas + maxSurge)) / (before === 0 ? 1 : before));
  const share = target - set.wanted;
  return toAdd > 0 ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left);
}
