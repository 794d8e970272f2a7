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

/** The q-quantile of one histogram; cumulative buckets in any order, which are changed. */
export function computeBucketQuantile(q: number, buckets: Bucket[]): BucketQuantile {
  if (Number.isNaN(q)) return { value: Number.NaN };
  if (q < 0) return { value: -Infinity };
  if (q > 1) return { value: Infinity };
  const sorted = merge(buckets.sort((a, b) => a.upperBound - b.upperBound || 0));
  if (sorted.at(-1)?.upperBound !== Infinity) return { value: Number.NaN };
  const forced = makeMonotonic(sorted);
  const observations = sorted.at(-1)!.count;
  if (sorted.length < 2 || observations === 0) return { value: Number.NaN, forced };
  return { value: interpolate(q * observations, sorted), forced };
}

/** A bound as `le` writes it, or undefined when it is none. */
export function parseBound(le: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(le)) return le.startsWith('-') ? -Infinity : Infinity;
  const bound = le.trim() === le && le !== '' ? Number(le) : Number.NaN;
  return Number.isNaN(bound) ? undefined : bound;
}

function merge(sorted: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const bucket of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && last.upperBound === bucket.upperBound) last.count += bucket.count;
    else merged.push(bucket);
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
