/** Compiled expressions: conditions, times, anything. */
import { type Node, PREDICATE_BUILTINS } from './ast.ts';
import { BUILTINS } from './builtins.ts';
import { checkExpression } from './checker.ts';
import type { ExprEnvironment } from './environment.ts';
import { ExprError } from './errors.ts';
import { GoTime } from './go-time.ts';
import { Interpreter } from './interpreter.ts';
import { parseExpression } from './parser.ts';
import { typeName } from './values.ts';

export interface Condition {
  readonly text: string;
  /**
   * Types are checked against the environment's values first, as Argo compiles a condition anew for each measurement.
   *
   * @throws ExprError for types that do not fit, for values that do not fit, and `expected bool, but got …`.
   */
  evaluate(environment: ExprEnvironment): boolean;
}

const BUILTIN_NAMES: ReadonlySet<string> = new Set([...BUILTINS.keys(), ...PREDICATE_BUILTINS]);

/** @throws ExprError (`compile`) with line and column for text that is no expression. */
export function compileCondition(text: string): Condition {
  const node = parseExpression(text, BUILTIN_NAMES);
  return {
    text,
    evaluate: (environment) => {
      const value = run(node, text, environment);
      if (typeof value !== 'boolean')
        throw new ExprError('runtime', `expected bool, but got ${typeName(value)}`, text, 0);
      return value;
    },
  };
}

/** Evaluates an expression to whatever it yields: integers as bigint, floats as number. */
export function evaluateExpression(text: string, environment: ExprEnvironment): unknown {
  return run(parseExpression(text, BUILTIN_NAMES), text, environment);
}

/** `start` and `end` of a range query: milliseconds since the epoch. @throws ExprError unless it yields a time. */
export function evaluateTimeMs(text: string, environment: ExprEnvironment): number {
  const value = evaluateExpression(text, environment);
  if (value instanceof GoTime) return value.ms;
  throw new ExprError('runtime', `expected time.Time, but got ${typeName(value)}`, text, 0);
}

function run(node: Node, text: string, environment: ExprEnvironment): unknown {
  checkExpression(node, text, environment);
  return new Interpreter(text, environment).run(node);
}
