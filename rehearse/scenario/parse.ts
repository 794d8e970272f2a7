import { readSource } from '../../check/model/source.ts';
import { SCENARIO_SHAPE } from './schema.ts';
import { type Problem, readShape } from './shape.ts';
import type { Scenario } from './types.ts';

/** A Monday morning. */
const START_MS = Date.parse('2026-01-05T10:00:00Z');
const WITHIN_MS = 12 * 3_600_000;

/** The mistakes of a scenario, each with its place; nothing is run while there are any. */
export class ScenarioError extends Error {
  override name = 'ScenarioError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

export function formatProblem({ at, message, fix }: Problem): string {
  return `${at.file}:${at.line}:${at.column} ${message}${fix === undefined ? '' : `; ${fix}`}`;
}

/** Reads one scenario file. Throws ScenarioError; names of the tree are checked when the tree is there. */
export function parseScenario(file: string, text: string): Scenario {
  const source = readSource(file, text);
  const at = { file, line: 1, column: 1 };
  if (source.problems.length > 0) throw new ScenarioError(source.problems);
  const [document, more] = source.documents;
  if (document === undefined) throw new ScenarioError([{ at, message: 'the file is empty', fix: 'see scenarios/' }]);
  if (more !== undefined) throw new ScenarioError([{ at: more.at, message: 'a file holds one scenario' }]);
  const problems: Problem[] = [];
  const read = readShape(document.value, SCENARIO_SHAPE, [], { placeOf: document.placeOf, problems });
  if (problems.length > 0) throw new ScenarioError(problems);
  const { start, within, ...rest } = read as Record<string, unknown>;
  const scenario = {
    images: {},
    traffic: {},
    tree: {},
    expect: [],
    seed: 1,
    ...rest,
    startMs: (start as number | undefined) ?? START_MS,
    withinMs: (within as number | undefined) ?? WITHIN_MS,
    file,
    placeOf: document.placeOf,
  } as unknown as Scenario;
  const own = impossible(scenario);
  if (own.length > 0) throw new ScenarioError(own);
  return scenario;
}

/** What cannot come true whatever the tree is. */
function impossible(scenario: Scenario): Problem[] {
  const problems: Problem[] = [];
  const fail = (path: readonly (string | number)[], message: string, fix: string) =>
    problems.push({ at: scenario.placeOf(path), message, fix });
  const committed = new Set(scenario.events.flatMap(({ commit }) => Object.values(commit?.images ?? {})));
  scenario.events.forEach((event, index) => {
    const path = ['events', index];
    const times = (['at', 'on'] as const).filter((key) => event[key] !== undefined);
    if (times.length > 1) fail([...path, 'on'], 'an event has one time', 'give "at" or "on"');
    if (event.on !== undefined && event.on < scenario.startMs)
      fail([...path, 'on'], 'this is before the start of the scenario', 'move "start" or the event');
    const { commit, revert } = event;
    if (commit !== undefined && commit.images === undefined && commit.files === undefined)
      fail([...path, 'commit'], 'the commit changes nothing', 'give "images" or "files"');
    if (commit?.images !== undefined && commit.environment === undefined)
      fail([...path, 'commit'], 'a commit of images needs "environment"', 'name the environment');
    if (revert !== undefined && !scenario.events.slice(0, index).some((before) => before.commit !== undefined))
      fail([...path, 'revert'], 'there is no commit before it to revert', 'commit first');
  });
  scenario.expect.forEach((expectation, index) => {
    const path = ['expect', index];
    const { outcome, maxWeight, version, within } = expectation;
    if (outcome === 'promoted' && maxWeight !== undefined && maxWeight < 100)
      fail([...path, 'maxWeight'], 'what is promoted gets all of the traffic', 'leave maxWeight out');
    if (outcome === 'promoted' && version !== undefined && !committed.has(version))
      fail([...path, 'version'], `no event commits ${version}`, 'commit it, or name a version that is committed');
    if (within !== undefined && within > scenario.withinMs)
      fail([...path, 'within'], 'the scenario ends before that', 'raise "within" of the scenario');
  });
  return problems;
}
