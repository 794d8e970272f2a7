/** Types of expressions: what the grammar lets through and PromQL does not. */
import {
  type Aggregate,
  type Binary,
  type Call,
  COMPARISON_OPERATORS,
  type Expr,
  SET_OPERATORS,
  type ValueType,
} from './ast.ts';
import { parseError, unsupportedError } from './errors.ts';
import { describeType, SIGNATURES } from './signatures.ts';

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return SIGNATURES.get(expr.name)!.returns;
  }
}

/** @throws PromqlError at the first expression whose type does not fit. */
export function checkTypes(expr: Expr, text: string, experimental: boolean): void {
  new Checker(text, experimental).check(expr);
}

class Checker {
  readonly #text: string;
  readonly #experimental: boolean;

  constructor(text: string, experimental: boolean) {
    this.#text = text;
    this.#experimental = experimental;
  }

  check(expr: Expr): ValueType {
    if (expr.kind === 'binary') this.#binary(expr);
    else if (expr.kind === 'aggregate') this.#aggregate(expr);
    else if (expr.kind === 'call') this.#call(expr);
    else if (expr.kind === 'paren') this.check(expr.expr);
    else if (expr.kind === 'unary') {
      const type = this.check(expr.expr);
      if (type !== 'scalar' && type !== 'vector') {
        this.#fail(
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${describeType(type)}"`,
        );
      }
    } else if (expr.kind === 'subquery') {
      const type = this.check(expr.expr);
      if (type !== 'vector')
        this.#fail(expr, `subquery is only allowed on instant vector, got ${describeType(type)} instead`);
    }
    return typeOf(expr);
  }

  #binary(expr: Binary): void {
    const { operator, matching } = expr;
    const types = [expr.left, expr.right].map((side) => {
      const type = this.check(side);
      if (type !== 'scalar' && type !== 'vector')
        this.#fail(side, 'binary expression must contain only scalar and instant vector types');
      return type;
    });
    const vectors = types.filter((type) => type === 'vector').length;
    if (expr.bool && !COMPARISON_OPERATORS.has(operator))
      this.#fail(expr, 'bool modifier can only be used on comparison operators');
    if (COMPARISON_OPERATORS.has(operator) && !expr.bool && vectors === 0)
      this.#fail(expr, 'comparisons between scalars must use BOOL modifier');
    const both = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
    if (both !== undefined) this.#fail(expr, `label "${both}" must not occur in ON and GROUP clause at once`);
    if (vectors < 2 && matching.labels.length > 0)
      this.#fail(expr, 'vector matching only allowed between instant vectors');
    if (!SET_OPERATORS.has(operator)) return;
    if (vectors < 2) this.#fail(expr, `set operator "${operator}" not allowed in binary scalar expression`);
    if (matching.cardinality !== 'many-to-many') this.#fail(expr, `no grouping allowed for "${operator}" operation`);
  }

  #aggregate(expr: Aggregate): void {
    if (expr.operator === 'limitk' && !this.#experimental)
      throw unsupportedError(this.#text, expr.span.from, 'limitk() is experimental in Prometheus and not enabled');
    this.#expect(expr.expr, 'vector', 'aggregation expression');
    if (expr.param !== undefined)
      this.#expect(expr.param, expr.operator === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
  }

  #call(expr: Call): void {
    const signature = SIGNATURES.get(expr.name)!;
    if (signature.experimental && !this.#experimental) {
      throw unsupportedError(
        this.#text,
        expr.span.from,
        `function "${expr.name}" is not enabled (experimental in Prometheus)`,
      );
    }
    const { args } = signature;
    const least = args.length - Math.min(signature.optional, 1);
    const most = signature.optional === Infinity ? Infinity : args.length;
    const count = expr.args.length;
    if (count < least || count > most) {
      const wanted = least === most ? `${least}` : count < least ? `at least ${least}` : `at most ${most}`;
      this.#fail(expr, `expected ${wanted} argument(s) in call to "${expr.name}", got ${count}`);
    }
    expr.args.forEach((arg, i) => {
      this.#expect(arg, args[Math.min(i, args.length - 1)]!, `call to function "${expr.name}"`);
    });
  }

  #expect(expr: Expr, wanted: ValueType, context: string): void {
    const type = this.check(expr);
    if (type !== wanted)
      this.#fail(expr, `expected type ${describeType(wanted)} in ${context}, got ${describeType(type)}`);
  }

  #fail(expr: Expr, problem: string): never {
    throw parseError(this.#text, expr.span.from, problem);
  }
}
