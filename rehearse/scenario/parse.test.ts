import { describe, expect, it } from 'vitest';
import { runScenario } from '../run/runner.ts';
import { ownTree } from '../testing/tree.ts';
import { parseScenario, ScenarioError } from './parse.ts';

const HEAD = 'name: x\n';

function problemsOf(act: () => unknown): string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.message.split('\n');
  }
}

describe('mistakes of a scenario are told with place and the nearest right name', () => {
  it.each([
    ['', 'f.yaml:1:1 the file is empty; see scenarios/'],
    ['name: [', 'f.yaml:1:8 Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['name: x', 'f.yaml:1:1 the file needs "events"'],
    [`${HEAD}evnts: []\nevents: []`, 'f.yaml:2:1 the file has no field "evnts"; did you mean "events"?'],
    [`${HEAD}within: soon\nevents: []`, 'f.yaml:2:1 within: "soon" is not a duration; such as 90s, 15m, 1h30m or 2d'],
    [
      `${HEAD}images:\n  backend:\n    "1.1.0": { errorRate: 108% }\nevents: []`,
      'f.yaml:4:16 images.backend.1.1.0.errorRate: "108%" is not a share; such as 8% or 0.08, from 0 to 1',
    ],
    [
      `${HEAD}events:\n  - commit: { environment: a, images: { backend: 1.1 } }`,
      'f.yaml:3:41 events[0].commit.images.backend: 1.1 is a number; quote it: "1.1"',
    ],
    [
      `${HEAD}events:\n  - { approve: { environment: a }, refuse: { environment: a } }`,
      'f.yaml:3:5 events[0] has approve and refuse, which exclude each other; make two of it',
    ],
    [`${HEAD}events:\n  - revert: {}`, 'f.yaml:3:5 there is no commit before it to revert; commit first'],
    [
      `${HEAD}events: []\nexpect:\n  - { environment: a, outcome: promoted, maxWeight: 50 }`,
      'f.yaml:4:42 what is promoted gets all of the traffic; leave maxWeight out',
    ],
    [
      `${HEAD}events: []\nexpect:\n  - { environment: a, outcome: promotd }`,
      'f.yaml:4:23 expect[0].outcome: "promotd" is none of promoted, aborted, paused, unchanged, waiting, degraded; did you mean "promoted"?',
    ],
  ])('%j', (text, problem) => {
    expect(problemsOf(() => parseScenario('f.yaml', text))).toContain(problem);
  });

  it('names that the tree does not have', { timeout: 120_000 }, () => {
    const text = `${HEAD}environments: [development]\nimages: { bakend: { "1": {} } }\nevents:\n  - commit: { environment: developmnt, images: { backend: 1.1.0 } }\nexpect:\n  - { environment: development, component: frontnd, metric: sucess-rate }\n`;
    expect(problemsOf(() => runScenario(parseScenario('f.yaml', text), ownTree()))).toEqual([
      'f.yaml:3:11 there is no component or image "bakend"; did you mean "backend"?',
      'f.yaml:5:15 there is no environment "developmnt"; did you mean "development"?',
      'f.yaml:7:33 there is no component "frontnd"; did you mean "frontend"?',
      'f.yaml:7:53 there is no metric "sucess-rate"; did you mean "success-rate"?',
    ]);
  });

  it('an event that never comes: what it waited for, and what happened last', { timeout: 120_000 }, () => {
    const text = `${HEAD}within: 5m\nevents:\n  - commit: { environment: development, images: { backend: 1.1.0 } }\n  - when: { environment: development, component: backend, is: aborted }\n    revert: {}\n`;
    const [problem] = problemsOf(() => runScenario(parseScenario('f.yaml', text), ownTree()));
    expect(problem).toMatch(
      /^f\.yaml:5:5 this event waited for \{environment:development,component:backend,is:aborted\}, which did not come within 5 minutes; what happened last: .*promoted/,
    );
  });
});
