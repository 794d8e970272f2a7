/** The typed tree of a query. Every node knows its place in the text. */
import type { Span } from './errors.ts';
import type { Matcher } from './matcher.ts';

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Paren
  | Unary
  | Binary
  | Aggregate
  | Call;

/** Fixes the time of a selector: `@ 1700000000`, `@ start()`, `@ end()`. */
export type AtModifier = { readonly kind: 'timestamp'; readonly tMs: number } | { readonly kind: 'start' | 'end' };

export interface NumberLiteral {
  readonly kind: 'number';
  readonly span: Span;
  readonly value: number;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly span: Span;
  readonly value: string;
}

export interface VectorSelector {
  readonly kind: 'selector';
  readonly span: Span;
  /** The metric name among the matchers, or the empty string. */
  readonly metricName: string;
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  readonly at?: AtModifier;
}

export interface MatrixSelector {
  readonly kind: 'matrix';
  readonly span: Span;
  readonly selector: VectorSelector;
  readonly rangeMs: number;
}

export interface Subquery {
  readonly kind: 'subquery';
  readonly span: Span;
  readonly expr: Expr;
  readonly rangeMs: number;
  /** Undefined: the evaluator's default step. */
  readonly stepMs?: number;
  readonly offsetMs: number;
  readonly at?: AtModifier;
}

export interface Paren {
  readonly kind: 'paren';
  readonly span: Span;
  readonly expr: Expr;
}

export interface Unary {
  readonly kind: 'unary';
  readonly span: Span;
  readonly operator: '-' | '+';
  readonly expr: Expr;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOperator = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type SetOperator = 'and' | 'or' | 'unless';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator;

/** How the elements of two vectors find each other. */
export interface Matching {
  /** True: match by `labels` only; false: by all but them. */
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** Labels copied from the one side (`group_left(…)`, `group_right(…)`). */
  readonly include: readonly string[];
}

export interface Binary {
  readonly kind: 'binary';
  readonly span: Span;
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  readonly matching: Matching;
}

export type AggregateOperator =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'limitk'
  | 'quantile'
  | 'count_values'
  | 'group';

export interface Aggregate {
  readonly kind: 'aggregate';
  readonly span: Span;
  readonly operator: AggregateOperator;
  readonly without: boolean;
  readonly labels: readonly string[];
  readonly param?: Expr;
  readonly expr: Expr;
}

export interface Call {
  readonly kind: 'call';
  readonly span: Span;
  readonly name: string;
  readonly args: readonly Expr[];
}

export const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
export const COMPARISON_OPERATORS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

/** The expression inside any number of parentheses. */
export function unwrapParens(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrapParens(expr.expr) : expr;
}
