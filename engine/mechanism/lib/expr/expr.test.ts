import { describe, expect, it } from 'vitest';
import {
  assessMeasurement,
  compileCondition,
  conditionEnvironment,
  ExprError,
  evaluateExpression,
  evaluateTimeMs,
  notificationEnvironment,
  rangeTimeEnvironment,
} from './index.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

function evaluate(result: unknown, condition: string): boolean {
  return compileCondition(condition).evaluate(conditionEnvironment(result, NOW_MS));
}

function failure(run: () => unknown): ExprError {
  try {
    run();
  } catch (error) {
    if (error instanceof ExprError) return error;
    throw error;
  }
  throw new Error('an ExprError was expected');
}

const APDEX = { service_apdex: { label: null, values: { values: [2, 2] } } };

describe('conditions, expr §9', () => {
  it.each([
    ['1', true, 'result == true', true],
    ['5', 5, 'result > 1', true],
    ['6', [2, 2], '2 in result', true],
    ['7', APDEX, 'all(result.service_apdex.values.values, {# > 1})', true],
    ['8a', '1', 'asInt(result) == 1', true],
    ['8b', 1, 'asInt(result) == 1', true],
    ['8c', 1.123, 'asInt(result) == 1', true],
    ['10a', '1.1', 'asFloat(result) == 1.1', true],
    ['10b', 1.1, 'asFloat(result) == 1.1', true],
    ['13', null, 'default(result, 0) == 0', true],
    ['14', null, 'isNil(result)', true],
    ['15', [], 'isNil(result)', false],
    ['17', Number.NaN, 'isNaN(result) || result >= 0.95', true],
    ['18', [0.01, 0.02], 'max(result) < 0.05', true],
    ['20', 1, 'result == 1', true],
  ] as const)('expr/9.%s: %j with %j is %j', (_, result, condition, expected) => {
    expect(evaluate(result, condition)).toBe(expected);
  });

  it.each([
    ['2', true, '1', 'expected bool, but got int'],
    ['3', true, 'invalidVariable', 'unknown name invalidVariable'],
    ['4', true, "result.Name() == 'hi'", 'type bool has no method Name'],
    ['9', '1.1', 'asInt(result) == 1.1', 'strconv.ParseInt: parsing "1.1": invalid syntax'],
    ['11', '1.1', 'asFloat(result) == "1.1"', 'invalid operation: == (mismatched types float64 and string)'],
    ['12', 'NotANum', 'asFloat(result) == 1.1', 'strconv.ParseFloat: parsing "NotANum": invalid syntax'],
    ['19', [0.97], 'result[5] > 1', 'index out of range: 5 (array length is 1)'],
    ['21', 0, '7/2', 'expected bool, but got float64'],
  ])('expr/9.%s: %j with %j fails', (_, result, condition, problem) => {
    expect(failure(() => evaluate(result, condition)).problem).toBe(problem);
  });

  it.each([[null], [[]]])('expr/9.16: %j has no first element: phase Error with the reason', (result) => {
    const { phase, message } = assessMeasurement(result, { successCondition: 'result[0] >= 0.95' }, NOW_MS);
    expect(phase).toBe('Error');
    expect(message).toBe(
      'could not evaluate successCondition "result[0] >= 0.95": metric result is nil or empty: no data returned from the metric provider',
    );
  });

  it('expr/9.22: a time is computed from date and duration', () => {
    const text = 'date("2023-08-14 00:00:00", "2006-01-02 15:04:05", "UTC") - duration("1h")';
    expect(evaluateTimeMs(text, rangeTimeEnvironment(NOW_MS))).toBe(Date.UTC(2023, 7, 13, 23));
  });

  it.each(['hello', 'now() -- ?', '1 + 1'])('expr/9.23: %j is no time', (text) => {
    expect(() => evaluateTimeMs(text, rangeTimeEnvironment(NOW_MS))).toThrow(ExprError);
  });
});

