/** `histogram_quantile` over the elements of a vector (spec promql §6). */
import { forMetric } from './annotations.ts';
import type { Call } from './ast.ts';
import type { Evaluation, Sample } from './evaluation.ts';
import { type Bucket, computeBucketQuantile, parseBound } from './histogram.ts';
import type { Labels } from './labels.ts';
import { formatFloat } from './numeric.ts';

const DOCUMENTATION = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';

interface Histogram {
  readonly labels: Labels;
  readonly buckets: Bucket[];
}

export function computeHistogramQuantiles(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const q = evaluation.scalar(call.args[0]!, tMs);
  evaluation.annotations.checkQuantile(q, call.args[0]!.span);
  const samples: Sample[] = [];
  for (const { labels, buckets } of groupBuckets(evaluation, call, tMs)) {
    const { value, forced } = computeBucketQuantile(q, buckets);
    if (forced !== undefined) {
      const name = evaluation.options.delayedNameRemoval ? labels.metricName : '';
      evaluation.annotations.inform(
        `input to histogram_quantile needed to be fixed for monotonicity (see ${DOCUMENTATION})${forMetric(name)}, from buckets ${formatFloat(forced.fromBound)} to ${formatFloat(forced.toBound)}, with a max diff of ${forced.maxDifference}`,
        call.args[1]!.span,
      );
    }
    samples.push({ labels: evaluation.dropName(labels), dropName: true, value });
  }
  return evaluation.unique(samples);
}

function groupBuckets(evaluation: Evaluation, call: Call, tMs: number): Iterable<Histogram> {
  const histograms = new Map<string, Histogram>();
  for (const { labels, value } of evaluation.vector(call.args[1]!, tMs)) {
    const le = labels.get('le');
    const upperBound = parseBound(le);
    if (upperBound === undefined) {
      evaluation.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${JSON.stringify(le)}${forMetric(labels.metricName)}`,
        call.args[1]!.span,
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
