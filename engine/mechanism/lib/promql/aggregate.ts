/** Aggregation operators (spec promql §7). */
import type { Aggregate } from './ast.ts';
import { PromqlError } from './errors.ts';
import type { Evaluation, Sample } from './evaluation.ts';
import { type Labels, METRIC_NAME } from './labels.ts';
import { compareValues, computeMean, computeQuantile, computeSum, formatFloat } from './numeric.ts';

interface Group {
  readonly labels: Labels;
  dropName: boolean;
  readonly members: Sample[];
}

export function evaluateAggregate(evaluation: Evaluation, expr: Aggregate, tMs: number): readonly Sample[] {
  const samples = evaluation.vector(expr.expr, tMs);
  switch (expr.operator) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
      return keepExtremes(evaluation, expr, samples, tMs);
    case 'count_values':
      return countValues(evaluation, expr, samples);
    case 'quantile': {
      const phi = evaluation.scalar(expr.param!, tMs);
      evaluation.annotations.checkQuantile(phi, expr.param!.span);
      return reduce(evaluation, expr, samples, (values) => computeQuantile(phi, whole(values)));
    }
    default:
      return reduce(evaluation, expr, samples, REDUCERS[expr.operator]);
  }
}

const REDUCERS: Readonly<
  Record<'sum' | 'avg' | 'min' | 'max' | 'count' | 'group' | 'stddev' | 'stdvar', (values: readonly number[]) => number>
> = {
  sum: (values) => computeSum(whole(values)),
  avg: (values) => computeMean(whole(values)),
  min: (values) => values.reduce((least, value) => (least > value || Number.isNaN(least) ? value : least)),
  max: (values) => values.reduce((most, value) => (most < value || Number.isNaN(most) ? value : most)),
  count: (values) => values.length,
  group: () => 1,
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
};

function whole(values: readonly number[]): { values: readonly number[]; from: number; to: number } {
  return { values, from: 0, to: values.length };
}

/** Welford's method, as upstream's aggregation has it (its `stdvar_over_time` compensates, this one does not). */
function variance(values: readonly number[]): number {
  const first = values[0]!;
  let mean = first;
  let squares = Number.isFinite(first) ? 0 : Number.NaN;
  values.forEach((value, i) => {
    if (i === 0) return;
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  });
  return squares / values.length;
}

function reduce(
  evaluation: Evaluation,
  expr: Aggregate,
  samples: readonly Sample[],
  compute: (values: readonly number[]) => number,
): readonly Sample[] {
  return groupsOf(evaluation, expr, samples).map(({ labels, dropName, members }) => ({
    labels,
    dropName,
    value: compute(members.map((member) => member.value)),
  }));
}

/** Groups in the order of their first member. The labels of a group are computed once per series and query. */
function groupsOf(evaluation: Evaluation, expr: Aggregate, samples: readonly Sample[]): Group[] {
  let known = evaluation.memo.get(expr) as Map<Labels, Labels> | undefined;
  if (known === undefined) {
    known = new Map();
    evaluation.memo.set(expr, known);
  }
  const dropped = [...expr.labels, METRIC_NAME];
  const groups = new Map<string, Group>();
  for (const sample of samples) {
    let labels = known.get(sample.labels);
    if (labels === undefined) {
      labels = expr.without ? sample.labels.without(dropped) : sample.labels.only(expr.labels);
      known.set(sample.labels, labels);
    }
    const group = groups.get(labels.key);
    if (group === undefined) groups.set(labels.key, { labels, dropName: sample.dropName, members: [sample] });
    else {
      group.members.push(sample);
      group.dropName ||= sample.dropName;
    }
  }
  return [...groups.values()];
}

function keepExtremes(
  evaluation: Evaluation,
  expr: Aggregate,
  samples: readonly Sample[],
  tMs: number,
): readonly Sample[] {
  const k = evaluation.scalar(expr.param!, tMs);
  if (Number.isNaN(k)) throw new PromqlError('execution', 'Parameter value is NaN');
  if (k >= 2 ** 63 || k <= -(2 ** 63)) throw new PromqlError('execution', `Scalar value ${k} overflows int64`);
  const count = Math.trunc(k);
  if (count < 1) return [];
  return groupsOf(evaluation, expr, samples).flatMap(({ members }) => {
    if (expr.operator !== 'limitk') members.sort(expr.operator === 'topk' ? compareDescending : compareAscending);
    return members.slice(0, count);
  });
}

/** NaN last in both orders. */
export function compareAscending(a: Sample, b: Sample): number {
  if (Number.isNaN(a.value) || Number.isNaN(b.value)) return compareValues(b.value, a.value);
  return compareValues(a.value, b.value);
}

export function compareDescending(a: Sample, b: Sample): number {
  return compareValues(b.value, a.value);
}

function countValues(evaluation: Evaluation, expr: Aggregate, samples: readonly Sample[]): readonly Sample[] {
  const label = evaluation.string(expr.param!);
  if (label === '' || !label.isWellFormed() || label.includes('\uFFFD'))
    throw new PromqlError('execution', `invalid label name ${JSON.stringify(label)}`);
  const counts = new Map<string, { labels: Labels; dropName: boolean; value: number }>();
  for (const { labels, dropName, members } of groupsOf(evaluation, expr, samples)) {
    for (const { value } of members) {
      const counted = labels.with(label, formatFloat(value));
      const known = counts.get(counted.key);
      if (known === undefined) counts.set(counted.key, { labels: counted, dropName, value: 1 });
      else known.value += 1;
    }
  }
  return [...counts.values()];
}
