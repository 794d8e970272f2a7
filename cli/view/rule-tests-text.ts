import type { RuleTestOutcome } from '../actions/rules.ts';
import { type Line, plain, span } from './lines.ts';

/** One line for a file that passes; for others each mistake with its place, each expectation with what came. */
export function ruleTestLines(outcomes: readonly RuleTestOutcome[]): Line[] {
  const lines = outcomes.flatMap(fileLines);
  const failed = outcomes.reduce(
    (sum, { problems, report }) => sum + problems.length + (report?.failures.length ?? 0),
    0,
  );
  const checks = outcomes.reduce((sum, { report }) => sum + (report?.checks ?? 0), 0);
  const summary =
    failed === 0
      ? `${count(checks, 'expectation')} met`
      : `${count(failed, 'finding')} in ${count(outcomes.length, 'file')}`;
  return [...lines, plain(''), [span(summary, failed === 0 ? 'ok' : 'bad')]];
}

function fileLines({ file, problems, report }: RuleTestOutcome): Line[] {
  if (report?.failures.length === 0)
    return [
      [
        span('ok', 'ok'),
        span(`    ${file}  ${count(report.tests, 'test')}, ${count(report.checks, 'expectation')}`, 'dim'),
      ],
    ];
  return [
    [span('FAILED', 'bad'), span(`  ${file}`)],
    ...problems.map(
      (problem): Line => [span(`  ${problem.file}:${problem.line}:${problem.column}: ${problem.message}`)],
    ),
    ...(report?.failures ?? []).flatMap(({ test, line, evalMs, subject, expected, got }): Line[] => [
      plain(`  ${file}:${line}: ${test}, at ${evalMs / 1000}s: ${subject}`),
      ...section('expected', expected),
      ...section('got', got),
    ]),
  ];
}

function section(title: string, items: readonly string[]): Line[] {
  const [first = 'nothing', ...rest] = items;
  return [
    [span(`    ${title.padEnd(8)} `, 'dim'), span(first)],
    ...rest.map((item) => plain(`${' '.repeat(13)}${item}`)),
  ];
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
