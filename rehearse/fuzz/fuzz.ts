import { runScenario, StoryError } from '../run/runner.ts';
import { ScenarioError } from '../scenario/parse.ts';
import type { Scenario } from '../scenario/types.ts';
import type { Root } from '../world/root.ts';
import type { Files } from '../world/tree-files.ts';
import { Checkers, type Violation } from './checkers.ts';
import { type FuzzSpace, randomScenario, smaller } from './world.ts';

export interface FuzzTree {
  files: Files;
  root: Root;
}

export interface Failure {
  seed: number;
  violation: Violation;
  /** The shortest story found in which the same promise is broken. */
  story: Scenario;
  startMs: number;
}

/** Runs of the same world at most, to find a shorter story. */
const SHRINK_RUNS_MAX = 60;

/** Plays one random world. Returns what was broken in it, with the shortest story, or undefined. */
export function fuzzOne(seed: number, space: FuzzSpace, tree: FuzzTree): Failure | undefined {
  const scenario = randomScenario(seed, space);
  const violation = violationOf(scenario, tree);
  if (violation === undefined) return undefined;
  const found = shrink(scenario, violation, tree);
  return { seed, violation: found.violation, story: found.scenario, startMs: scenario.startMs };
}

/** The first promise that a story breaks. */
export function violationOf(scenario: Scenario, tree: FuzzTree): Violation | undefined {
  let checkers: Checkers | undefined;
  try {
    const facts = runScenario(scenario, {
      ...tree,
      onWorld: (world) => {
        checkers = new Checkers(world);
      },
      onStep: () => checkers?.look(),
    });
    checkers?.end(facts.isSettled);
  } catch (error) {
    if (error instanceof StoryError) return { promise: 'the world comes to rest', atMs: 0, seen: error.message };
    // An event that the world did not get to is no broken promise.
    if (!(error instanceof ScenarioError)) throw error;
  }
  return checkers?.violations[0];
}

function shrink(
  scenario: Scenario,
  violation: Violation,
  tree: FuzzTree,
): { scenario: Scenario; violation: Violation } {
  let best = { scenario, violation };
  let runs = 0;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(best.scenario)) {
      if (++runs > SHRINK_RUNS_MAX) return best;
      const same = violationOf(candidate, tree);
      if (same?.promise !== violation.promise) continue;
      best = { scenario: candidate, violation: same };
      found = true;
      break;
    }
  }
  return best;
}

/** A story as lines: what happens, in order. */
export function storyLines({ events, images, traffic }: Scenario): string[] {
  const seconds = (ms = 0) => `+${ms / 1000} s`;
  return [
    ...Object.entries(traffic).map(([name, model]) => `traffic ${name}: ${model.requestsPerSecond} requests/s`),
    ...Object.entries(images).flatMap(([component, models]) =>
      Object.entries(models).map(([tag, model]) => `${component} ${tag}: ${JSON.stringify(model)}`),
    ),
    ...events.map(({ after, ...event }) => `${seconds(after)} ${JSON.stringify(event)}`),
  ];
}
