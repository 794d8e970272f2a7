/** In-memory time series store: bounded, indexed by metric name, read by the PromQL evaluator. */
import { type LabelEntry, LabelTable } from './label-table.ts';
import { compareLabels, type LabelPair, Labels, METRIC_NAME } from './labels.ts';
import type { Matcher } from './matcher.ts';
import { SamplePool, Series } from './series.ts';

export interface StoreLimits {
  /** Samples older than the newest of their series by more than this are dropped. */
  readonly retentionMs: number;
  readonly maxSeries: number;
  readonly maxSamples: number;
}

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  retentionMs: 2 * 3_600_000,
  maxSeries: 100_000,
  maxSamples: 10_000_000,
};

/**
 * What became of one sample: `duplicate` is the same value at the same time again (harmless); `out-of-order` is older
 * than the newest sample, or another value at its time; `refused` means that the store is full of fresher series.
 */
export type AppendOutcome = 'appended' | 'duplicate' | 'out-of-order' | 'refused';

export interface StoreStats {
  readonly series: number;
  readonly samples: number;
  /** Since construction, by retention or by a limit. */
  readonly droppedSamples: number;
  readonly droppedSeries: number;
  readonly refusedSamples: number;
}

/** Labels that no series has any more are swept out when the table has grown by this and to twice what was in use. */
const LABELS_SPARE = 50_000;

interface Bucket {
  readonly byKey: Map<string, Series>;
  /** Sorted by labels, or undefined after a change. */
  sorted: Series[] | undefined;
  /** By the value of a label, for labels that queries have asked for; undefined after a change. */
  byLabel: Map<string, ReadonlyMap<string, readonly Series[]>> | undefined;
}

/** Where queries read from; the store is the only one in production. */
export interface Queryable {
  /** All series that match every matcher, sorted by labels. */
  select(matchers: readonly Matcher[]): readonly Series[];
}

