/** Binary operators (spec promql §8). */
import { type Binary, type BinaryOperator, COMPARISON_OPERATORS, type Matching, SET_OPERATORS } from './ast.ts';
import { typeOf } from './check.ts';
import { PromqlError } from './errors.ts';
import type { Evaluation, Sample } from './evaluation.ts';
import { Labels, METRIC_NAME } from './labels.ts';

export function evaluateScalarBinary(evaluation: Evaluation, expr: Binary, tMs: number): number {
  const [left, right] = [evaluation.scalar(expr.left, tMs), evaluation.scalar(expr.right, tMs)];
  return COMPARISON_OPERATORS.has(expr.operator)
    ? Number(compares(expr.operator, left, right))
    : compute(expr.operator, left, right);
}

export function evaluateBinary(evaluation: Evaluation, expr: Binary, tMs: number): readonly Sample[] {
  if (typeOf(expr.left) === 'scalar') {
    const scalar = evaluation.scalar(expr.left, tMs);
    return withScalar(evaluation, expr, evaluation.vector(expr.right, tMs), (value) => [scalar, value]);
  }
  if (typeOf(expr.right) === 'scalar') {
    const vector = evaluation.vector(expr.left, tMs);
    const scalar = evaluation.scalar(expr.right, tMs);
    return withScalar(evaluation, expr, vector, (value) => [value, scalar]);
  }
  const left = evaluation.vector(expr.left, tMs);
  const right = evaluation.vector(expr.right, tMs);
  const keyOf = matchKeys(evaluation, expr);
  return SET_OPERATORS.has(expr.operator)
    ? combineSets(expr.operator, left, right, keyOf)
    : new Join(evaluation, expr, keyOf).combine(left, right);
}

function withScalar(
  evaluation: Evaluation,
  expr: Binary,
  vector: readonly Sample[],
  sides: (value: number) => [number, number],
): readonly Sample[] {
  const { operator } = expr;
  if (!COMPARISON_OPERATORS.has(operator))
    return evaluation.mapValues(vector, (value) => compute(operator, ...sides(value)));
  if (expr.bool) return evaluation.mapValues(vector, (value) => Number(compares(operator, ...sides(value))));
  return vector
    .filter(({ value }) => compares(operator, ...sides(value)))
    .map(({ labels, dropName, value }) => ({ labels, dropName, value }));
}

function compute(operator: BinaryOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return power(left, right);
    case 'atan2':
      return Math.atan2(left, right);
    default:
      throw new TypeError(`${operator} is no arithmetic operator`);
  }
}

/** IEEE 754 pow: 1 to any power is 1, and so is -1 to an infinite one, where JavaScript says NaN. */
function power(base: number, exponent: number): number {
  return base === 1 || (base === -1 && (exponent === Infinity || exponent === -Infinity)) ? 1 : base ** exponent;
}

function compares(operator: BinaryOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
    default:
      throw new TypeError(`${operator} is no comparison`);
  }
}

/** The labels by which elements find each other, as a key; computed once per series and query. */
function matchKeys(evaluation: Evaluation, expr: Binary): (labels: Labels) => string {
  let known = evaluation.memo.get(expr) as Map<Labels, string> | undefined;
  if (known === undefined) {
    known = new Map();
    evaluation.memo.set(expr, known);
  }
  const keys = known;
  return (labels) => {
    let key = keys.get(labels);
    if (key === undefined) {
      key = matchLabels(labels, expr.matching).key;
      keys.set(labels, key);
    }
    return key;
  };
}

function matchLabels(labels: Labels, matching: Matching): Labels {
  return matching.on ? labels.only(matching.labels) : labels.without([...matching.labels, METRIC_NAME]);
}

