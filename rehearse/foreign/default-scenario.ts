import { installWorld } from '../run/installation.ts';
import type { ImageModel, Scenario } from '../scenario/types.ts';
import type { Environment } from '../world/map.ts';
import type { Root } from '../world/root.ts';
import type { Files } from '../world/tree-files.ts';

/** A Monday morning. */
const START_MS = Date.parse('2026-01-05T10:00:00Z');
const GOOD_TAG = 'rehearsed-good';
const BAD_TAG = 'rehearsed-bad';
export const BAD_MODEL: ImageModel = { errorRate: 0.1 };

/** A scenario that no file holds. */
export function madeScenario(
  fields: Partial<Scenario> & Pick<Scenario, 'name' | 'events'>,
  file = 'pern rehearse',
): Scenario {
  return {
    file,
    startMs: START_MS,
    withinMs: 24 * 3_600_000,
    seed: 1,
    images: {},
    traffic: {},
    tree: {},
    expect: [],
    approvals: { after: 300_000, by: 'approver' },
    placeOf: () => ({ file, line: 1, column: 1 }),
    ...fields,
  };
}

/** For a tree without scenarios: in each environment, every Rollout gets one good release and one that answers 10 % wrongly. */
export function defaultScenarios(tree: { files: Files; root: Root }): Scenario[] {
  const world = installWorld(madeScenario({ name: 'look', events: [] }), tree, () => {});
  return world.environments
    .filter(({ components }) => components.length > 0)
    .flatMap((environment) => [release(environment, GOOD_TAG), release(environment, BAD_TAG)]);
}

function release(environment: Environment, tag: string): Scenario {
  const names = environment.components.map(({ name }) => name);
  const isBad = tag === BAD_TAG;
  const images = Object.fromEntries(environment.components.map(({ image }) => [image, { [BAD_TAG]: BAD_MODEL }]));
  return madeScenario({
    name: `${isBad ? 'Bad' : 'Good'} release of ${names.join(', ')} in ${environment.name}`,
    ...(isBad ? { images } : {}),
    events: [
      { commit: { environment: environment.name, images: Object.fromEntries(names.map((name) => [name, tag])) } },
    ],
  });
}
