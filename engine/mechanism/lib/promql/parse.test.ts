import { describe, expect, it } from 'vitest';
import type { Expr } from './ast.ts';
import { PromqlError } from './errors.ts';
import { parseQuery } from './parse.ts';

/** Fully parenthesised form of operators and selectors. */
function show(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'selector':
      return `${expr.metricName}${expr.offsetMs === 0 ? '' : `~${expr.offsetMs}`}${expr.at === undefined ? '' : `@${expr.at.kind}`}`;
    case 'unary':
      return `(${expr.operator}${show(expr.expr)})`;
    case 'binary':
      return `(${show(expr.left)} ${expr.operator} ${show(expr.right)})`;
    case 'paren':
      return show(expr.expr);
    default:
      return expr.kind;
  }
}

describe('parseQuery, promql §2', () => {
  it.each([
    ['-1 ^ 2', '(-(1 ^ 2))'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['2 ^ -1 * 3', '((2 ^ -1) * 3)'],
    ['a + b offset 5m * c', '(a + (b~300000 * c))'],
    ['a + b @ end() - c', '((a + b@end) - c)'],
    ['-a offset 1m', '(-a~60000)'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a > b + 1 == c', '((a > (b + 1)) == c)'],
    ['1./2. + 0x1f + 1h30m + Inf', '((((1 / 2) + 31) + 5400) + Infinity)'],
  ])('%s is %s', (query, shown) => {
    expect(show(parseQuery(query))).toBe(shown);
  });

  it.each([
    ['', 1, 1, 'no expression found'],
    ['sum(rate(x[5m', 1, 14, 'unexpected end of input'],
    ['rate(x[$__interval])', 1, 8, 'unexpected'],
    ['sum(x)\n + frob(y)', 2, 4, 'unknown function with name "frob"'],
    ['{}', 1, 1, 'at least one non-empty matcher'],
    ['x{a=~".*"} and {a=~".*"}', 1, 16, 'at least one non-empty matcher'],
    ['x{a=~"(?=a)"}', 1, 3, 'not RE2'],
    ['x{a=~"(a)\\\\1"}', 1, 3, 'not RE2'],
    ['rate(x)', 1, 6, 'expected type range vector in call to function "rate", got instant vector'],
    ['abs(x, y)', 1, 1, 'expected 1 argument(s) in call to "abs", got 2'],
    ['1 == 2', 1, 1, 'comparisons between scalars must use BOOL modifier'],
    ['x and 1', 1, 1, 'set operator "and" not allowed in binary scalar expression'],
    ['x and on(a) group_left y', 1, 1, 'no grouping allowed for "and" operation'],
    ['(x + y)[5m]', 1, 1, 'ranges only allowed for vector selectors'],
    ['x offset 1m offset 1m', 1, 1, 'offset modifier may not be set multiple times'],
    ['sum(x) offset 1m', 1, 1, 'offset modifier must be preceded by'],
    ['x[0s]', 1, 3, 'duration must be greater than 0'],
    ['x{a="1', 1, 7, 'unexpected end of input'],
    ['"abc', 1, 1, 'unterminated quoted string'],
  ])('refuses %j at %i:%i', (query, line, column, problem) => {
    expect(() => parseQuery(query)).toThrow(PromqlError);
    try {
      parseQuery(query);
    } catch (error) {
      const { line: atLine, column: atColumn, problem: text } = error as PromqlError;
      expect(text).toContain(problem);
      expect([atLine, atColumn]).toEqual([line, column]);
    }
  });

  it.each([
    'histogram_sum(x)',
    'info(x)',
    'limitk(1, x)',
    'rate(x[5m] smoothed)',
    'rate(x[5m] anchored)',
    'x[5m + 1m]',
    'x + fill(0) y',
    'mad_over_time(x[5m])',
  ])('refuses %s as not supported, never half', (query) => {
    try {
      parseQuery(query);
      throw new Error('an error was expected');
    } catch (error) {
      expect(error).toBeInstanceOf(PromqlError);
      expect([(error as PromqlError).unsupported, (error as PromqlError).type, (error as PromqlError).line]).toEqual([
        true,
        'bad_data',
        1,
      ]);
    }
  });
});