export class SeriesStore implements Queryable {
  readonly limits: StoreLimits;
  /** Told of each sample that is stored, for a log. */
  onAppended: ((series: Series) => void) | undefined;
  readonly #buckets = new Map<string, Bucket>();
  readonly #labels = new LabelTable();
  readonly #pool = new SamplePool();
  #labelsMax = LABELS_SPARE;
  #series = 0;
  #samples = 0;
  #droppedSamples = 0;
  #droppedSeries = 0;
  #refusedSamples = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.limits = { ...DEFAULT_STORE_LIMITS, ...limits };
  }

  get stats(): StoreStats {
    return {
      series: this.#series,
      samples: this.#samples,
      droppedSamples: this.#droppedSamples,
      droppedSeries: this.#droppedSeries,
      refusedSamples: this.#refusedSamples,
    };
  }

  /** Adds one sample; `tMs` in milliseconds since the epoch. */
  append(labels: Labels, tMs: number, value: number): AppendOutcome {
    const series = this.resolve(labels, tMs);
    return series === undefined ? this.#refuse() : this.appendTo(series, tMs, value);
  }

  /** Marks the series as ended at `tMs`; a series that does not exist, or has ended already, stays as it is. */
  appendStale(labels: Labels, tMs: number): AppendOutcome {
    const series = this.#find(labels);
    return series === undefined ? 'duplicate' : this.appendStaleTo(series, tMs);
  }

  /** The series with these labels, created when new; undefined when the store is full of series fresher than `tMs`. */
  resolve(labels: Labels, tMs: number): Series | undefined {
    return this.resolvePairs(labels.pairs, tMs);
  }

  /** As `resolve`, from labels in any order: each name once, no empty values. */
  resolvePairs(pairs: readonly LabelPair[], tMs: number): Series | undefined {
    const entries = pairs.map((pair) => this.#labels.entryOf(pair));
    sortByName(entries);
    const key = this.#labels.keyOf(entries);
    const name = metricNameOf(pairs);
    let bucket = this.#buckets.get(name);
    const known = bucket?.byKey.get(key);
    if (known !== undefined) return known;
    if (this.#series >= this.limits.maxSeries) {
      if (!this.#evictSeries(tMs)) return undefined;
      bucket = this.#buckets.get(name);
    }
    const series = new Series(Labels.fromSorted(entries.map((entry) => entry.pair)), this.#pool);
    if (bucket === undefined)
      this.#buckets.set(series.labels.metricName, {
        byKey: new Map([[key, series]]),
        sorted: [series],
        byLabel: undefined,
      });
    else {
      bucket.byKey.set(key, series);
      changed(bucket);
    }
    this.#series += 1;
    return series;
  }

  /** Equal labels in the store's own memory; `resolvePairs` finds those faster. */
  shared(pairs: readonly LabelPair[]): LabelPair[] {
    return pairs.map((pair) => this.#labels.entryOf(pair).pair);
  }

  /** As `append`, for a series in hand (from `resolve`, not `removed`). */
  appendTo(series: Series, tMs: number, value: number): AppendOutcome {
    const { lastMs } = series;
    if (tMs <= lastMs) return this.#repeated(series, tMs, value);
    series.push(tMs, value);
    this.#appended(series, tMs);
    return 'appended';
  }

  /** As `appendStale`, for a series in hand. */
  appendStaleTo(series: Series, tMs: number): AppendOutcome {
    if (series.removed || series.length === 0 || series.isStale(series.end - 1)) return 'duplicate';
    if (tMs <= series.lastMs) return 'out-of-order';
    series.pushStale(tMs);
    this.#appended(series, tMs);
    return 'appended';
  }

  /** As `appendTo`, by the raw bits of the value, from a log; false when the series has a sample as new as this. */
  appendBits(series: Series, tMs: number, low: number, high: number): boolean {
    if (tMs <= series.lastMs) return false;
    series.pushBits(tMs, low, high);
    this.#appended(series, tMs);
    return true;
  }

  select(matchers: readonly Matcher[]): readonly Series[] {
    const name = matchers.find(
      (matcher) => matcher.name === '__name__' && matcher.operator === '=' && matcher.value !== '',
    );
    if (name !== undefined) {
      const bucket = this.#buckets.get(name.value);
      const rest = matchers.filter((matcher) => matcher !== name);
      return bucket === undefined ? [] : filterSeries(candidates(bucket, rest), rest);
    }
    const all: Series[] = [];
    for (const bucket of this.#buckets.values()) all.push(...filterSeries(sortedSeries(bucket), matchers));
    return all.sort((a, b) => compareLabels(a.labels, b.labels));
  }

  /** Drops what retention no longer covers at `nowMs`, series without samples too. Call it about once a minute. */
  collect(nowMs: number): void {
    this.#dropUntil(nowMs - this.limits.retentionMs);
    if (this.#labels.size > this.#labelsMax) this.#sweepLabels();
  }

  #sweepLabels(): void {
    this.#labels.keepOnly(this.allSeries().map((series) => series.labels));
    this.#labelsMax = 2 * this.#labels.size + LABELS_SPARE;
  }

  /** Every series, by metric name and labels; for snapshots and metadata. */
  allSeries(): readonly Series[] {
    const names = [...this.#buckets.keys()].sort();
    return names.flatMap((name) => sortedSeries(this.#buckets.get(name)!));
  }

  /** Takes over samples read from a snapshot into a series that is empty so far. */
  loadSeries(labels: Labels, times: Float64Array, words: Uint32Array): void {
    const series = this.resolve(labels, times.at(-1) ?? 0);
    if (series === undefined) return;
    this.#samples += times.length - series.length;
    series.load(times, words);
    if (this.#samples > this.limits.maxSamples) this.#enforceMaxSamples();
  }

  #find(labels: Labels): Series | undefined {
    const entries = labels.pairs.map((pair) => this.#labels.entryOf(pair));
    return this.#buckets.get(labels.metricName)?.byKey.get(this.#labels.keyOf(entries));
  }

  #repeated(series: Series, tMs: number, value: number): AppendOutcome {
    const last = series.end - 1;
    const same = tMs === series.lastMs && !series.isStale(last) && Object.is(series.values[last], value);
    return same ? 'duplicate' : 'out-of-order';
  }

  #refuse(): AppendOutcome {
    this.#refusedSamples += 1;
    return 'refused';
  }

  #appended(series: Series, tMs: number): void {
    this.onAppended?.(series);
    const dropped = series.dropUntil(tMs - this.limits.retentionMs);
    this.#samples += 1 - dropped;
    this.#droppedSamples += dropped;
    if (this.#samples > this.limits.maxSamples) this.#enforceMaxSamples();
  }

  /** Drops the oldest tenth by time, found by halving the time range; series share one horizon, so none starves. */
  #enforceMaxSamples(): void {
    const all = this.allSeries().filter((series) => series.length > 0);
    let low = all.reduce((first, series) => Math.min(first, series.times[series.start]!), Infinity);
    let high = all.reduce((latest, series) => Math.max(latest, series.lastMs), -Infinity);
    const target = this.limits.maxSamples * 0.9;
    for (let round = 0; round < 40 && high - low > 1; round += 1) {
      const middle = (low + high) / 2;
      const left = all.reduce((sum, series) => sum + series.end - series.indexAfter(middle), 0);
      if (left > target) low = middle;
      else high = middle;
    }
    this.#dropUntil(high);
  }

  #dropUntil(tMs: number): void {
    for (const [name, bucket] of this.#buckets) {
      for (const [key, series] of bucket.byKey) {
        const dropped = series.dropUntil(tMs);
        this.#samples -= dropped;
        this.#droppedSamples += dropped;
        if (series.length === 0) this.#remove(bucket, key, series);
      }
      if (bucket.byKey.size === 0) this.#buckets.delete(name);
    }
  }

  /** Drops the twentieth part of the series with the oldest last sample, unless those are as fresh as `tMs`. */
  #evictSeries(tMs: number): boolean {
    const count = Math.max(1, Math.ceil(this.limits.maxSeries / 20));
    const victims = new Set(
      this.allSeries()
        .filter((series) => series.lastMs < tMs)
        .sort((a, b) => a.lastMs - b.lastMs)
        .slice(0, count),
    );
    if (victims.size === 0) return false;
    for (const [name, bucket] of this.#buckets) {
      for (const [key, series] of bucket.byKey) {
        if (!victims.has(series)) continue;
        this.#samples -= series.length;
        this.#droppedSamples += series.length;
        this.#remove(bucket, key, series);
      }
      if (bucket.byKey.size === 0) this.#buckets.delete(name);
    }
    if (this.#labels.size > this.#labelsMax) this.#sweepLabels();
    return true;
  }

  #remove(bucket: Bucket, key: string, series: Series): void {
    series.release();
    bucket.byKey.delete(key);
    changed(bucket);
    this.#series -= 1;
    this.#droppedSeries += 1;
  }
}

/** By insertion: label sets are small and nearly sorted. */
function sortByName(entries: LabelEntry[]): void {
  for (let i = 1; i < entries.length; i += 1) {
    const entry = entries[i]!;
    const name = entry.pair[0];
    let at = i;
    for (; at > 0 && entries[at - 1]!.pair[0] > name; at -= 1) entries[at] = entries[at - 1]!;
    entries[at] = entry;
  }
}

function metricNameOf(pairs: readonly LabelPair[]): string {
  for (const [name, value] of pairs) if (name === METRIC_NAME) return value;
  return '';
}

function sortedSeries(bucket: Bucket): readonly Series[] {
  bucket.sorted ??= [...bucket.byKey.values()].sort((a, b) => compareLabels(a.labels, b.labels));
  return bucket.sorted;
}

function changed(bucket: Bucket): void {
  bucket.sorted = undefined;
  bucket.byLabel = undefined;
}

/** The series that the first matcher for one value leaves; all of them when there is no such matcher. */
function candidates(bucket: Bucket, matchers: readonly Matcher[]): readonly Series[] {
  const exact = matchers.find(({ operator, value }) => operator === '=' && value !== '');
  if (exact === undefined) return sortedSeries(bucket);
  bucket.byLabel ??= new Map();
  let index = bucket.byLabel.get(exact.name);
  if (index === undefined) {
    index = Map.groupBy(sortedSeries(bucket), ({ labels }) => labels.get(exact.name));
    bucket.byLabel.set(exact.name, index);
  }
  return index.get(exact.value) ?? [];
}

function filterSeries(series: readonly Series[], matchers: readonly Matcher[]): readonly Series[] {
  if (matchers.length === 0) return series;
  return series.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))));
}
