/** Dispatch of function calls (spec promql §9). The computations live in the files named by kind. */
import { compareAscending, compareDescending } from './aggregate.ts';
import { type Call, type Expr, unwrapParens } from './ast.ts';
import { PromqlError } from './errors.ts';
import type { Evaluation, Sample } from './evaluation.ts';
import { evaluateHistogramFraction, evaluateHistogramQuantile, evaluateHistogramQuantiles } from './histogram-call.ts';
import { evaluateLabelJoin, evaluateLabelReplace, evaluateSortByLabel } from './label-functions.ts';
import { Labels, METRIC_NAME } from './labels.ts';
import { MATH_FUNCTIONS, roundTo } from './math-functions.ts';
import { evaluateOverTime, isOverTime } from './over-time.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';

type VectorFunction = (evaluation: Evaluation, call: Call, tMs: number) => readonly Sample[];

const SPECIAL: Readonly<Record<string, VectorFunction>> = {
  absent: (evaluation, call, tMs) =>
    evaluation.vector(call.args[0]!, tMs).length > 0 ? [] : [absentSample(call.args[0]!)],
  absent_over_time: (evaluation, call, tMs) =>
    evaluation.ranges(call.args[0]!, tMs).length > 0 ? [] : [absentSample(call.args[0]!)],
  clamp: (evaluation, call, tMs) => clamp(evaluation, call, tMs, call.args[1]!, call.args[2]!),
  clamp_min: (evaluation, call, tMs) => clamp(evaluation, call, tMs, call.args[1]!, undefined),
  clamp_max: (evaluation, call, tMs) => clamp(evaluation, call, tMs, undefined, call.args[1]!),
  histogram_fraction: evaluateHistogramFraction,
  histogram_quantile: evaluateHistogramQuantile,
  histogram_quantiles: evaluateHistogramQuantiles,
  label_join: evaluateLabelJoin,
  label_replace: evaluateLabelReplace,
  round: (evaluation, call, tMs) => {
    const nearest = call.args[1] === undefined ? 1 : evaluation.scalar(call.args[1], tMs);
    return evaluation.mapValues(evaluation.vector(call.args[0]!, tMs), (value) => roundTo(value, nearest));
  },
  sort: (evaluation, call, tMs) => sort(evaluation, call, tMs, compareAscending),
  sort_desc: (evaluation, call, tMs) => sort(evaluation, call, tMs, compareDescending),
  sort_by_label: evaluateSortByLabel,
  sort_by_label_desc: evaluateSortByLabel,
  timestamp: evaluateTimestamp,
  vector: (evaluation, call, tMs) => [
    { labels: Labels.EMPTY, dropName: false, value: evaluation.scalar(call.args[0]!, tMs) },
  ],
};

export function evaluateCall(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const special = SPECIAL[call.name];
  if (special !== undefined) return special(evaluation, call, tMs);
  if (isOverTime(call.name)) return evaluateOverTime(evaluation, call, tMs);
  const math = MATH_FUNCTIONS[call.name];
  if (math !== undefined) return evaluation.mapValues(evaluation.vector(call.args[0]!, tMs), math);
  const time = TIME_FUNCTIONS[call.name];
  if (time === undefined) throw new PromqlError('execution', `function "${call.name}" is not supported`);
  if (call.args.length === 0) return [{ labels: Labels.EMPTY, dropName: false, value: time(tMs / 1000) }];
  return evaluation.mapValues(evaluation.vector(call.args[0]!, tMs), time);
}

export function evaluateScalarCall(evaluation: Evaluation, call: Call, tMs: number): number {
  const scalar = SCALAR[call.name];
  if (scalar === undefined) throw new PromqlError('execution', `function "${call.name}" is not supported`);
  return scalar(evaluation, call, tMs);
}

type ScalarFunction = (evaluation: Evaluation, call: Call, tMs: number) => number;

const SCALAR: Readonly<Record<string, ScalarFunction>> = {
  time: (_, __, tMs) => tMs / 1000,
  pi: () => Math.PI,
  scalar: (evaluation, call, tMs) => {
    const samples = evaluation.vector(call.args[0]!, tMs);
    return samples.length === 1 ? samples[0]!.value : Number.NaN;
  },
  start: ({ times }) => times.startMs / 1000,
  end: ({ times }) => times.endMs / 1000,
  step: ({ times }) => times.stepMs / 1000,
  range: ({ times }) => (times.endMs - times.startMs) / 1000,
  min_of: (evaluation, call, tMs) => Math.min(...call.args.map((arg) => evaluation.scalar(arg, tMs))),
  max_of: (evaluation, call, tMs) => Math.max(...call.args.map((arg) => evaluation.scalar(arg, tMs))),
};

/** The one element of an absent series: value 1, labels from equality matchers; a label matched twice is left out. */
function absentSample(expr: Expr): Sample {
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  const labels = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, operator, value } of selector.kind === 'selector' ? selector.matchers : []) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !seen.has(name)) {
      labels.set(name, value);
      seen.add(name);
    } else labels.delete(name);
  }
  return { labels: Labels.fromPairs(labels), dropName: false, value: 1 };
}

function clamp(
  evaluation: Evaluation,
  call: Call,
  tMs: number,
  minExpr: Expr | undefined,
  maxExpr: Expr | undefined,
): readonly Sample[] {
  const vector = evaluation.vector(call.args[0]!, tMs);
  const min = minExpr === undefined ? -Infinity : evaluation.scalar(minExpr, tMs);
  const max = maxExpr === undefined ? Infinity : evaluation.scalar(maxExpr, tMs);
  return max < min ? [] : evaluation.mapValues(vector, (value) => Math.max(min, Math.min(max, value)));
}

function sort(
  evaluation: Evaluation,
  call: Call,
  tMs: number,
  order: (a: Sample, b: Sample) => number,
): readonly Sample[] {
  if (evaluation.times.stepMs > 0) {
    evaluation.annotations.warn(
      'sort is ineffective for range queries since results are always ordered by labels',
      call.span,
    );
  }
  return [...evaluation.vector(call.args[0]!, tMs)].sort(order);
}

/** Of a plain selector the time of each sample, of anything else the evaluation time. */
function evaluateTimestamp(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const isSelector = unwrapParens(call.args[0]!).kind === 'selector';
  const samples = evaluation.vector(call.args[0]!, tMs);
  return evaluation.unique(
    samples.map(({ labels, tMs: sampleMs }) => ({
      labels: evaluation.dropName(labels),
      dropName: true,
      value: (isSelector ? (sampleMs ?? tMs) : tMs) / 1000,
    })),
  );
}