describe('types, expr §5.1', () => {
  it.each([
    [[0.9], 'result >= 0.95', 'invalid operation: >= (mismatched types []float64 and float64)'],
    [true, 'result.Name', 'type bool has no field Name'],
    [[1], 'isNaN(result)', 'cannot use []float64 as argument (type float64) to call isNaN'],
    [1, 'len(result) > 0', 'invalid argument for len (type float64)'],
    [1, 'all(result, # > 1)', 'builtin all takes only array (got float64)'],
    [[1], 'all(result, # + 1)', 'predicate should return boolean (got float64)'],
    [1, 'result && true', 'invalid operation: && (mismatched types float64 and bool)'],
  ])('%j with %j is refused before it runs', (result, condition, problem) => {
    const error = failure(() => evaluate(result, condition));
    expect([error.phase, error.problem]).toEqual(['compile', problem]);
  });

  it('leaves values inside JSON to run time', () => {
    const error = failure(() => evaluate({ a: 1 }, 'result.a < "x"'));
    expect([error.phase, error.problem]).toEqual(['runtime', 'invalid operation: float64 < string']);
  });

  it('names the place and points at it', () => {
    const error = failure(() => evaluate([0.9], 'len(result) > 0 &&\n  result >= 0.95'));
    expect([error.line, error.column]).toEqual([2, 10]);
    expect(error.message).toBe(
      'invalid operation: >= (mismatched types []float64 and float64) (2:10)\n |   result >= 0.95\n | .........^',
    );
  });
});

describe('syntax, expr §2', () => {
  it.each([
    ['1 + 2 * 3 == 7', true],
    ['2 ** 3 ** 2 == 512', true],
    ['-2 ** 2 == -4', true],
    ['not true == false', true],
    ['not (1 > 2) and 1 < 2', true],
    ['1 < 2 < 3', true],
    ['1 < 2 < 2', false],
    ['3 not in [1, 2]', true],
    ['"a" in {"a": 1}', true],
    ['"abc" matches "^a.c$" and "abc" contains "b" && "abc" startsWith "a" and "abc" endsWith "c"', true],
    ['len(1..5) == 5', true],
    ['true ? 1 == 1 : false', true],
    ['(nil ?? 5) == 5', true],
    ['let x = 2; x * x == 4', true],
    ['if 1 > 2 {false} else if 1 == 1 {true} else {false}', true],
    ['[1, 2, 3] | filter(# > 1) | len() == 2', true],
    ['sum([1, 2, 3]) == 6 && count([1, 5], # > 2) == 1', true],
    ['reduce([1, 2, 3], #acc + #) == 6 && map([5, 6], #index)[1] == 1', true],
    ['any([{a: 1}, {a: 2}], .a == 2)', true],
    ['7 / 2 == 3.5 && 7 % 2 == 1 && 0x10 == 16 && 1_000 == 1000', true],
    ['1/0 > 1e300', true],
    ['"it\\u0027s" == `it\'s`', true],
    ['{"not": 1}.not == 1 // word operators are member names', true],
    ['[1, 2, 3][-1] == 3 && [1, 2, 3][1:] == [2, 3] && "héllo"[0:1] == "h" && len("héllo") == 5', true],
    ['result?.b?.c == nil', true],
    ['$env.result.b == nil', true],
    ['toJSON({"a": [1]}) == "{\\n  \\"a\\": [\\n    1\\n  ]\\n}"', true],
    ['max([1, [7, 2]], 3) == 7 && min(4, 2.5) == 2.5', true],
    ['all([], false) && none([], true) && !any([], true) && !one([], true)', true],
    ['split("a,b", ",") == ["a", "b"] && join(["a", "b"], "-") == "a-b" && trim(" x ") == "x"', true],
  ])('%s', (condition, expected) => {
    expect(evaluate({ a: { value: 1 } }, condition)).toBe(expected);
  });

  it.each([
    ['', 'unexpected token EOF', 1],
    ['result ==', 'unexpected token EOF', 9],
    ['# > 1', 'cannot use pointer accessor outside predicate', 1],
    ['"abc', 'literal not terminated', 1],
    ['result @ 1', "unrecognized character: U+0040 '@'", 8],
    [
      'nil ?? 1 || true',
      'Operator (||) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.',
      10,
    ],
    ['(1', 'unexpected token EOF', 2],
    ['1 2', 'unexpected token Number("2")', 3],
  ])('refuses %j', (condition, problem, column) => {
    const error = failure(() => compileCondition(condition));
    expect([error.problem, error.column]).toEqual([problem, column]);
  });

  it.each([
    [{}, 'result.a.b == 1', 'cannot fetch b from <nil>'],
    [{ a: {} }, 'result.a?.b.c == 1', 'cannot fetch c from <nil>'],
    [{ a: 'x' }, '1 in result.a', 'operator "in" not defined on string'],
    [{ a: null }, 'result.a > 1', 'invalid operation: <nil> > int'],
    [{ a: 1 }, 'result.a && true', 'interface conversion: interface {} is float64, not bool'],
    [{}, '1 % 0 == 0', 'integer divide by zero'],
    [{}, 'len(1..10000000) > 0', 'memory budget exceeded'],
    [{}, 'all(1..1000, all(1..1000, # + 1 > 0))', 'memory budget exceeded'],
  ])('%j with %j fails when it runs', (result, condition, problem) => {
    expect(failure(() => evaluate(result, condition)).problem).toBe(problem);
  });

  it('does not take inherited members for entries', () => {
    expect(evaluate({}, 'result.constructor == nil && !("toString" in result)')).toBe(true);
  });
});

