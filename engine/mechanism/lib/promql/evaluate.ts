/** Instant and range queries over a store. */
import type { Expr } from './ast.ts';
import { typeOf } from './check.ts';
import { PromqlError } from './errors.ts';
import {
  DEFAULT_EVALUATION_OPTIONS,
  Evaluation,
  type EvaluationOptions,
  type QueryTimes,
  type Sample,
} from './evaluation.ts';
import { compareLabels, Labels } from './labels.ts';
import { parseQuery, sourceOf } from './parse.ts';
import type { MatrixSeries, QueryResult, QueryValue, VectorElement } from './result.ts';
import type { Queryable } from './series-store.ts';
import { assertUniqueLabels } from './unique-labels.ts';

/** Options of one evaluation; see `EvaluationOptions` for meaning and defaults. */
export type QueryOptions = Partial<EvaluationOptions>;

/**
 * Evaluates a query at one time.
 *
 * A vector keeps the order of its evaluation (series sorted by labels; `sort` and `topk` by value).
 *
 * @param query - text, or what `parseQuery` returned.
 * @param tMs - evaluation time, milliseconds since the epoch.
 * @throws PromqlError for a bad query, for data that does not fit it, and when a limit is exceeded.
 */
export function evaluateInstant(
  query: string | Expr,
  store: Queryable,
  tMs: number,
  options: QueryOptions = {},
): QueryResult {
  const { expr, evaluation } = prepare(query, store, { startMs: tMs, endMs: tMs, stepMs: 0 }, options);
  return annotated(evaluation, instantValue(evaluation, expr, tMs));
}

/**
 * Evaluates a query at `startMs`, `startMs + stepMs`, … up to `endMs`; the result is a matrix sorted by labels.
 *
 * @throws PromqlError as `evaluateInstant`, and for a step that is not positive, an end before the start, too many
 *   points, or a query whose type is neither scalar nor instant vector.
 */
export function evaluateRange(
  query: string | Expr,
  store: Queryable,
  times: QueryTimes,
  options: QueryOptions = {},
): QueryResult {
  const { expr, evaluation } = prepare(query, store, times, options);
  assertTimes(times, evaluation.options.maxPoints);
  const type = typeOf(expr);
  if (type !== 'scalar' && type !== 'vector') {
    throw new PromqlError(
      'bad_data',
      `invalid expression type "${type === 'matrix' ? 'range vector' : type}" for range query, must be Scalar or instant Vector`,
    );
  }
  const collected = new Map<string, Collected>();
  for (let tMs = times.startMs; tMs <= times.endMs; tMs += times.stepMs) {
    const samples =
      type === 'scalar'
        ? [{ labels: Labels.EMPTY, dropName: false, value: evaluation.scalar(expr, tMs) }]
        : evaluation.vector(expr, tMs);
    for (const sample of samples) collect(collected, sample, tMs);
    evaluation.endStep(samples.length);
  }
  return annotated(evaluation, { type: 'matrix', series: mergeCollected([...collected.values()]) });
}

interface Collected {
  labels: Labels;
  readonly timesMs: number[];
  readonly values: number[];
}

function prepare(
  query: string | Expr,
  store: Queryable,
  times: QueryTimes,
  overrides: QueryOptions,
): { expr: Expr; evaluation: Evaluation } {
  const options = { ...DEFAULT_EVALUATION_OPTIONS, ...overrides };
  const expr = typeof query === 'string' ? parseQuery(query, options) : query;
  return { expr, evaluation: new Evaluation(store, sourceOf(expr), times, options) };
}

function annotated(evaluation: Evaluation, value: QueryValue): QueryResult {
  return { ...value, warnings: evaluation.annotations.warnings, infos: evaluation.annotations.infos };
}

function instantValue(evaluation: Evaluation, expr: Expr, tMs: number): QueryValue {
  switch (typeOf(expr)) {
    case 'scalar':
      return { type: 'scalar', tMs, value: evaluation.scalar(expr, tMs) };
    case 'string':
      return { type: 'string', tMs, value: evaluation.string(expr) };
    case 'vector':
      return { type: 'vector', tMs, elements: finishVector(evaluation.vector(expr, tMs)) };
    case 'matrix':
      return { type: 'matrix', series: finishRanges(evaluation, expr, tMs) };
  }
}

/** Removes the names marked for removal. */
function finishVector(samples: readonly Sample[]): VectorElement[] {
  const elements = samples.map(({ labels, dropName, value }) => ({
    labels: dropName ? labels.withoutName() : labels,
    value,
  }));
  assertUniqueLabels(elements);
  return elements;
}

function finishRanges(evaluation: Evaluation, expr: Expr, tMs: number): MatrixSeries[] {
  const series = evaluation.ranges(expr, tMs).map(({ labels, dropName, window: { times, values, from, to } }) => ({
    labels: dropName ? labels.withoutName() : labels,
    timesMs: Array.from({ length: to - from }, (_, i) => times[from + i]!),
    values: Array.from({ length: to - from }, (_, i) => values[from + i]!),
  }));
  return mergeCollected(series);
}

function assertTimes({ startMs, endMs, stepMs }: QueryTimes, maxPoints: number): void {
  if (!(stepMs > 0))
    throw new PromqlError(
      'bad_data',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if (endMs < startMs) throw new PromqlError('bad_data', 'end timestamp must not be before start time');
  if ((endMs - startMs) / stepMs > maxPoints) {
    throw new PromqlError(
      'bad_data',
      `exceeded maximum resolution of ${maxPoints} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  }
}

function collect(collected: Map<string, Collected>, sample: Sample, tMs: number): void {
  const { labels } = sample;
  const key = sample.dropName ? `${labels.key}\u0002` : labels.key;
  let series = collected.get(key);
  if (series === undefined) {
    series = { labels: sample.dropName ? labels.withoutName() : labels, timesMs: [], values: [] };
    collected.set(key, series);
  } else if (series.timesMs.at(-1) === tMs)
    throw new PromqlError('execution', 'vector cannot contain metrics with the same labelset');
  series.timesMs.push(tMs);
  series.values.push(sample.value);
}

/** Joins series that became equal by name removal, which must not overlap in time; sorts by labels. */
function mergeCollected(all: readonly Collected[]): MatrixSeries[] {
  const byKey = new Map<string, Collected[]>();
  for (const series of all) {
    const same = byKey.get(series.labels.key);
    if (same === undefined) byKey.set(series.labels.key, [series]);
    else same.push(series);
  }
  return [...byKey.values()].map(mergeEqual).sort((a, b) => compareLabels(a.labels, b.labels));
}

function mergeEqual(same: readonly Collected[]): MatrixSeries {
  if (same.length === 1) return same[0]!;
  const points = same
    .flatMap(({ timesMs, values }) => timesMs.map((tMs, i) => [tMs, values[i]!] as const))
    .sort((a, b) => a[0] - b[0]);
  if (points.some(([tMs], i) => i > 0 && points[i - 1]![0] === tMs))
    throw new PromqlError('execution', 'vector cannot contain metrics with the same labelset');
  return { labels: same[0]!.labels, timesMs: points.map(([tMs]) => tMs), values: points.map(([, value]) => value) };
}
