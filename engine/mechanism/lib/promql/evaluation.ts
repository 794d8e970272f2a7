/** Shared state of one query while it is evaluated, and the dispatch over the tree. */
import { evaluateAggregate } from './aggregate.ts';
import { Annotations } from './annotations.ts';
import {
  type AtModifier,
  type Expr,
  type MatrixSelector,
  type Subquery,
  unwrapParens,
  type VectorSelector,
} from './ast.ts';
import { evaluateBinary, evaluateScalarBinary } from './binary.ts';
import { PromqlError } from './errors.ts';
import { evaluateCall, evaluateScalarCall } from './functions.ts';
import { compareLabels, type Labels } from './labels.ts';
import type { Window } from './rate.ts';
import type { Series } from './series.ts';
import type { Queryable } from './series-store.ts';
import { assertUniqueLabels } from './unique-labels.ts';

export interface EvaluationOptions {
  /** How old the newest sample of an instant selector may be; 5 min. */
  readonly lookbackMs: number;
  /** Step of subqueries that name none; 1 min. */
  readonly subqueryStepMs: number;
  /** Samples a query may hold at once. */
  readonly maxSamples: number;
  /** Samples a query may read in all: the time budget, without a clock. */
  readonly maxReads: number;
  /** Points per series of a range query. */
  readonly maxPoints: number;
  /** Prometheus's feature flag `promql-delayed-name-removal`; off by default, as there. */
  readonly delayedNameRemoval: boolean;
  readonly experimentalFunctions: boolean;
}

export const DEFAULT_EVALUATION_OPTIONS: EvaluationOptions = {
  lookbackMs: 300_000,
  subqueryStepMs: 60_000,
  maxSamples: 10_000_000,
  maxReads: 1_000_000_000,
  maxPoints: 11_000,
  delayedNameRemoval: false,
  experimentalFunctions: false,
};

/** One element of a vector while the query runs. */
export interface Sample {
  readonly labels: Labels;
  /** The metric name goes when the query ends (delayed name removal). */
  readonly dropName: boolean;
  readonly value: number;
  /** Time of the sample itself, for `timestamp()`; only selectors set it. */
  readonly tMs?: number;
}

/** One series of a range vector. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly window: Window;
}

/** The times of the outermost query, which `@ start()` and `@ end()` mean. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for instant queries. */
  readonly stepMs: number;
}

export class Evaluation {
  readonly options: EvaluationOptions;
  readonly annotations: Annotations;
  readonly times: QueryTimes;
  /** Results that do not change from step to step, by node: groups, matching keys. */
  readonly memo = new Map<Expr, unknown>();
  readonly #store: Queryable;
  readonly #selected = new Map<VectorSelector, readonly Series[]>();
  readonly #subqueries = new Map<Subquery, Map<number, readonly Sample[]>>();
  #held = 0;
  #kept = 0;
  #reads = 0;

  constructor(store: Queryable, text: string | undefined, times: QueryTimes, options: EvaluationOptions) {
    this.#store = store;
    this.times = times;
    this.options = options;
    this.annotations = new Annotations(text);
  }

  vector(expr: Expr, tMs: number): readonly Sample[] {
    switch (expr.kind) {
      case 'selector':
        return this.#instant(expr, tMs);
      case 'paren':
        return this.vector(expr.expr, tMs);
      case 'unary':
        return expr.operator === '+'
          ? this.vector(expr.expr, tMs)
          : this.mapValues(this.vector(expr.expr, tMs), (value) => -value);
      case 'binary':
        return evaluateBinary(this, expr, tMs);
      case 'aggregate':
        return evaluateAggregate(this, expr, tMs);
      case 'call':
        return evaluateCall(this, expr, tMs);
      default:
        throw new TypeError(`${expr.kind} is no instant vector`);
    }
  }

  scalar(expr: Expr, tMs: number): number {
    switch (expr.kind) {
      case 'number':
        return expr.value;
      case 'paren':
        return this.scalar(expr.expr, tMs);
      case 'unary':
        return expr.operator === '-' ? -this.scalar(expr.expr, tMs) : this.scalar(expr.expr, tMs);
      case 'binary':
        return evaluateScalarBinary(this, expr, tMs);
      case 'call':
        return evaluateScalarCall(this, expr, tMs);
      default:
        throw new TypeError(`${expr.kind} is no scalar`);
    }
  }

  /** The range vector of a matrix selector or subquery; series without samples in the window are left out. */
  ranges(expr: Expr, tMs: number): readonly RangeSeries[] {
    const inner = unwrapParens(expr);
    if (inner.kind === 'matrix') return this.#matrix(inner, tMs);
    if (inner.kind === 'subquery') return this.#subquery(inner, tMs);
    throw new TypeError(`${inner.kind} is no range vector`);
  }

  string(expr: Expr): string {
    const inner = unwrapParens(expr);
    if (inner.kind !== 'string') throw new TypeError(`${inner.kind} is no string`);
    return inner.value;
  }

  /** New values for the same elements, without their metric name. */
  mapValues(samples: readonly Sample[], compute: (value: number) => number): readonly Sample[] {
    return this.unique(
      samples.map(({ labels, value }) => ({ labels: this.dropName(labels), dropName: true, value: compute(value) })),
    );
  }

