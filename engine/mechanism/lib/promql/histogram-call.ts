/** Functions of classic histograms over the elements of a vector (spec promql §6). */
import { forMetric } from './annotations.ts';
import type { Call, Expr } from './ast.ts';
import type { Evaluation, Sample } from './evaluation.ts';
import { type Bucket, computeBucketFraction, computeBucketQuantile, parseBound } from './histogram.ts';
import type { Labels } from './labels.ts';
import { formatFloat } from './numeric.ts';

const DOCUMENTATION = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';

interface Histogram {
  readonly labels: Labels;
  readonly buckets: Bucket[];
}

/** `histogram_quantile(q, buckets)`. */
export function evaluateHistogramQuantile(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const q = evaluation.scalar(call.args[0]!, tMs);
  evaluation.annotations.checkQuantile(q, call.args[0]!.span);
  const samples = [...groupBuckets(evaluation, call.args[1]!, tMs)].map((histogram) => ({
    labels: evaluation.dropName(histogram.labels),
    dropName: true,
    value: quantileOf(evaluation, q, histogram, call.args[1]!),
  }));
  return evaluation.unique(samples);
}

/** `histogram_quantiles(buckets, label, q…)`: one element per histogram and q, told apart by the label. */
export function evaluateHistogramQuantiles(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const [vector, label, ...quantiles] = call.args;
  const name = evaluation.string(label!);
  const histograms = [...groupBuckets(evaluation, vector!, tMs)];
  const samples = quantiles.flatMap((arg) => {
    const q = evaluation.scalar(arg, tMs);
    evaluation.annotations.checkQuantile(q, arg.span);
    return histograms.map((histogram) => ({
      labels: evaluation.dropName(histogram.labels).with(name, formatOpenMetrics(q)),
      dropName: true,
      value: quantileOf(evaluation, q, histogram, vector!),
    }));
  });
  return evaluation.unique(samples);
}

/** `histogram_fraction(lower, upper, buckets)`. */
export function evaluateHistogramFraction(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const [lower, upper] = [evaluation.scalar(call.args[0]!, tMs), evaluation.scalar(call.args[1]!, tMs)];
  const samples = [...groupBuckets(evaluation, call.args[2]!, tMs)].map(({ labels, buckets }) => ({
    labels: evaluation.dropName(labels),
    dropName: true,
    value: computeBucketFraction(lower, upper, buckets),
  }));
  return evaluation.unique(samples);
}

function quantileOf(evaluation: Evaluation, q: number, { labels, buckets }: Histogram, arg: Expr): number {
  const { value, forced } = computeBucketQuantile(q, buckets);
  if (forced !== undefined) {
    const name = evaluation.options.delayedNameRemoval ? labels.metricName : '';
    evaluation.annotations.inform(
      `input to histogram_quantile needed to be fixed for monotonicity (see ${DOCUMENTATION})${forMetric(name)}, from buckets ${formatFloat(forced.fromBound)} to ${formatFloat(forced.toBound)}, with a max diff of ${forced.maxDifference}`,
      arg.span,
    );
  }
  return value;
}

/** As OpenMetrics writes bounds: whole numbers keep a `.0`. */
function formatOpenMetrics(value: number): string {
  const text = formatFloat(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function groupBuckets(evaluation: Evaluation, arg: Expr, tMs: number): Iterable<Histogram> {
  const histograms = new Map<string, Histogram>();
  for (const { labels, value } of evaluation.vector(arg, tMs)) {
    const le = labels.get('le');
    const upperBound = parseBound(le);
    if (upperBound === undefined) {
      evaluation.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${JSON.stringify(le)}${forMetric(labels.metricName)}`,
        arg.span,
      );
      continue;
    }
    const rest = labels.without(['le']);
    const histogram = histograms.get(rest.key);
    if (histogram === undefined) histograms.set(rest.key, { labels: rest, buckets: [{ upperBound, count: value }] });
    else histogram.buckets.push({ upperBound, count: value });
  }
  return histograms.values();
}