describe('phases, expr §3.1', () => {
  it.each([
    [undefined, undefined, 'Successful'],
    ['true', undefined, 'Successful'],
    ['false', undefined, 'Failed'],
    [undefined, 'false', 'Successful'],
    [undefined, 'true', 'Failed'],
    ['true', 'true', 'Failed'],
    ['false', 'true', 'Failed'],
    ['true', 'false', 'Successful'],
    ['false', 'false', 'Inconclusive'],
    ['nope', 'true', 'Error'],
    ['true', 'nope', 'Error'],
  ])('success %j, failure %j: %s', (successCondition, failureCondition, phase) => {
    expect(assessMeasurement(1, { successCondition, failureCondition }, NOW_MS).phase).toBe(phase);
  });
});

describe('notification triggers, expr §4', () => {
  const app = {
    metadata: { annotations: { 'some.key/name': 'x' }, deletionTimestamp: null },
    status: {
      operationState: { phase: 'Succeeded', startedAt: '2025-12-31T23:50:00Z', finishedAt: '2025-12-31T23:54:59Z' },
    },
  };
  it.each([
    ["app.status.operationState.phase in ['Succeeded']", true],
    ["app.status?.operationState.phase in ['Error', 'Failed']", false],
    ['app.metadata.annotations["some.key/name"] == "x"', true],
    ['app.metadata.deletionTimestamp != nil', false],
    ['time.Now().Sub(time.Parse(app.status.operationState.finishedAt)).Minutes() >= 5', true],
    [
      'time.Parse(app.status.operationState.startedAt).Add(1 * time.Minute).Before(time.Parse(app.status.operationState.finishedAt))',
      true,
    ],
    ['unknownName == nil', true],
    ['strings.ToUpper("a") == "A" and time.Now().Format(time.RFC3339) == "2026-01-01T00:00:00Z"', true],
  ])('%s', (condition, expected) => {
    expect(compileCondition(condition).evaluate(notificationEnvironment({ app }, NOW_MS))).toBe(expected);
  });

  it('refuses a time that is not RFC 3339', () => {
    const error = failure(() => evaluateExpression('time.Parse("yesterday")', notificationEnvironment({}, NOW_MS)));
    expect(error.problem).toContain('parsing time "yesterday"');
  });
});