  /** The labels of a result that loses its metric name: now, or when the query ends. */
  dropName(labels: Labels): Labels {
    return this.options.delayedNameRemoval ? labels : labels.withoutName();
  }

  /** Checks what name removal may have made equal; with delayed removal that is checked at the end. */
  unique(samples: readonly Sample[]): readonly Sample[] {
    if (!this.options.delayedNameRemoval) assertUniqueLabels(samples);
    return samples;
  }

  /** Counts samples in memory for this step. @throws PromqlError when the query holds or reads too many. */
  hold(count: number): void {
    this.#held += count;
    this.#reads += count;
    if (this.#held + this.#kept > this.options.maxSamples) {
      throw new PromqlError(
        'execution',
        `query processing would load too many samples into memory in query execution (limit ${this.options.maxSamples})`,
      );
    }
    if (this.#reads > this.options.maxReads) {
      throw new PromqlError(
        'timeout',
        `query timed out: it read more than ${this.options.maxReads} samples; shorten ranges or narrow selectors`,
      );
    }
  }

  /** Ends a step that leaves `count` samples in the result. */
  endStep(count: number): void {
    this.#held = 0;
    this.#kept += count;
  }

  /** The series of a selector, looked up once per query. */
  seriesOf(selector: VectorSelector): readonly Series[] {
    let series = this.#selected.get(selector);
    if (series === undefined) {
      series = this.#store.select(selector.matchers);
      this.#selected.set(selector, series);
    }
    return series;
  }

  #instant(selector: VectorSelector, tMs: number): readonly Sample[] {
    const atMs = this.#baseMs(selector, tMs) - selector.offsetMs;
    const oldestMs = atMs - this.options.lookbackMs;
    const samples: Sample[] = [];
    const all = this.seriesOf(selector);
    this.hold(all.length);
    for (const series of all) {
      const index = series.indexAfter(atMs) - 1;
      if (index < series.start || series.times[index]! <= oldestMs || series.isStale(index)) continue;
      samples.push({ labels: series.labels, dropName: false, value: series.values[index]!, tMs: series.times[index]! });
    }
    return samples;
  }

  #matrix({ selector, rangeMs }: MatrixSelector, tMs: number): readonly RangeSeries[] {
    const endMs = this.#baseMs(selector, tMs) - selector.offsetMs;
    const startMs = endMs - rangeMs;
    const result: RangeSeries[] = [];
    for (const series of this.seriesOf(selector)) {
      const window = windowOf(series, startMs, endMs);
      this.hold(1 + window.to - window.from);
      if (window.to > window.from) result.push({ labels: series.labels, dropName: false, window });
    }
    return result;
  }

  #subquery(subquery: Subquery, tMs: number): readonly RangeSeries[] {
    const endMs = this.#baseMs(subquery, tMs) - subquery.offsetMs;
    const startMs = endMs - subquery.rangeMs;
    const stepMs = subquery.stepMs ?? this.options.subqueryStepMs;
    const collected = new Map<string, { labels: Labels; dropName: boolean; times: number[]; values: number[] }>();
    for (let at = (Math.floor(startMs / stepMs) + 1) * stepMs; at <= endMs; at += stepMs) {
      const samples = this.#subqueryStep(subquery, at, startMs);
      this.hold(samples.length + 1);
      for (const { labels, dropName, value } of samples) {
        const key = dropName ? `${labels.key}\u0002` : labels.key;
        let series = collected.get(key);
        if (series === undefined) {
          series = { labels, dropName, times: [], values: [] };
          collected.set(key, series);
        }
        series.times.push(at);
        series.values.push(value);
      }
    }
    const all = [...collected.values()].sort((a, b) => compareLabels(a.labels, b.labels));
    return all.map(({ labels, dropName, times, values }) => ({
      labels,
      dropName,
      window: { times, values, from: 0, to: times.length, startMs, endMs },
    }));
  }

  /** Windows of neighbouring steps overlap: a range query keeps the inner results while they can be needed. */
  #subqueryStep(subquery: Subquery, at: number, startMs: number): readonly Sample[] {
    if (this.times.stepMs === 0) return this.vector(subquery.expr, at);
    let known = this.#subqueries.get(subquery);
    if (known === undefined) {
      known = new Map();
      this.#subqueries.set(subquery, known);
    }
    for (const old of known.keys()) {
      if (old > startMs) break;
      known.delete(old);
    }
    let samples = known.get(at);
    if (samples === undefined) {
      samples = this.vector(subquery.expr, at);
      known.set(at, samples);
    }
    return samples;
  }

  #baseMs({ at }: { readonly at?: AtModifier }, tMs: number): number {
    if (at === undefined) return tMs;
    if (at.kind === 'timestamp') return at.tMs;
    return at.kind === 'start' ? this.times.startMs : this.times.endMs;
  }
}

function windowOf(series: Series, startMs: number, endMs: number): Window {
  const from = series.indexAfter(startMs);
  const to = series.indexAfter(endMs);
  const whole = { times: series.times, values: series.values, from, to, startMs, endMs };
  if (series.staleCount === 0) return whole;
  const times: number[] = [];
  const values: number[] = [];
  for (let i = from; i < to; i += 1) {
    if (series.isStale(i)) continue;
    times.push(series.times[i]!);
    values.push(series.values[i]!);
  }
  return { times, values, from: 0, to: times.length, startMs, endMs };
}
