/** Functions: argument types and result types (spec promql §3, §9). */
import type { ValueType } from './ast.ts';

export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out; Infinity lets the last one repeat. */
  readonly optional: number;
  readonly returns: ValueType;
  /** Behind Prometheus's feature flag `promql-experimental-functions`. */
  readonly experimental: boolean;
}

const TABLE: readonly (readonly [names: string, args: string, returns: string])[] = [
  [
    'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh',
    'V',
    'V',
  ],
  ['sort sort_desc timestamp', 'V', 'V'],
  ['rate irate increase delta idelta deriv changes resets absent_over_time', 'M', 'V'],
  [
    'avg_over_time count_over_time first_over_time last_over_time max_over_time min_over_time present_over_time',
    'M',
    'V',
  ],
  ['stddev_over_time stdvar_over_time sum_over_time', 'M', 'V'],
  ['quantile_over_time', 'S M', 'V'],
  ['predict_linear', 'M S', 'V'],
  ['histogram_quantile', 'S V', 'V'],
  ['histogram_fraction', 'S S V', 'V'],
  ['histogram_quantiles', 'V T S*', 'V!'],
  ['clamp', 'V S S', 'V'],
  ['clamp_max clamp_min', 'V S', 'V'],
  ['round', 'V S?', 'V'],
  ['days_in_month day_of_month day_of_week day_of_year hour minute month year', 'V?', 'V'],
  ['label_replace', 'V T T T T', 'V'],
  ['label_join', 'V T T T*', 'V'],
  ['vector', 'S', 'V'],
  ['scalar', 'V', 'S'],
  ['time pi', '', 'S'],
  ['start end step range', '', 'S!'],
  ['min_of max_of', 'S S', 'S!'],
  ['mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time', 'M', 'V!'],
  ['double_exponential_smoothing', 'M S S', 'V!'],
  ['sort_by_label sort_by_label_desc', 'V T*', 'V!'],
];

const TYPES: Readonly<Record<string, ValueType>> = { V: 'vector', M: 'matrix', S: 'scalar', T: 'string' };

export const SIGNATURES: ReadonlyMap<string, Signature> = new Map(
  TABLE.flatMap(([names, args, returns]) =>
    names.split(' ').map((name) => [name, parseSignature(args, returns)] as const),
  ),
);

/** Functions Prometheus 3 has and this evaluator does not: native histograms and experiments newer than the grammar. */
export const UNSUPPORTED_FUNCTIONS: ReadonlySet<string> = new Set(['integral', 'start_timestamp']);

/** Text of a type as upstream's messages write it. */
export function describeType(type: ValueType): string {
  return type === 'vector' ? 'instant vector' : type === 'matrix' ? 'range vector' : type;
}

function parseSignature(args: string, returns: string): Signature {
  const codes = args === '' ? [] : args.split(' ');
  const last = codes.at(-1) ?? '';
  return {
    args: codes.map((code) => TYPES[code[0]!]!),
    optional: last.endsWith('*') ? Infinity : last.endsWith('?') ? 1 : 0,
    returns: TYPES[returns[0]!]!,
    experimental: returns.endsWith('!'),
  };
}
