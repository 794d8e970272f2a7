/** Arithmetic shared by aggregations and functions: compensated sums, means, variances, quantiles (spec promql §7). */

/** Neumaier's sum: `sum + compensation` is the result. */
export class KahanSum {
  sum: number;
  compensation = 0;

  constructor(first = 0) {
    this.sum = first;
  }

  add(value: number): void {
    const total = this.sum + value;
    if (total === Infinity || total === -Infinity) this.compensation = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.compensation += this.sum - total + value;
    else this.compensation += value - total + this.sum;
    this.sum = total;
  }

  get total(): number {
    return this.sum + this.compensation;
  }
}

/** Values at `[from, to)`. */
export interface NumberRange {
  readonly values: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
}

export function computeSum({ values, from, to }: NumberRange): number {
  const sum = new KahanSum();
  for (let i = from; i < to; i += 1) sum.add(values[i]!);
  return sum.total;
}

/** Direct mean; from the element on that would overflow the sum, an incremental mean. */
export function computeMean({ values, from, to }: NumberRange): number {
  const sum = new KahanSum(values[from]!);
  for (let i = from + 1; i < to; i += 1) {
    const { sum: before, compensation } = sum;
    sum.add(values[i]!);
    if (sum.sum === Infinity || sum.sum === -Infinity)
      return computeIncrementalMean({ values, from, to }, i, before, compensation);
  }
  const count = to - from;
  return sum.sum / count + sum.compensation / count;
}

function computeIncrementalMean(
  { values, from, to }: NumberRange,
  next: number,
  sum: number,
  compensation: number,
): number {
  const mean = new KahanSum(sum / (next - from));
  mean.compensation = compensation / (next - from);
  for (let i = next; i < to; i += 1) {
    const count = i - from + 1;
    const weight = (count - 1) / count;
    mean.sum *= weight;
    mean.compensation *= weight;
    mean.add(values[i]! / count);
  }
  return mean.total;
}

/** Population variance. */
export function computeVariance({ values, from, to }: NumberRange): number {
  const mean = new KahanSum();
  const squares = new KahanSum();
  for (let i = from; i < to; i += 1) {
    const delta = values[i]! - mean.total;
    mean.add(delta / (i - from + 1));
    squares.add(delta * (values[i]! - mean.total));
  }
  return squares.total / (to - from);
}

/** The φ-quantile, linear between neighbours; NaN counts as the smallest value. */
export function computeQuantile(phi: number, { values, from, to }: NumberRange): number {
  if (to <= from || Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  const sorted: number[] = [];
  for (let i = from; i < to; i += 1) sorted.push(values[i]!);
  sorted.sort(compareValues);
  const rank = phi * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return weight === 0 ? sorted[lower]! : sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
}

/** Ascending, NaN first. */
export function compareValues(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Go's float format `'f'` with the shortest precision: no exponent; `NaN`, `+Inf`, `-Inf` (spec promql §11). */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  return text.includes('e') ? expandExponent(text) : text;
}

function expandExponent(text: string): string {
  const [mantissa = '', exponentText = '0'] = text.split('e');
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - whole.length)}${digits}`;
  return `${sign}${digits.padEnd(whole.length + exponent, '0')}`;
}
