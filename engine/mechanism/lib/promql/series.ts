/** The samples of one series in one growing pair of typed arrays. */
import type { Labels } from './labels.ts';

const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 0x00000002;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const HIGH = LITTLE_ENDIAN ? 1 : 0;
const LOW = 1 - HIGH;
const CAPACITY_MIN = 8;

/**
 * Samples sorted by time, in `[start, end)` of `times` and `values`.
 *
 * A staleness marker is the NaN with bits 0x7ff0000000000002. JavaScript numbers do not keep NaN bits, so the bits are
 * written and tested through a 32-bit view of the same memory and the marker never travels as a number.
 */
export class Series {
  readonly labels: Labels;
  times = new Float64Array(CAPACITY_MIN);
  values = new Float64Array(CAPACITY_MIN);
  start = 0;
  end = 0;
  /** How many of the samples are staleness markers. */
  staleCount = 0;
  /** Set when the store has dropped the series: whoever kept a reference must look it up anew. */
  removed = false;
  /** View of the memory of `values`; made on demand, since most series never hold a marker. */
  #view: Uint32Array | undefined;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Time of the newest sample, -Infinity when there is none. */
  get lastMs(): number {
    return this.end > this.start ? this.times[this.end - 1]! : -Infinity;
  }

  push(tMs: number, value: number): void {
    if (this.end === this.times.length) this.#makeRoom();
    this.times[this.end] = tMs;
    this.values[this.end] = value;
    this.end += 1;
  }

  pushStale(tMs: number): void {
    this.push(tMs, 0);
    this.#words[2 * (this.end - 1) + HIGH] = STALE_HIGH;
    this.#words[2 * (this.end - 1) + LOW] = STALE_LOW;
    this.staleCount += 1;
  }

  /** Raw bits of the values in `[start, end)`, for snapshots. */
  valueWords(): Uint32Array {
    return this.#words.subarray(2 * this.start, 2 * this.end);
  }

  /** Replaces all samples by these, given as raw bits; the counterpart of `valueWords`. */
  load(times: Float64Array, words: Uint32Array): void {
    this.start = 0;
    this.end = 0;
    this.#moveTo(Math.max(CAPACITY_MIN, times.length));
    this.times.set(times);
    this.#words.set(words);
    this.end = times.length;
    this.staleCount = this.end;
    let stale = 0;
    for (let i = 0; i < this.end; i += 1) if (this.isStale(i)) stale += 1;
    this.staleCount = stale;
  }

  isStale(index: number): boolean {
    return (
      this.staleCount > 0 && this.#words[2 * index + HIGH] === STALE_HIGH && this.#words[2 * index + LOW] === STALE_LOW
    );
  }

  /** Index of the first sample later than `tMs`; `end` when there is none. */
  indexAfter(tMs: number): number {
    const { times } = this;
    let low = this.start;
    let high = this.end;
    if (high > low && times[high - 1]! <= tMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! <= tMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Drops all samples at or before `tMs` and returns how many. */
  dropUntil(tMs: number): number {
    if (this.length === 0 || this.times[this.start]! > tMs) return 0;
    const next = this.indexAfter(tMs);
    const dropped = next - this.start;
    if (this.staleCount > 0) {
      for (let i = this.start; i < next; i += 1) if (this.isStale(i)) this.staleCount -= 1;
    }
    this.start = next;
    return dropped;
  }

  get #words(): Uint32Array {
    this.#view ??= new Uint32Array(this.values.buffer);
    return this.#view;
  }

  /** Copies between arrays of one type keep all bits, so markers survive. */
  #makeRoom(): void {
    const { length } = this;
    const capacity = this.times.length;
    if (this.start >= capacity / 2) {
      this.times.copyWithin(0, this.start, this.end);
      this.values.copyWithin(0, this.start, this.end);
    } else {
      this.#moveTo(capacity * 2);
    }
    this.start = 0;
    this.end = length;
  }

  #moveTo(capacity: number): void {
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    times.set(this.times.subarray(this.start, this.end));
    values.set(this.values.subarray(this.start, this.end));
    this.times = times;
    this.values = values;
    this.#view = undefined;
  }
}