function combineSets(
  operator: BinaryOperator,
  left: readonly Sample[],
  right: readonly Sample[],
  keyOf: (labels: Labels) => string,
): readonly Sample[] {
  if (operator === 'or') {
    const keys = new Set(left.map(({ labels }) => keyOf(labels)));
    return [...left, ...right.filter(({ labels }) => !keys.has(keyOf(labels)))];
  }
  const keys = new Set(right.map(({ labels }) => keyOf(labels)));
  return left.filter(({ labels }) => keys.has(keyOf(labels)) === (operator === 'and'));
}

/** One-to-one and many-to-one matching; `group_right` swaps the sides. */
class Join {
  readonly #evaluation: Evaluation;
  readonly #expr: Binary;
  readonly #keyOf: (labels: Labels) => string;

  constructor(evaluation: Evaluation, expr: Binary, keyOf: (labels: Labels) => string) {
    this.#evaluation = evaluation;
    this.#expr = expr;
    this.#keyOf = keyOf;
  }

  combine(left: readonly Sample[], right: readonly Sample[]): readonly Sample[] {
    if (left.length === 0 || right.length === 0) return [];
    const swapped = this.#expr.matching.cardinality === 'one-to-many';
    const [many, one] = swapped ? [right, left] : [left, right];
    const ones = this.#indexOnes(one, swapped ? 'left' : 'right');
    const oneToOne = this.#expr.matching.cardinality === 'one-to-one';
    const matched = new Map<string, Set<string>>();
    const result: Sample[] = [];
    for (const sample of many) {
      const key = this.#keyOf(sample.labels);
      const other = ones.get(key);
      if (other === undefined) continue;
      const labels = this.#resultLabels(sample.labels, other.labels);
      this.#assertFirst(matched, key, oneToOne ? '' : labels.key, oneToOne);
      const value = swapped ? this.#value(other.value, sample.value) : this.#value(sample.value, other.value);
      if (value !== undefined) result.push({ labels, dropName: this.#expr.bool, value });
    }
    return this.#evaluation.unique(result);
  }

  #indexOnes(one: readonly Sample[], side: string): Map<string, Sample> {
    const ones = new Map<string, Sample>();
    for (const sample of one) {
      const key = this.#keyOf(sample.labels);
      const other = ones.get(key);
      if (other !== undefined) this.#failDuplicate(sample.labels, other.labels, side);
      ones.set(key, sample);
    }
    return ones;
  }

  #failDuplicate(a: Labels, b: Labels, side: string): never {
    const [first, second] = [a.toBraces(), b.toBraces()].sort();
    const group = matchLabels(a, this.#expr.matching).toBraces();
    throw new PromqlError(
      'execution',
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }

  #assertFirst(matched: Map<string, Set<string>>, key: string, resultKey: string, oneToOne: boolean): void {
    const seen = matched.get(key);
    if (seen === undefined) matched.set(key, new Set([resultKey]));
    else if (seen.has(resultKey)) {
      const why = oneToOne
        ? 'many-to-one matching must be explicit (group_left/group_right)'
        : 'grouping labels must ensure unique matches';
      throw new PromqlError('execution', `multiple matches for labels: ${why}`);
    } else seen.add(resultKey);
  }

  /** The value of the pair, undefined when a filtering comparison drops it; one that holds keeps the left value. */
  #value(left: number, right: number): number | undefined {
    const { operator, bool } = this.#expr;
    if (!COMPARISON_OPERATORS.has(operator)) return compute(operator, left, right);
    const holds = compares(operator, left, right);
    if (bool) return Number(holds);
    return holds ? left : undefined;
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const { matching, operator, bool } = this.#expr;
    let labels = many;
    if (!COMPARISON_OPERATORS.has(operator) || (bool && !this.#evaluation.options.delayedNameRemoval))
      labels = labels.withoutName();
    if (matching.cardinality === 'one-to-one')
      labels = matching.on ? labels.only(matching.labels) : labels.without(matching.labels);
    if (matching.include.length === 0) return labels;
    const copied = matching.include.map((name) => [name, one.get(name)] as const);
    return Labels.fromPairs([...labels.pairs, ...copied]);
  }
}
