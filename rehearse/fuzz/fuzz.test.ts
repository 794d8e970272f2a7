import { expect, it } from 'vitest';
import { ownTree } from '../testing/tree.ts';
import { withoutEnvironments } from '../world/tree-files.ts';
import { fuzzOne } from './fuzz.ts';
import { randomScenario, smaller } from './world.ts';

/** `REHEARSE_FUZZ=1000` plays that many worlds. */
const WORLDS = Number(process.env.REHEARSE_FUZZ ?? 2);
const SPACE = { environment: 'development', components: ['backend', 'frontend'] };

it(`${WORLDS} random worlds keep every promise`, { timeout: 60_000 + WORLDS * 10_000 }, () => {
  const { files, root } = ownTree();
  const tree = { files: withoutEnvironments(files, new Set(['development'])), root };
  for (let seed = 1; seed <= WORLDS; seed++) expect(fuzzOne(seed, SPACE, tree), `seed ${seed}`).toBeUndefined();
});

it('a seed always makes the same story; smaller stories have one thing less', () => {
  expect(JSON.stringify(randomScenario(5, SPACE))).toBe(JSON.stringify(randomScenario(5, SPACE)));
  const story = randomScenario(5, SPACE);
  for (const one of smaller(story))
    expect(JSON.stringify(one).length).toBeLessThanOrEqual(JSON.stringify(story).length);
});
