/** `label_replace`, `label_join`, `sort_by_label` (spec promql §9). */
import { compileRegex, type Regex, type RegexMatch } from '../regex/regex.ts';
import type { Call } from './ast.ts';
import { PromqlError } from './errors.ts';
import type { Evaluation, Sample } from './evaluation.ts';
import { METRIC_NAME } from './labels.ts';
import { assertUniqueLabels } from './unique-labels.ts';

export function evaluateLabelReplace(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const [target = '', replacement = '', source = '', pattern = ''] = call.args
    .slice(1)
    .map((arg) => evaluation.string(arg));
  const regex = compilePattern(evaluation, call, pattern);
  if (!isLabelName(target))
    throw new PromqlError('execution', `invalid destination label name in label_replace(): ${target}`);
  const samples = evaluation.vector(call.args[0]!, tMs).map((sample) => {
    const match = regex.match(sample.labels.get(source));
    return match === undefined ? sample : withLabel(sample, target, expand(replacement, match));
  });
  return checked(evaluation, samples);
}

export function evaluateLabelJoin(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  const [target = '', separator = '', ...sources] = call.args.slice(1).map((arg) => evaluation.string(arg));
  const badSource = sources.find((source) => !isLabelName(source));
  if (badSource !== undefined)
    throw new PromqlError('execution', `invalid source label name in label_join(): ${badSource}`);
  if (!isLabelName(target))
    throw new PromqlError('execution', `invalid destination label name in label_join(): ${target}`);
  const samples = evaluation.vector(call.args[0]!, tMs).map((sample) => {
    const joined = sources.map((source) => sample.labels.get(source)).join(separator);
    return withLabel(sample, target, joined);
  });
  return checked(evaluation, samples);
}

/** Natural order of the named labels, then of all labels; instant queries only. */
export function evaluateSortByLabel(evaluation: Evaluation, call: Call, tMs: number): readonly Sample[] {
  if (evaluation.times.stepMs > 0) {
    evaluation.annotations.warn(
      'sort is ineffective for range queries since results are always ordered by labels',
      call.span,
    );
  }
  const names = call.args.slice(1).map((arg) => evaluation.string(arg));
  const sign = call.name.endsWith('_desc') ? -1 : 1;
  return [...evaluation.vector(call.args[0]!, tMs)].sort((a, b) => {
    for (const name of names) {
      const order = compareNatural(a.labels.get(name), b.labels.get(name));
      if (order !== 0) return order * sign;
    }
    return (a.labels.key < b.labels.key ? -1 : 1) * sign;
  });
}

function compilePattern(evaluation: Evaluation, call: Call, pattern: string): Regex {
  const known = evaluation.memo.get(call);
  if (known !== undefined) return known as Regex;
  try {
    const regex = compileRegex(pattern, { anchored: true, dotAll: true });
    evaluation.memo.set(call, regex);
    return regex;
  } catch {
    throw new PromqlError('execution', `invalid regular expression in label_replace(): ${pattern}`);
  }
}

function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !name.includes('\uFFFD');
}

function withLabel(sample: Sample, name: string, value: string): Sample {
  return {
    ...sample,
    labels: sample.labels.with(name, value),
    dropName: name === METRIC_NAME ? false : sample.dropName,
  };
}

function checked(evaluation: Evaluation, samples: readonly Sample[]): readonly Sample[] {
  if (evaluation.times.stepMs === 0 || !evaluation.options.delayedNameRemoval) assertUniqueLabels(samples);
  return samples;
}

/** `$1`, `${1}`, `${name}`, `$$`; `$1x` is the group named `1x`, which is empty, as in Go. */
function expand(template: string, match: RegexMatch): string {
  return template.replace(
    /\$(?:\$|(\w+)|\{(\w+)\})/g,
    (whole, short: string | undefined, braced: string | undefined) => {
      if (whole === '$$') return '$';
      const name = short ?? braced ?? '';
      return (/^\d+$/.test(name) ? match.groups[Number(name)] : match.named[name]) ?? '';
    },
  );
}

/** Numbers inside the text compare as numbers. */
function compareNatural(a: string, b: string): number {
  const partsA = a.match(/\d+|\D+/g) ?? [];
  const partsB = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(partsA.length, partsB.length); i += 1) {
    const [x, y] = [partsA[i]!, partsB[i]!];
    const difference = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0;
    if (difference !== 0) return difference;
    if (x !== y) return x < y ? -1 : 1;
  }
  return partsA.length - partsB.length;
}
