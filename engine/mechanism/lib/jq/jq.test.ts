import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutSelected } from './delete.ts';
import { compileJq } from './evaluate.ts';
import { JqSyntaxError } from './parse.ts';

const value = {
  a: { 'b/c': 1, d: 2 },
  list: [
    { name: 'x', v: 1 },
    { name: 'y', v: 2, extra: null },
  ],
  empty: [],
  text: 'hello',
};

const xy = (x: object, y: object) => ({ ...value, list: [x, y] });
const [X, Y] = value.list as [object, object];

it.each([
  ['.a."b/c"', { ...value, a: { d: 2 } }],
  ['.a["d"]', { ...value, a: { 'b/c': 1 } }],
  ['.a.["d"]', { ...value, a: { 'b/c': 1 } }],
  ['.list[].v', xy({ name: 'x' }, { name: 'y', extra: null })],
  ['.list[0].v', xy({ name: 'x' }, Y)],
  ['.list[-1].v', xy(X, { name: 'y', extra: null })],
  ['.list[1:]', { ...value, list: [X] }],
  ['.list[:1]', { ...value, list: [Y] }],
  ['.list[] | select(.name == "y") | .v', xy(X, { name: 'y', extra: null })],
  ['.list[] | select(.name == "x")', { ...value, list: [Y] }],
  ['.list[] | select(.v > 1 and (.name | startswith("y")))', { ...value, list: [X] }],
  ['.list[] | select(.name | test("^[xz]$"))', { ...value, list: [Y] }],
  ['.list[] | select(.name | IN("x", "z"))', { ...value, list: [Y] }],
  ['.list[]? | select(has("extra")).extra', xy(X, { name: 'y', v: 2 })],
  ['.a.d, .text', { a: { 'b/c': 1 }, list: value.list, empty: [] }],
  ['.list[0], .list[1]', { ...value, list: [] }],
  ['.. | select(type == "object" and has("v")) | .v', xy({ name: 'x' }, { name: 'y', extra: null })],
  ['.list | first(.[] | select(.v >= 1)) | .name', xy({ v: 1 }, Y)],
  ['if .text == "hello" then .text else .a end', { a: value.a, list: value.list, empty: [] }],
  ['.missing // .text', { a: value.a, list: value.list, empty: [] }],
  ['.nope?.x', value],
  ['.nope.x', value],
  ['.nope[]', value],
  ['.text.x', value],
  ['.empty[]', value],
  ['.list[7]', value],
])('del(%s)', (expression, expected) => {
  expect(withoutSelected(value, compileJq(expression))).toEqual(expected);
});

it.each([
  ['.list | map(.v) | add', [3]],
  ['[.list[].name] | join("-")', ['x-y']],
  ['.list | any(.[]; .v == 2), all(.v < 2)', [true, false]],
  ['.a | keys', [['b/c', 'd']]],
  ['.list | length, (.[0] | length)', [2, 2]],
  ['1 + 2 * 3 - 4 / 2, 7 % 4, -(1)', [5, 3, -1]],
  ['.text | contains("ell"), ltrimstr("he"), ascii_upcase, split("l")', [true, 'llo', 'HELLO', ['he', '', 'o']]],
  ['[.list[] | .v] | sort | reverse | .[0]', [2]],
  ['.a.d == 2.0, (.a | not), ("3" | tonumber)', [true, false, 3]],
  ['[limit(1; .list[])] | length', [1]],
  ['null < false, [1] < [2]', [true, true]],
])('%s gives %j', (expression, outputs) => {
  expect(compileJq(expression).outputs(value)).toEqual(outputs);
});

describe('what is not read', () => {
  it.each([
    ['.a | map(', 10, 'unexpected end'],
    ['a.b', 1, 'the function a/0 is not reproduced'],
    ['.a +', 5, 'unexpected end'],
    ['.a = 1', 4, '= is not reproduced'],
    ['.a |= 1', 4, '|= is not reproduced'],
    ['reduce .[] as $x (0; . + $x)', 1, 'reduce is not reproduced'],
    ['{a: 1}', 1, '{ is not reproduced'],
    ['"\\(.a)"', 1, 'string interpolation is not reproduced'],
    ['.a | @base64', 6, '@base64 is not reproduced'],
    ['env.HOME', 1, 'the function env/0 is not reproduced'],
    ['', 1, 'unexpected end'],
    ['.a ~', 4, 'unexpected "~"'],
  ])('%s', (expression, column, message) => {
    let error: unknown;
    try {
      compileJq(expression);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(JqSyntaxError);
    expect([(error as JqSyntaxError).column, (error as Error).message]).toEqual([column, message]);
  });
});

it('ends, whatever it is given', () => {
  expect(withoutSelected(value, compileJq('recurse(.) | .a'))).toEqual(value);
  const part = fc.constantFrom(
    '.',
    '..',
    '.a',
    '[',
    ']',
    '(',
    ')',
    '|',
    ',',
    '"x"',
    '1',
    'select',
    '?',
    '//',
    '==',
    ' ',
    ':',
    ';',
    'if',
    '-',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        withoutSelected(value, compileJq(parts.join('')));
      } catch (error) {
        expect(error).toBeInstanceOf(JqSyntaxError);
      }
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) },
  );
});
