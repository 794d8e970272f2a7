/** Quantiles of classic histograms (spec promql §6). */

export interface Bucket {
  readonly upperBound: number;
  count: number;
}

export interface BucketQuantile {
  readonly value: number;
  /** Set when a count was lower than that of a smaller bucket and had to be lifted. */
  readonly forced?: { readonly fromBound: number; readonly toBound: number; readonly maxDifference: number };
}

const SMALL_DIFFERENCE = 1e-12;

/** The q-quantile of one histogram; cumulative buckets in any order. */
export function computeBucketQuantile(q: number, buckets: Bucket[]): BucketQuantile {
  if (Number.isNaN(q)) return { value: Number.NaN };
  if (q < 0) return { value: -Infinity };
  if (q > 1) return { value: Infinity };
  const sorted = merge(buckets);
  if (sorted.at(-1)?.upperBound !== Infinity) return { value: Number.NaN };
  const forced = makeMonotonic(sorted);
  const observations = sorted.at(-1)!.count;
  if (sorted.length < 2 || observations === 0) return { value: Number.NaN, forced };
  return { value: interpolate(q * observations, sorted), forced };
}

/** The share of observations between two values, from 0 to 1; NaN without observations. */
export function computeBucketFraction(lower: number, upper: number, buckets: readonly Bucket[]): number {
  const sorted = merge(buckets);
  const count = sorted.at(-1)?.count ?? 0;
  if (sorted.at(-1)?.upperBound !== Infinity || count === 0 || Number.isNaN(lower) || Number.isNaN(upper))
    return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, sorted, count) - rankOf(lower, sorted, count)) / count;
}

/** How many observations lie below `value`; inside a bucket they are taken as spread evenly, in one without end as absent. */
function rankOf(value: number, sorted: readonly Bucket[], total: number): number {
  let rank = 0;
  let lowerBound = sorted[0]!.upperBound <= 0 ? -Infinity : 0;
  for (const { upperBound, count } of sorted) {
    if (lowerBound >= value) return Math.min(rank, total);
    if (upperBound > value) {
      const inside = lowerBound === -Infinity ? 1 : (value - lowerBound) / (upperBound - lowerBound);
      return Math.min(rank + (count - rank) * inside, total);
    }
    rank = count;
    lowerBound = upperBound;
  }
  return total;
}

/** A bound as `le` writes it, or undefined when it is none. */
export function parseBound(le: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(le)) return le.startsWith('-') ? -Infinity : Infinity;
  const bound = le.trim() === le && le !== '' ? Number(le) : Number.NaN;
  return Number.isNaN(bound) ? undefined : bound;
}

/** Sorted by bound, equal bounds added together; a copy, because counts are corrected in place. */
function merge(buckets: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const { upperBound, count } of buckets.toSorted((a, b) => a.upperBound - b.upperBound || 0)) {
    const last = merged.at(-1);
    if (last !== undefined && last.upperBound === upperBound) last.count += count;
    else merged.push({ upperBound, count });
  }
  return merged;
}

function makeMonotonic(buckets: readonly Bucket[]): BucketQuantile['forced'] {
  let previous = buckets[0]!.count;
  let [fromBound, toBound, maxDifference] = [Infinity, -Infinity, 0];
  for (const bucket of buckets.slice(1)) {
    const { count, upperBound } = bucket;
    if (count === previous) continue;
    if (almostEqual(previous, count)) bucket.count = previous;
    else if (count < previous) {
      bucket.count = previous;
      fromBound = Math.min(fromBound, upperBound);
      toBound = Math.max(toBound, upperBound);
      maxDifference = Math.max(maxDifference, previous - count);
    } else previous = count;
  }
  return maxDifference > 0 ? { fromBound, toBound, maxDifference } : undefined;
}

function almostEqual(a: number, b: number): boolean {
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  return size < Number.MIN_VALUE * 2 ** 52
    ? difference < SMALL_DIFFERENCE * Number.MIN_VALUE * 2 ** 52
    : difference / Math.min(size, Number.MAX_VALUE) < SMALL_DIFFERENCE;
}

function interpolate(rank: number, buckets: readonly Bucket[]): number {
  const last = buckets.length - 1;
  let index = buckets.findIndex((bucket, i) => i < last && bucket.count >= rank);
  if (index < 0) index = last;
  const bucket = buckets[index]!;
  if (index === last) return buckets[last - 1]!.upperBound;
  if (index === 0 && bucket.upperBound <= 0) return bucket.upperBound;
  const below = index === 0 ? { upperBound: 0, count: 0 } : buckets[index - 1]!;
  return (
    below.upperBound + (bucket.upperBound - below.upperBound) * ((rank - below.count) / (bucket.count - below.count))
  );
}
