/** Functions of a range vector (spec promql §5, §9). */
import type { Call } from './ast.ts';
import { PromqlError } from './errors.ts';
import type { Evaluation, RangeSeries, Sample } from './evaluation.ts';
import { computeMean, computeQuantile, computeSum, computeVariance } from './numeric.ts';
import {
  computeExtrapolated,
  computeInstantChange,
  computeRegression,
  computeSmoothed,
  countChanges,
  countResets,
  type Window,
} from './rate.ts';

interface RangeFunction {
  /** The value for one series; undefined leaves the series out. `scalars` are the scalar arguments, in order. */
  compute(window: Window, scalars: readonly number[], tMs: number): number | undefined;
  /** last_over_time and first_over_time keep the metric name. */
  readonly keepsName?: boolean;
  /** Warns when the metric's name does not look like a counter's. */
  readonly counter?: boolean;
}

const plain = (compute: RangeFunction['compute']): RangeFunction => ({ compute });

const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: { compute: (window) => computeExtrapolated(window, { counter: true, perSecond: true }), counter: true },
  increase: { compute: (window) => computeExtrapolated(window, { counter: true, perSecond: false }), counter: true },
  delta: plain((window) => computeExtrapolated(window, { counter: false, perSecond: false })),
  irate: { compute: (window) => computeInstantChange(window, true), counter: true },
  idelta: plain((window) => computeInstantChange(window, false)),
  deriv: plain((window) =>
    window.to - window.from < 2 ? undefined : computeRegression(window, window.times[window.from]!).slope,
  ),
  predict_linear: plain((window, [seconds = 0], tMs) => {
    if (window.to - window.from < 2) return undefined;
    const { slope, intercept } = computeRegression(window, tMs);
    return slope * seconds + intercept;
  }),
  changes: plain(countChanges),
  resets: plain(countResets),
  avg_over_time: plain(computeMean),
  sum_over_time: plain(computeSum),
  count_over_time: plain(({ from, to }) => to - from),
  present_over_time: plain(() => 1),
  min_over_time: plain((window) => window.values[indexOfExtreme(window, (value, best) => value < best)]!),
  max_over_time: plain((window) => window.values[indexOfExtreme(window, (value, best) => value > best)]!),
  stddev_over_time: plain((window) => Math.sqrt(computeVariance(window))),
  stdvar_over_time: plain(computeVariance),
  quantile_over_time: plain((window, [phi = 0]) => computeQuantile(phi, window)),
  mad_over_time: plain(computeMedianDeviation),
  last_over_time: { compute: ({ values, to }) => values[to - 1], keepsName: true },
  first_over_time: { compute: ({ values, from }) => values[from], keepsName: true },
  ts_of_first_over_time: plain(({ times, from }) => times[from]! / 1000),
  ts_of_last_over_time: plain(({ times, to }) => times[to - 1]! / 1000),
  ts_of_min_over_time: plain((window) => window.times[indexOfExtreme(window, (value, best) => value <= best)]! / 1000),
  ts_of_max_over_time: plain((window) => window.times[indexOfExtreme(window, (value, best) => value >= best)]! / 1000),
  double_exponential_smoothing: plain((window, [sf = 0, tf = 0]) => computeSmoothed(window, sf, tf)),
};

export function isOverTime(name: string): boolean {
  return name in RANGE_FUNCTIONS;
}

export function evaluateOverTime(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const fn = RANGE_FUNCTIONS[call.name]!;
  const rangeAt = call.name === 'quantile_over_time' ? 1 : 0;
  const scalars = call.args.filter((_, i) => i !== rangeAt).map((arg) => evaluation.scalar(arg, tMs));
  const ranges = evaluation.ranges(call.args[rangeAt]!, tMs);
  checkScalars(evaluation, call, scalars, ranges);
  const samples: Sample[] = [];
  for (const range of ranges) {
    const value = fn.compute(range.window, scalars, tMs);
    if (value === undefined) continue;
    if (fn.counter === true) noteNonCounter(evaluation, call, range);
    if (fn.keepsName === true) samples.push({ labels: range.labels, dropName: range.dropName, value });
    else samples.push({ labels: evaluation.dropName(range.labels), dropName: true, value });
  }
  return evaluation.unique(samples);
}

function checkScalars(
  evaluation: Evaluation,
  call: Call,
  scalars: readonly number[],
  ranges: readonly RangeSeries[],
): void {
  if (call.name === 'quantile_over_time' && ranges.length > 0)
    evaluation.annotations.checkQuantile(scalars[0]!, call.args[0]!.span);
  if (call.name !== 'double_exponential_smoothing') return;
  const [sf = 0, tf = 0] = scalars;
  if (sf <= 0 || sf >= 1)
    throw new PromqlError('execution', `invalid smoothing factor. Expected: 0 < sf < 1, got: ${sf}`);
  if (tf <= 0 || tf >= 1) throw new PromqlError('execution', `invalid trend factor. Expected: 0 < tf < 1, got: ${tf}`);
}

function noteNonCounter(evaluation: Evaluation, call: Call, range: RangeSeries): void {
  const name = range.labels.metricName;
  if (name === '' || /_(?:total|sum|count|bucket)$/.test(name)) return;
  evaluation.annotations.inform(
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(name)}`,
    call.args[0]!.span,
  );
}

/** NaN is replaced by any number. */
function indexOfExtreme({ values, from, to }: Window, better: (value: number, best: number) => boolean): number {
  let best = from;
  for (let i = from + 1; i < to; i += 1) if (better(values[i]!, values[best]!) || Number.isNaN(values[best]!)) best = i;
  return best;
}

/** Median absolute deviation; NaN when any sample is NaN. */
function computeMedianDeviation(window: Window): number {
  const median = computeQuantile(0.5, window);
  const deviations: number[] = [];
  for (let i = window.from; i < window.to; i += 1) deviations.push(Math.abs(window.values[i]! - median));
  if (deviations.some(Number.isNaN)) return Number.NaN;
  return computeQuantile(0.5, { values: deviations, from: 0, to: deviations.length });
}
