import { globSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import {
  type RuleGroup,
  type RuleProblem,
  type RuleTestReport,
  readRuleFile,
  readRuleTestFile,
  runRuleTests,
} from '../../engine/mechanism/lib/promql/index.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { ruleTestLines } from '../view/rule-tests-text.ts';

/** What became of one test file: a report, or the mistakes that kept it from being run. */
export interface RuleTestOutcome {
  file: string;
  problems: readonly RuleProblem[];
  report: RuleTestReport | undefined;
}

export async function runRulesTest({ arguments: files, options, terminal }: Invocation): Promise<ExitCode> {
  const outcomes = files.map(testFile);
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  else terminal.lines(ruleTestLines(outcomes));
  const isGood = outcomes.every(({ problems, report }) => problems.length === 0 && report?.failures.length === 0);
  terminal.note(
    isGood
      ? 'Next: pern check'
      : `Next: correct the rules or what is expected of them, then pern rules test ${files.join(' ')}`,
  );
  return isGood ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function testFile(name: string): RuleTestOutcome {
  const { tests, problems } = readRuleTestFile(name, read(name));
  const found = tests.ruleFiles.map((pattern) => readRules(name, pattern));
  const all = [...problems, ...found.flatMap((one) => one.problems)];
  if (all.length > 0) return { file: name, problems: all, report: undefined };
  const groups = found.flatMap((one) => one.groups);
  return { file: name, problems: [], report: runRuleTests(tests, groups) };
}

/** `pattern` is seen from the folder of the test file. */
function readRules(
  testFileName: string,
  pattern: string,
): { groups: readonly RuleGroup[]; problems: readonly RuleProblem[] } {
  const folder = dirname(resolve(testFileName));
  const paths = globSync(isAbsolute(pattern) ? pattern : join(folder, pattern)).sort();
  if (paths.length === 0)
    return {
      groups: [],
      problems: [{ file: testFileName, line: 1, column: 1, message: `rule_files: nothing matches "${pattern}"` }],
    };
  const results = paths.map((path) => readRuleFile(shorter(path), read(path)));
  return { groups: results.flatMap(({ groups }) => groups), problems: results.flatMap(({ problems }) => problems) };
}

function shorter(path: string): string {
  const seen = relative(process.cwd(), path);
  return seen.startsWith('..') ? path : seen;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError({
      what: `${path} cannot be read`,
      why: error instanceof Error ? error.message : String(error),
      fix: 'name a test file in the format of "promtool test rules"',
    });
  }
}
