/** The rate family: functions over the change of a series in a window (spec promql §5). */
import { KahanSum, type NumberRange } from './numeric.ts';

/** Samples of one series inside a window `(startMs, endMs]`, in time order, without staleness markers. */
export interface Window extends NumberRange {
  readonly times: ArrayLike<number>;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * `rate`, `increase` (counter) and `delta` (gauge): the change over the window, extrapolated to its borders.
 *
 * Example: samples 0, 10, …, 100 one minute apart, a window of 5 min with 5 of them: 40 observed over 4 min, extrapolated to 50 over 5.
 *
 * @returns undefined with fewer than two samples.
 */
export function computeExtrapolated(
  window: Window,
  kind: { counter: boolean; perSecond: boolean },
): number | undefined {
  const { times, values, from, to, startMs, endMs } = window;
  if (to - from < 2) return undefined;
  const first = values[from]!;
  let result = values[to - 1]! - first;
  if (kind.counter) for (let i = from + 1; i < to; i += 1) if (values[i]! < values[i - 1]!) result += values[i - 1]!;
  const sampled = (times[to - 1]! - times[from]!) / 1000;
  const average = sampled / (to - from - 1);
  const threshold = average * 1.1;
  let toStart = (times[from]! - startMs) / 1000;
  let toEnd = (endMs - times[to - 1]!) / 1000;
  if (toStart >= threshold) toStart = average / 2;
  if (kind.counter && result > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / result));
  if (toEnd >= threshold) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (kind.perSecond) factor /= (endMs - startMs) / 1000;
  return result * factor;
}

/** `irate` (per second, counter resets handled) and `idelta`: the last two samples only. */
export function computeInstantChange({ times, values, from, to }: Window, perSecond: boolean): number | undefined {
  if (to - from < 2) return undefined;
  const distanceMs = times[to - 1]! - times[to - 2]!;
  if (distanceMs === 0) return undefined;
  const last = values[to - 1]!;
  const previous = values[to - 2]!;
  if (!perSecond) return last - previous;
  return (last < previous ? last : last - previous) / (distanceMs / 1000);
}

/** Least-squares line through the samples: slope per second, and its value at `interceptMs`. */
export function computeRegression(
  { times, values, from, to }: Window,
  interceptMs: number,
): { slope: number; intercept: number } {
  const first = values[from]!;
  const [sumX, sumY, sumXY, sumX2] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  let constant = true;
  for (let i = from; i < to; i += 1) {
    const x = (times[i]! - interceptMs) / 1000;
    const y = values[i]!;
    if (i > from && y !== first) constant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (constant)
    return Number.isFinite(first) || Number.isNaN(first)
      ? { slope: 0, intercept: first }
      : { slope: Number.NaN, intercept: Number.NaN };
  const count = to - from;
  const slope = (sumXY.total - (sumX.total * sumY.total) / count) / (sumX2.total - (sumX.total * sumX.total) / count);
  return { slope, intercept: sumY.total / count - (slope * sumX.total) / count };
}

/** Number of value changes; from NaN to NaN is none. */
export function countChanges({ values, from, to }: Window): number {
  let changes = 0;
  for (let i = from + 1; i < to; i += 1) {
    const [previous, current] = [values[i - 1]!, values[i]!];
    if (previous !== current && !(Number.isNaN(previous) && Number.isNaN(current))) changes += 1;
  }
  return changes;
}

/** Number of decreases. */
export function countResets({ values, from, to }: Window): number {
  let resets = 0;
  for (let i = from + 1; i < to; i += 1) if (values[i]! < values[i - 1]!) resets += 1;
  return resets;
}

/** Double exponential smoothing (Holt), level factor `sf` and trend factor `tf`, both between 0 and 1. */
export function computeSmoothed({ values, from, to }: Window, sf: number, tf: number): number | undefined {
  if (to - from < 2) return undefined;
  let level = values[from]!;
  let previousLevel = 0;
  let trend = values[from + 1]! - values[from]!;
  for (let i = from + 1; i < to; i += 1) {
    if (i > from + 1) trend = tf * (level - previousLevel) + (1 - tf) * trend;
    previousLevel = level;
    level = sf * values[i]! + (1 - sf) * (level + trend);
  }
  return level;
}
