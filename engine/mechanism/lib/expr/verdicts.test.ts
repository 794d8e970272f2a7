import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileCondition, conditionEnvironment, ExprError } from './index.ts';

const LINES = readFileSync(new URL('testdata/verdicts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, '+Inf': Infinity };

/** Where the verdict differs from upstream's; each is in docs/reference/parity.md. */
const KNOWN = [
  /^get\(result, 'ok'\) == true$/, // upstream finds out before it runs that get cannot index this; here it is nil
  /^findIndex\(result, # > 1\) == 0$/, // upstream breaks on comparing no index with a number; here nil equals no number
  /^result\?\.missing\?\.x == nil$/, // upstream refuses ?. on a measurement that is nil
];

function verdict(result: unknown, condition: string): unknown {
  const measured = typeof result === 'string' ? (NUMBERS[result] ?? result) : result;
  try {
    return compileCondition(condition).evaluate(conditionEnvironment(measured, Date.UTC(2026, 0, 1)));
  } catch (error) {
    if (error instanceof ExprError) return 'error';
    throw error;
  }
}

it('comes to the verdict of Go’s library on every recorded pair', () => {
  const differences = LINES.flatMap((line) => {
    const [result, condition, expected] = JSON.parse(line) as [unknown, string, unknown];
    const got = verdict(result, condition);
    const wanted = typeof expected === 'boolean' ? expected : 'error';
    return got === wanted || KNOWN.some((known) => known.test(condition)) ? [] : [`${line} got ${String(got)}`];
  });
  expect(LINES).toHaveLength(784);
  expect(differences).toEqual([]);
});
