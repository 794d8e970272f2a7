/** The samples of one series in one growing pair of typed arrays. */
import type { Labels } from './labels.ts';

const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 0x00000002;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const HIGH = LITTLE_ENDIAN ? 1 : 0;
const LOW = 1 - HIGH;
const CAPACITY_MIN = 8;
/** Series of a block; a block is 8 bytes × 8 samples × 2 × this. */
const BLOCK_SERIES = 1024;

interface Block {
  readonly times: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
}

/**
 * First homes of series: a few samples each, cut from blocks that many series share. Arrays of their own for each series
 * would make the first scrape of a large target a matter of the garbage collector.
 */
export class SamplePool {
  #block: Block | undefined;
  #used = 0;
  readonly #free: { block: Block; base: number }[] = [];

  take(): { block: Block; base: number } {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#block === undefined || this.#used === BLOCK_SERIES) {
      this.#block = newBlock(BLOCK_SERIES * CAPACITY_MIN);
      this.#used = 0;
    }
    this.#used += 1;
    return { block: this.#block, base: (this.#used - 1) * CAPACITY_MIN };
  }

  giveBack(block: Block, base: number): void {
    this.#free.push({ block, base });
  }
}

function newBlock(capacity: number): Block {
  const values = new Float64Array(capacity);
  return { times: new Float64Array(capacity), values, words: new Uint32Array(values.buffer) };
}

/**
 * Samples sorted by time, in `[start, end)` of `times` and `values`; what lies outside belongs to others.
 *
 * A staleness marker is the NaN with bits 0x7ff0000000000002. JavaScript numbers do not keep NaN bits, so the bits are
 * written and tested through a 32-bit view of the same memory and the marker never travels as a number.
 */
export class Series {
  readonly labels: Labels;
  times: Float64Array<ArrayBuffer>;
  values: Float64Array<ArrayBuffer>;
  start: number;
  end: number;
  /** How many of the samples are staleness markers. */
  staleCount = 0;
  /** Set when the store has dropped the series: whoever kept a reference must look it up anew. */
  removed = false;
  #words: Uint32Array<ArrayBuffer>;
  /** Where this series' part of the arrays begins and ends. */
  #base: number;
  #limit: number;
  /** Set while the arrays are shared. */
  #pool: SamplePool | undefined;

  constructor(labels: Labels, pool: SamplePool) {
    const { block, base } = pool.take();
    this.labels = labels;
    this.times = block.times;
    this.values = block.values;
    this.#words = block.words;
    this.#base = base;
    this.#limit = base + CAPACITY_MIN;
    this.start = base;
    this.end = base;
    this.#pool = pool;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Time of the newest sample, -Infinity when there is none. */
  get lastMs(): number {
    return this.end > this.start ? this.times[this.end - 1]! : -Infinity;
  }

  push(tMs: number, value: number): void {
    if (this.end === this.#limit) this.#makeRoom();
    this.times[this.end] = tMs;
    this.values[this.end] = value;
    this.end += 1;
  }

  pushStale(tMs: number): void {
    this.pushBits(tMs, STALE_LOW, STALE_HIGH);
  }

  /** As `push`, by the raw bits of the value. */
  pushBits(tMs: number, low: number, high: number): void {
    this.push(tMs, 0);
    const last = this.end - 1;
    this.#words[2 * last + LOW] = low;
    this.#words[2 * last + HIGH] = high;
    if (low === STALE_LOW && high === STALE_HIGH) this.staleCount += 1;
  }

  /** The raw bits of one value, for logs. */
  bitsOf(index: number): readonly [low: number, high: number] {
    return [this.#words[2 * index + LOW] as number, this.#words[2 * index + HIGH] as number];
  }

  /** Raw bits of the values in `[start, end)`, for snapshots. */
  valueWords(): Uint32Array {
    return this.#words.subarray(2 * this.start, 2 * this.end);
  }

  /** Replaces all samples by these, given as raw bits; the counterpart of `valueWords`. */
  load(times: Float64Array, words: Uint32Array): void {
    this.start = this.end;
    if (times.length > CAPACITY_MIN || this.#pool === undefined) this.#moveTo(Math.max(CAPACITY_MIN, times.length));
    this.times.set(times, this.#base);
    this.#words.set(words, 2 * this.#base);
    this.start = this.#base;
    this.end = this.#base + times.length;
    this.staleCount = times.length;
    let stale = 0;
    for (let i = this.start; i < this.end; i += 1) if (this.isStale(i)) stale += 1;
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

  /** Gives the memory back; the series must not be used any more. */
  release(): void {
    this.removed = true;
    this.start = this.end;
    this.#leavePool();
  }

  #leavePool(): void {
    if (this.#pool === undefined) return;
    this.#pool.giveBack({ times: this.times, values: this.values, words: this.#words }, this.#base);
    this.#pool = undefined;
  }

  /** Copies between arrays of one type keep all bits, so markers survive. */
  #makeRoom(): void {
    const { length } = this;
    const capacity = this.#limit - this.#base;
    if (this.start - this.#base >= capacity / 2) {
      this.times.copyWithin(this.#base, this.start, this.end);
      this.values.copyWithin(this.#base, this.start, this.end);
    } else this.#moveTo(capacity * 2);
    this.start = this.#base;
    this.end = this.#base + length;
  }

  /** To arrays of its own. */
  #moveTo(capacity: number): void {
    const block = newBlock(capacity);
    block.times.set(this.times.subarray(this.start, this.end));
    block.values.set(this.values.subarray(this.start, this.end));
    this.#leavePool();
    this.times = block.times;
    this.values = block.values;
    this.#words = block.words;
    this.#base = 0;
    this.#limit = capacity;
  }
}
