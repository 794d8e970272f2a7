import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from './conformance.ts';
import { ScriptError } from './conformance-script.ts';

describe('conformance scripts, promql §12', () => {
  it.each(['delivery', 'time'])('testdata/%s.test passes', (name) => {
    const outcomes = runScript(readFileSync(new URL(`testdata/${name}.test`, import.meta.url), 'utf8'));
    expect(outcomes.length).toBeGreaterThan(9);
    expect(outcomes.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it.each([
    ['a wrong value', 'load 1m\n  x 1\n\neval instant at 0 x\n  x 2\n', 'expected 2 for x, got 1'],
    ['a missing element', 'load 1m\n  x 1\n\neval instant at 0 x\n  x 1\n  y 1\n', 'expected 2 elements, got 1: x 1'],
    ['a surplus element', 'load 1m\n  x 1\n\neval instant at 0 x\n', 'expected 0 elements, got 1: x 1'],
    ['an error that does not come', 'eval instant at 0 1\n  expect fail\n', 'expected an error'],
    [
      'an error that comes',
      'eval instant at 0 1 +\n  1\n',
      'unexpected error: 1:4: parse error: unexpected end of input',
    ],
    ['a missing annotation', 'eval instant at 0 1\n  expect warn\n  1\n', 'expected warn , got none'],
    [
      'a wrong order',
      'load 1m\n  x{a="1"} 1\n  x{a="2"} 2\n\neval instant at 0 sort(x)\n  expect ordered\n  x{a="2"} 2\n  x{a="1"} 1\n',
      'at position 1',
    ],
    ['a wrong point', 'load 1m\n  x 1 2\n\neval range from 0 to 1m step 1m x\n  x 1 3\n', 'expected x 1@0 3@60'],
  ])('reports %s', (_, script, reason) => {
    const [outcome] = runScript(script);
    expect(outcome?.status).toBe('failed');
    expect(outcome?.reason).toContain(reason);
  });

  it('counts native histograms neither as passed nor as failed', () => {
    const script =
      'load 1m\n  h {{schema:0 sum:1 count:1 buckets:[1]}}x2\n\neval instant at 0 h\n  h {{schema:0}}\n\neval instant at 0 sum(h)\n';
    expect(runScript(script).map(({ status }) => status)).toEqual(['unsupported', 'unsupported']);
  });

  it('names the line of a script it cannot read', () => {
    expect(() => runScript('load 1m\n  x 1\n\nevaluate this\n')).toThrow(
      new ScriptError(
        4,
        'invalid eval command: eval instant at <t> <query>, or eval range from <a> to <b> step <s> <query>',
      ),
    );
  });
});
