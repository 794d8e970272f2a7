import type { KindMap } from '#kube/kinds.ts';
import { changedWithin, type Memory, recentRecommendations } from './memory.ts';
import * as reasons from './reasons.ts';

type Behavior = NonNullable<KindMap['HorizontalPodAutoscaler.autoscaling']['spec']['behavior']>;
type Rules = NonNullable<Behavior['scaleUp']>;

/** A number of replicas and why it is that. */
export interface Limited {
  replicas: number;
  condition: reasons.Verdict;
}

export interface Bounds {
  min: number;
  max: number;
}

/** How long recommendations to scale down are held back without a `behavior`. */
export const DOWNSCALE_STABILIZATION_MS = 300_000;

/**
 * A recommendation, held back by recent ones: what scales down waits until the highest of its window is gone, what scales up
 * until the lowest of its window is. `wanted` unchanged when nothing holds it back.
 */
export function stabilize(
  wanted: number,
  current: number,
  behavior: Behavior | undefined,
  { recommendations }: Memory,
  { nowMs, lookMs }: { nowMs: number; lookMs: number },
): Limited {
  const recent = (windowMs: number) => recentRecommendations(recommendations, nowMs, windowMs, lookMs);
  if (behavior === undefined) {
    const replicas = Math.max(wanted, ...recent(DOWNSCALE_STABILIZATION_MS));
    return { replicas, condition: replicas === wanted ? reasons.READY : reasons.SCALE_DOWN_STABILIZED };
  }
  const upWindowMs = (behavior.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000;
  const downWindowMs = downWindow(behavior);
  const lowest = Math.min(wanted, ...recent(upWindowMs));
  const highest = Math.max(wanted, ...recent(downWindowMs));
  const replicas = Math.min(Math.max(current, lowest), highest);
  if (replicas === wanted) return { replicas, condition: reasons.READY };
  return { replicas, condition: wanted >= current ? reasons.SCALE_UP_STABILIZED : reasons.SCALE_DOWN_STABILIZED };
}

export function downWindow(behavior: Behavior | undefined): number {
  return (behavior?.scaleDown?.stabilizationWindowSeconds ?? DOWNSCALE_STABILIZATION_MS / 1000) * 1000;
}

/** The longest time of the past that any rule looks at. */
export function longestLookBackMs(behavior: Behavior | undefined): number {
  const periods = [behavior?.scaleUp, behavior?.scaleDown].flatMap((rules) =>
    (rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds * 1000),
  );
  const upWindowMs = (behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000;
  return Math.max(DOWNSCALE_STABILIZATION_MS, upWindowMs, downWindow(behavior), ...periods);
}

/** `wanted` within minReplicas, maxReplicas and the rate at which the autoscaler may change. */
export function limit(
  wanted: number,
  current: number,
  bounds: Bounds,
  behavior: Behavior | undefined,
  memory: Memory,
  nowMs: number,
): Limited {
  return behavior === undefined
    ? limitByDefault(wanted, current, bounds)
    : limitByBehavior(wanted, current, bounds, behavior, memory, nowMs);
}

/** Without a behavior: at most the double, or four. */
function limitByDefault(wanted: number, current: number, { min, max }: Bounds): Limited {
  const fastest = Math.max(2 * current, 4);
  if (wanted < min) return { replicas: min, condition: reasons.TOO_FEW };
  if (wanted <= Math.min(max, fastest)) return { replicas: wanted, condition: reasons.WITHIN_RANGE };
  return max > fastest
    ? { replicas: fastest, condition: reasons.SCALE_UP_LIMIT }
    : { replicas: max, condition: reasons.TOO_MANY };
}

function limitByBehavior(
  wanted: number,
  current: number,
  { min, max }: Bounds,
  behavior: Behavior,
  memory: Memory,
  nowMs: number,
): Limited {
  if (wanted > current) {
    const fastest = Math.max(current, rateLimit('up', current, behavior.scaleUp, memory, nowMs));
    const isRate = max > fastest;
    const allowed = isRate ? fastest : max;
    if (wanted > allowed) return { replicas: allowed, condition: isRate ? reasons.SCALE_UP_LIMIT : reasons.TOO_MANY };
  } else if (wanted < current) {
    const fastest = Math.min(current, rateLimit('down', current, behavior.scaleDown, memory, nowMs));
    const isRate = min < fastest;
    const allowed = isRate ? fastest : min;
    if (wanted < allowed) return { replicas: allowed, condition: isRate ? reasons.SCALE_DOWN_LIMIT : reasons.TOO_FEW };
  }
  return { replicas: wanted, condition: reasons.WITHIN_RANGE };
}

/** The size the policies allow now; each counts from the size at the start of its period. */
function rateLimit(
  direction: 'up' | 'down',
  current: number,
  rules: Rules | undefined,
  { scaleUps, scaleDowns }: Memory,
  nowMs: number,
): number {
  const selects = rules?.selectPolicy ?? 'Max';
  if (selects === 'Disabled') return current;
  const sizes = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const periodMs = periodSeconds * 1000;
    const before = current - changedWithin(scaleUps, nowMs, periodMs) + changedWithin(scaleDowns, nowMs, periodMs);
    if (type === 'Pods') return direction === 'up' ? before + value : before - value;
    return direction === 'up' ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
  });
  // The greatest change is the greatest size when scaling up, the smallest when scaling down.
  const takesGreatest = (direction === 'up') === (selects === 'Max');
  return takesGreatest ? Math.max(...sizes) : Math.min(...sizes);
}
