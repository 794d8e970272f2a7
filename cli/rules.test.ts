import { expect, it } from 'vitest';
import { renderLine } from './view/lines.ts';
import { ruleTestLines } from './view/rule-tests-text.ts';

const text = (outcomes: Parameters<typeof ruleTestLines>[0]) =>
  ruleTestLines(outcomes)
    .map((line) => renderLine(line, false))
    .join('\n');

it('pern rules test: one line for a file that passes', () => {
  const report = { file: 'a.yaml', tests: 1, checks: 3, failures: [] };
  expect(text([{ file: 'a.yaml', problems: [], report }])).toBe(
    'ok    a.yaml  1 test, 3 expectations\n\n3 expectations met',
  );
});

it('pern rules test: what was expected and what came, and mistakes with their place', () => {
  const failure = { test: 'down', line: 4, evalMs: 90_000, subject: 'alert Down', expected: [], got: ['one', 'two'] };
  const report = { file: 'a.yaml', tests: 1, checks: 1, failures: [failure] };
  const problem = {
    file: 'rules.yaml',
    line: 5,
    column: 11,
    message: 'expr: 1:7: parse error: unexpected end of input',
  };
  const outcomes = [
    { file: 'a.yaml', problems: [], report },
    { file: 'b.yaml', problems: [problem], report: undefined },
  ];
  expect(text(outcomes)).toBe(
    [
      'FAILED  a.yaml',
      '  a.yaml:4: down, at 90s: alert Down',
      '    expected nothing',
      '    got      one',
      '             two',
      'FAILED  b.yaml',
      '  rules.yaml:5:11: expr: 1:7: parse error: unexpected end of input',
      '',
      '2 findings in 2 files',
    ].join('\n'),
  );
});
