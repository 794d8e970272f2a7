import { currentSetWeight, setCanaryScaleInForce } from './steps.ts';
import {
  blueGreenOf,
  canaryOf,
  type IntOrString,
  isRouted,
  maxTrafficWeight,
  type ProgressThreshold,
  type RolloutTerms,
  replicasOf,
  stepsOf,
  type TrafficWeights,
} from './types.ts';

/** One ReplicaSet, as the arithmetic sees it. */
export interface RsCounts {
  name: string;
  /** spec.replicas. */
  spec: number;
  /** status.replicas. */
  created: number;
  /** status.availableReplicas. */
  available: number;
}

export interface CanaryCounts {
  canary: number;
  stable: number;
}

/** Pods above and below spec.replicas that an update may use (rollouts §1.6, table F). */
export function resolveFenceposts(terms: RolloutTerms): { surge: number; unavailable: number } {
  const replicas = replicasOf(terms);
  const blueGreen = blueGreenOf(terms);
  if (blueGreen !== undefined) {
    const unavailable = resolveIntOrPercent(blueGreen.maxUnavailable ?? '25', replicas, Math.floor);
    return { surge: 0, unavailable: Math.min(unavailable, replicas) };
  }
  const { maxSurge = '25', maxUnavailable = '25' } = canaryOf(terms);
  const surge = resolveIntOrPercent(maxSurge, replicas, Math.ceil);
  const unavailable = resolveIntOrPercent(maxUnavailable, replicas, Math.floor);
  return { surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

/** Any text is a percentage, with or without `%`, as the resolver upstream uses reads it. */
function resolveIntOrPercent(value: IntOrString, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = Number.parseInt(value, 10);
  return Number.isNaN(percent) ? 0 : round((percent * total) / 100);
}

/** An explicit abortScaleDownDelaySeconds; `off` when it is 0, which keeps an aborted canary up. */
export function abortScaleDownDelay(terms: Pick<RolloutTerms, 'spec'>): { delayMs?: number; explicit: boolean } {
  const blueGreen = blueGreenOf(terms);
  const { abortScaleDownDelaySeconds: seconds } = blueGreen ?? canaryOf(terms);
  if (blueGreen === undefined && !isRouted(terms)) return { delayMs: 0, explicit: false };
  if (seconds === undefined) return { delayMs: 30_000, explicit: false };
  return seconds === 0 ? { explicit: true } : { delayMs: seconds * 1000, explicit: true };
}

export function weightToReplicas(replicas: number, weight: number, maxWeight: number): number {
  // A setCanaryScale weight above all traffic leaves less than nothing: -0 is 0.
  return Math.ceil((weight * replicas) / maxWeight) || 0;
}

export function hasDistinctStable(newRS: RsCounts | undefined, stableRS: RsCounts | undefined): stableRS is RsCounts {
  return stableRS !== undefined && newRS?.name !== stableRS.name;
}

/** The sizes wanted for canary and stable now; setCanaryScale, weight, abort and promotion considered. */
function wantedScale(
  terms: RolloutTerms,
  newRS: RsCounts | undefined,
  stableRS: RsCounts | undefined,
): { replicas?: number; weight: number } {
  const { promoteFull, stableRS: stable = '', currentPodHash = '' } = terms.status;
  if (promoteFull || stable === '' || stable === currentPodHash) return { weight: maxTrafficWeight(terms) };
  const scale = setCanaryScaleInForce(terms, abortScaleDownDelay(terms).delayMs !== undefined);
  if (scale?.replicas !== undefined) return { replicas: scale.replicas, weight: 0 };
  if (scale?.weight !== undefined) return { weight: scale.weight };
  return { weight: desiredCanaryWeight(terms, newRS, stableRS) };
}

/**
 * The weight the canary should have. While an abort drains with dynamicStableScale it steps down through the weights
 * of the steps, so that traffic never exceeds what the growing stable ReplicaSet can take (tables D and W).
 */
export function desiredCanaryWeight(
  terms: RolloutTerms,
  newRS: RsCounts | undefined,
  stableRS: RsCounts | undefined,
): number {
  const dynamic = canaryOf(terms).dynamicStableScale === true;
  if (!(terms.status.abort && dynamic && newRS !== undefined && stableRS !== undefined)) return currentSetWeight(terms);
  const replicas = replicasOf(terms);
  const missing = replicas - stableRS.available;
  const { delayMs, explicit } = abortScaleDownDelay(terms);
  const canaryPods = explicit && delayMs !== undefined ? missing : Math.max(missing, newRS.available);
  for (const step of [...stepsOf(terms)].reverse()) {
    if (step.setWeight === undefined) continue;
    if (weightToReplicas(replicas, step.setWeight, maxTrafficWeight(terms)) < canaryPods) return step.setWeight;
  }
  return 0;
}

/** How many pods on each side come closest to a weight without a router (rollouts §1.6, table A). */
export function approximateWeight(replicas: number, weight: number, maxWeight: number, surge: number): CanaryCounts {
  if (replicas === 0) return { canary: 0, stable: 0 };
  const high = Math.ceil((replicas * weight) / maxWeight);
  const low = Math.floor((replicas * weight) / maxWeight);
  const zeroAllowed = weight === maxWeight || weight === 0 || (replicas === 1 && surge === 0);
  const lowAllowed = low !== 0 || zeroAllowed;
  const options: { canary: number; total: number }[] = [];
  if (high < replicas || zeroAllowed) options.push({ canary: high, total: replicas });
  if (lowAllowed && !isTied(replicas, weight, maxWeight)) options.push({ canary: low, total: replicas });
  if (surge > 0) {
    options.push({ canary: high, total: replicas + 1 });
    if (lowAllowed && !isTied(replicas + 1, weight, maxWeight)) options.push({ canary: low, total: replicas + 1 });
  }
  const distance = (option: { canary: number; total: number }) =>
    Math.abs((option.canary * maxWeight) / option.total - weight);
  let best = options[0] ?? { canary: 0, total: replicas };
  for (const option of options) if (distance(option) < distance(best)) best = option;
  return { canary: best.canary, stable: best.total - best.canary };
}

function isTied(total: number, weight: number, maxWeight: number): boolean {
  return (total * (weight / maxWeight)) % 1 === 0.5;
}

/** The sizes of the next pass without traffic routing: one step towards the wanted sizes, within the fences (table R). */
export function basicCanaryCounts(
  terms: RolloutTerms,
  newRS: RsCounts | undefined,
  stableRS: RsCounts | undefined,
  otherRSs: readonly RsCounts[],
): CanaryCounts {
  const replicas = replicasOf(terms);
  const { surge, unavailable } = resolveFenceposts(terms);
  const distinct = hasDistinctStable(newRS, stableRS);
  const wanted = distinct
    ? approximateWeight(replicas, wantedScale(terms, newRS, stableRS).weight, maxTrafficWeight(terms), surge)
    : { canary: replicas, stable: 0 };
  const limits = { max: replicas + surge, minAvailable: replicas - unavailable };
  const stable = distinct ? stableRS : undefined;
  const others = otherRSs.reduce((sum, rs) => sum + rs.spec, 0);
  const grown = scaleUp(newRS, stable, wanted, limits.max - others);
  if (others > 0) return grown;
  return scaleDown({ newRS, stableRS, scaleStable: distinct }, wanted, grown, limits);
}

function scaleUp(
  newRS: RsCounts | undefined,
  stableRS: RsCounts | undefined,
  wanted: CanaryCounts,
  room: number,
): CanaryCounts {
  const counts = { canary: newRS?.spec ?? 0, stable: stableRS?.spec ?? 0 };
  let up = room - counts.canary - counts.stable;
  if (stableRS !== undefined && counts.stable < wanted.stable && up > 0) {
    const step = Math.min(up, wanted.stable - counts.stable);
    counts.stable += step;
    up -= step;
  }
  if (newRS !== undefined && counts.canary < wanted.canary && up > 0) {
    counts.canary += Math.min(up, wanted.canary - counts.canary);
  }
  return counts;
}

/** Pods of a ReplicaSet that count when deciding how many can go (table G). */
export function countableForScaleDown(rs: RsCounts | undefined, ignoreAvailability: boolean): number {
  if (rs === undefined) return 0;
  return rs.spec < rs.available || ignoreAvailability ? rs.spec : rs.available;
}

function scaleDown(
  sets: { newRS: RsCounts | undefined; stableRS: RsCounts | undefined; scaleStable: boolean },
  wanted: CanaryCounts,
  counts: CanaryCounts,
  limits: { max: number; minAvailable: number },
): CanaryCounts {
  const { newRS, stableRS, scaleStable } = sets;
  const increasing = newRS === undefined || wanted.canary >= newRS.spec;
  const pool = countableForScaleDown(newRS, !increasing) + countableForScaleDown(stableRS, increasing);
  if (pool <= limits.minAvailable) return counts;
  const down = pool - limits.minAvailable;
  if (!increasing) {
    const canary = drained(newRS, wanted.canary, down, counts.canary);
    const adjusted = withinLimits({ rs: newRS, count: canary }, { rs: stableRS, count: counts.stable }, limits);
    return { canary: adjusted.drain, stable: adjusted.other };
  }
  if (!scaleStable) return counts;
  const stable = drained(stableRS, wanted.stable, down, counts.stable);
  const adjusted = withinLimits({ rs: stableRS, count: stable }, { rs: newRS, count: counts.canary }, limits);
  return { canary: adjusted.other, stable: adjusted.drain };
}

function drained(rs: RsCounts | undefined, wanted: number, down: number, count: number): number {
  return rs !== undefined && rs.spec > wanted ? Math.max(wanted, rs.spec - down) : count;
}

interface Side {
  rs: RsCounts | undefined;
  count: number;
}

/** Keeps the sum within the surge limit without giving up pods that are needed for availability. */
function withinLimits(
  drain: Side,
  other: Side,
  limits: { max: number; minAvailable: number },
): { drain: number; other: number } {
  if (other.rs === undefined) return { drain: drain.count, other: other.count };
  const over = Math.max(0, other.count + drain.count - limits.max);
  const reduced = other.count - over;
  const available = Math.min(drain.rs?.available ?? 0, drain.count) + Math.min(other.rs.available, reduced);
  const lost = Math.max(0, other.rs.available - reduced);
  const needed = Math.max(0, limits.minAvailable - available);
  const adjusted = reduced + Math.min(lost, needed);
  return { drain: drain.count - Math.max(0, adjusted + drain.count - limits.max), other: adjusted };
}

/** The sizes with traffic routing (rollouts §1.7): the canary follows the weight, stable stays whole unless dynamic. */
export function routedCanaryCounts(
  terms: RolloutTerms,
  newRS: RsCounts | undefined,
  stableRS: RsCounts | undefined,
  weights: TrafficWeights | undefined,
): CanaryCounts {
  const replicas = replicasOf(terms);
  const max = maxTrafficWeight(terms);
  const wanted = wantedScale(terms, newRS, stableRS);
  let canary = wanted.replicas ?? atLeastMinPods(terms, weightToReplicas(replicas, wanted.weight, max));
  if (!canaryOf(terms).dynamicStableScale) return { canary, stable: replicas };
  let stable = weightToReplicas(replicas, max - wanted.weight, max);
  if (weights !== undefined) {
    stable = Math.max(stable, weightToReplicas(replicas, weights.stable.weight, max));
    if (terms.status.abort) canary = Math.max(weightToReplicas(replicas, weights.canary.weight, max), canary);
  }
  return { canary: atLeastMinPods(terms, canary), stable: atLeastMinPods(terms, stable) };
}

function atLeastMinPods(terms: RolloutTerms, count: number): number {
  const { minPodsPerReplicaSet } = canaryOf(terms);
  if (count === 0 || minPodsPerReplicaSet === undefined || !isRouted(terms)) return count;
  return Math.max(count, Math.min(minPodsPerReplicaSet, replicasOf(terms)));
}

/** The counts of the strategy in use. `weights` are those of the previous pass, on purpose (rollouts §10, item 6). */
export function canaryCounts(
  terms: RolloutTerms,
  sets: { newRS?: RsCounts; stableRS?: RsCounts; otherRSs: readonly RsCounts[] },
  weights: TrafficWeights | undefined,
): CanaryCounts {
  return isRouted(terms)
    ? routedCanaryCounts(terms, sets.newRS, sets.stableRS, weights)
    : basicCanaryCounts(terms, sets.newRS, sets.stableRS, sets.otherRSs);
}

/** Whether enough pods of the ReplicaSet are available for the step to count as reached (table P). */
export function isThresholdMet(
  threshold: ProgressThreshold | undefined,
  rs: RsCounts | undefined,
  desired: number,
): boolean {
  if (threshold === undefined || rs === undefined || threshold.value < 0) {
    return rs !== undefined && desired === rs.spec && desired === rs.available;
  }
  if (threshold.type !== 'Percent') return rs.available >= threshold.value;
  return desired === 0 || (rs.available / desired) * 100 >= threshold.value - 1e-10;
}

/** True when canary, stable and old ReplicaSets are as the current step wants them (table B). */
export function isAtDesiredCounts(
  terms: RolloutTerms,
  sets: { newRS?: RsCounts; stableRS?: RsCounts; otherRSs: readonly RsCounts[] },
  weights: TrafficWeights | undefined,
): boolean {
  const { newRS, stableRS, otherRSs } = sets;
  const counts = canaryCounts(terms, sets, weights);
  const { replicaProgressThreshold, dynamicStableScale } = canaryOf(terms);
  if (!isThresholdMet(replicaProgressThreshold, newRS, counts.canary)) return false;
  const stableReached = stableRS?.spec === counts.stable && stableRS.created === counts.stable;
  if (!(isRouted(terms) && dynamicStableScale) && !stableReached) return false;
  return isRouted(terms) || otherRSs.every((rs) => rs.available === 0);
}
