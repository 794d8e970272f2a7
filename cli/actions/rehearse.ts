import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { htmlReport } from '../../rehearse/report/html.ts';
import { jsonReport, junitReport, type ReportedRun, sarifReport } from '../../rehearse/report/machine-formats.ts';
import { markdownReport } from '../../rehearse/report/markdown.ts';
import { summaryLine, textReport } from '../../rehearse/report/text.ts';
import { isExpected } from '../../rehearse/report/words.ts';
import { InstallationError } from '../../rehearse/run/installation.ts';
import { runScenario, StoryError } from '../../rehearse/run/runner.ts';
import { formatProblem, parseScenario, ScenarioError } from '../../rehearse/scenario/parse.ts';
import type { Scenario } from '../../rehearse/scenario/types.ts';
import { ownRoot, ROOT_FILE, type Root } from '../../rehearse/world/root.ts';
import type { Files } from '../../rehearse/world/tree-files.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { nearestName } from '../suggest.ts';
import { readTextFiles } from '../text-files.ts';

const SCENARIOS = 'scenarios';

export interface RehearsedTree {
  files: Files;
  root: Root;
  /** Folder whose `scenarios/` are meant. */
  repository: string;
}

export async function runRehearse(invocation: Invocation): Promise<ExitCode> {
  const { options, arguments: words } = invocation;
  refuseTogether(invocation);
  if (options.text('change') !== undefined) return (await import('./rehearse-change.ts')).runChange(invocation);
  if (options.text('fuzz') !== undefined) return (await import('./rehearse-fuzz.ts')).runFuzz(invocation);
  const tree = await readRehearsedTree(invocation);
  if (options.flag('list')) return listScenarios(invocation, tree.repository);
  const files = scenarioFiles(tree.repository, words, options.text('tree') !== undefined);
  const scenarios = files.map((file) => readScenario(file, options.count('seed')));
  if (scenarios.length === 0)
    scenarios.push(...(await import('../../rehearse/foreign/default-scenario.ts')).defaultScenarios(tree));
  const runs = scenarios.map((scenario) => rehearseOne(invocation, scenario, tree));
  return report(invocation, runs);
}

function refuseTogether({ options, arguments: words }: Invocation): void {
  const given = (['change', 'fuzz', 'list'] as const).filter((name) =>
    name === 'list' ? options.flag(name) : options.text(name) !== undefined,
  );
  if (given.length > 1) {
    throw new CliError({
      what: `${given.map((name) => `--${name}`).join(' and ')} exclude each other`,
      fix: 'give one',
    });
  }
  if (given.length === 1 && words.length > 0) {
    throw new CliError({ what: `--${given[0]} takes no scenario`, fix: `leave "${words.join(' ')}" out` });
  }
}

/** Our own layout, or with --tree any folder. */
export async function readRehearsedTree({ options, session }: Invocation): Promise<RehearsedTree> {
  const folder = options.text('tree');
  if (folder !== undefined) {
    if (!existsSync(folder))
      throw new CliError({ what: `there is no folder ${folder}`, fix: 'give the folder of the tree' });
    const { foreignRoot } = await import('../../rehearse/foreign/foreign-root.ts');
    const files = readTextFiles(resolve(folder), '');
    return { files, root: foreignRoot(files), repository: resolve(folder) };
  }
  const repository = session.repository();
  const files = readTextFiles(repository, 'pern-gitops');
  if (files[ROOT_FILE] === undefined) {
    throw new CliError({
      what: `${ROOT_FILE} is missing`,
      where: repository,
      fix: 'run this in a repository with our layout, or give any other one with --tree DIR',
    });
  }
  return { files, root: ownRoot(files), repository };
}

function scenarioFiles(repository: string, words: readonly string[], mayBeNone: boolean): string[] {
  const folder = join(repository, SCENARIOS);
  const known = scenarioNames(folder);
  if (words.length === 0) {
    if (known.length === 0 && !mayBeNone)
      throw new CliError({ what: `there are no scenarios in ${folder}`, fix: 'see docs/guides/rehearse.md' });
    return known.map((name) => join(folder, `${name}.yaml`));
  }
  return words.map((word) => {
    if (/\.ya?ml$/.test(word)) return resolve(word);
    if (known.includes(word)) return join(folder, `${word}.yaml`);
    const near = nearestName(word, known);
    throw new CliError({
      what: `there is no scenario "${word}"`,
      fix: near === undefined ? 'see "pern rehearse --list"' : `did you mean ${near}?`,
    });
  });
}

function scenarioNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => basename(name, '.yaml'))
      .sort();
  } catch {
    return [];
  }
}

function readScenario(file: string, seed: number | undefined): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError({
      what: `${file} cannot be read`,
      why: (error as Error).message,
      fix: 'see "pern rehearse --list"',
    });
  }
  const shown = relative(process.cwd(), file);
  return explained(() => {
    const scenario = parseScenario(shown.startsWith('..') || isAbsolute(shown) ? file : shown, text);
    return seed === undefined ? scenario : { ...scenario, seed };
  });
}

/** Plays one; its mistakes become errors for the person at the terminal. */
export function rehearseOne({ now }: Pick<Invocation, 'now'>, scenario: Scenario, tree: RehearsedTree): ReportedRun {
  const beganMs = now();
  const facts = explained(() => runScenario(scenario, tree));
  return { facts, wallMs: now() - beganMs };
}

export function explained<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ScenarioError) {
      const [first, ...others] = error.problems;
      throw new CliError({
        what: first?.message ?? 'the scenario has a mistake',
        ...(first === undefined ? {} : { where: `${first.at.file}:${first.at.line}:${first.at.column}` }),
        ...(others.length === 0 ? {} : { why: `and ${others.length} more:\n${others.map(formatProblem).join('\n')}` }),
        ...(first?.fix === undefined ? {} : { fix: first.fix }),
      });
    }
    if (error instanceof InstallationError || error instanceof StoryError) {
      const [what = '', ...why] = error.message.split('\n');
      throw new CliError({
        what,
        why: why.join('\n').trim() || undefined,
        fix: 'pern check finds most mistakes of a tree',
      });
    }
    throw error;
  }
}

function listScenarios({ terminal }: Invocation, repository: string): ExitCode {
  const folder = join(repository, SCENARIOS);
  for (const name of scenarioNames(folder)) {
    const scenario = readScenario(join(folder, `${name}.yaml`), undefined);
    terminal.line(`${name.padEnd(32)} ${scenario.name}`);
  }
  terminal.note('Next: pern rehearse SCENARIO');
  return EXIT_CODES.ok;
}

/** Prints the runs in the form that was asked for. */
export function report({ options, terminal }: Invocation, runs: readonly ReportedRun[]): ExitCode {
  const isGood = runs.every(({ facts }) => isExpected(facts));
  switch (options.text('output')) {
    case 'json':
      terminal.write(jsonReport(runs));
      break;
    case 'junit':
      terminal.write(junitReport(runs));
      break;
    case 'sarif':
      terminal.write(sarifReport(runs, version()));
      break;
    case 'markdown':
      terminal.write(markdownReport(runs));
      break;
    case 'html':
      terminal.write(htmlReport(runs));
      break;
    default:
      for (const { facts, wallMs } of runs) {
        if (runs.length === 1 || options.flag('full') || !isExpected(facts))
          terminal.lines([...textReport(facts, wallMs), []]);
        else terminal.line(summaryLine(facts));
      }
      terminal.note(
        runs.length === 1 ? 'Next: pern rehearse -o html SCENARIO > report.html' : 'Next: pern rehearse SCENARIO',
      );
  }
  return isGood ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
