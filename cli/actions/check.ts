import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { SEVERITIES } from '../../check/finding.ts';
import { expandSet } from '../../check/model/expand-set.ts';
import { jsonReport } from '../../check/report/json.ts';
import { junitReport } from '../../check/report/junit.ts';
import { sarifReport } from '../../check/report/sarif.ts';
import { reportLines } from '../../check/report/text.ts';
import type { Rule } from '../../check/rule.ts';
import { RULES } from '../../check/rules/index.ts';
import { type CheckResult, checkTree } from '../../check/run.ts';
import type { Invocation } from '../command.ts';
import { diskFileSystem } from '../disk-files.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { runGit } from '../git/repository.ts';
import { nearestName } from '../suggest.ts';

export async function runCheck({ arguments: words, options, terminal }: Invocation): Promise<ExitCode> {
  const explained = options.text('explain');
  if (explained !== undefined) {
    terminal.write(explanation(findRule(explained)));
    return EXIT_CODES.ok;
  }
  const { root, folder, repositories } = locate(words[0]);
  const rules = chosenRules(options.texts('rule'));
  const result = checkTree(diskFileSystem(root), { folder, repositories, expandSet }, rules);
  switch (options.text('output')) {
    case 'json':
      terminal.write(jsonReport(result));
      break;
    case 'sarif':
      terminal.write(sarifReport(result, rules, version()));
      break;
    case 'junit':
      terminal.write(junitReport(result, rules));
      break;
    default:
      terminal.lines(reportLines(result));
      if (result.findings.length > 0) terminal.note('Next: pern check --explain RULE');
  }
  return exitCodeOf(result, options.text('fail-on') ?? 'error');
}

/** The repository's root is the file system, so that Applications find the paths they name; `folder` is what is checked. */
function locate(word: string | undefined): { root: string; folder: string; repositories: string[] } {
  const current = process.cwd();
  const named = resolve(current, word ?? '.');
  const files = diskFileSystem('/');
  if (files.readDirectory(named.slice(1)) === undefined) {
    throw new CliError({ what: `there is no folder ${word}`, fix: 'give the folder of the tree' });
  }
  const directory =
    word === undefined && files.readDirectory(`${named.slice(1)}/pern-gitops`) !== undefined
      ? join(named, 'pern-gitops')
      : named;
  try {
    const root = runGit(directory, ['rev-parse', '--show-toplevel']).trim();
    return { root, folder: relative(root, directory), repositories: [] };
  } catch {
    return { root: directory, folder: '', repositories: [] };
  }
}

function chosenRules(names: readonly string[]): readonly Rule[] {
  if (names.length === 0) return RULES;
  const families = new Set(RULES.map(({ id }) => id.split('/')[0] as string));
  for (const name of names) if (!families.has(name)) findRule(name);
  return RULES.filter(({ id }) => names.some((name) => id === name || id.startsWith(`${name}/`)));
}

function findRule(id: string): Rule {
  const rule = RULES.find((candidate) => candidate.id === id);
  if (rule !== undefined) return rule;
  const near = nearestName(
    id,
    RULES.map((candidate) => candidate.id),
  );
  throw new CliError({
    what: `there is no rule "${id}"`,
    fix: near === undefined ? 'see docs/reference/check-rules.md for all rules' : `did you mean ${near}?`,
  });
}

function explanation({ id, severity, summary, why, example }: Rule): string {
  const indent = (text: string) => text.replace(/^/gm, '  ');
  return `${id} (${severity}): ${summary}\n\n${why}\n\nWrong:\n${indent(example.bad)}\n\nRight:\n${indent(example.good)}\n`;
}

function exitCodeOf({ findings }: CheckResult, failOn: string): ExitCode {
  if (failOn === 'never') return EXIT_CODES.ok;
  const limit = SEVERITIES.findIndex((severity) => severity === failOn);
  const isBad = findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit);
  return isBad ? EXIT_CODES.finding : EXIT_CODES.ok;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
