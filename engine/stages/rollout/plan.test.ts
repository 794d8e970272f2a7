import { expect, it } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import { rolloutController } from './controller.ts';
import { isRollbackWithinWindow, type Pass, type RsView } from './pass.ts';

goldenTests(import.meta.dirname, rolloutController as Controller<never>);

/** Ages of ReplicaSets: r0 is the oldest, `e` belongs to an experiment. */
const AGES = ['r0', 'r1', 'r2', 'r3', 'e', 'r5'];

function view(name: string): RsView {
  const annotations = name === 'e' ? { 'experiment.argoproj.io/name': 'x' } : {};
  return { name, createdAtMs: AGES.indexOf(name) * 1000, object: { metadata: { annotations } } } as unknown as RsView;
}

it.each([
  ['r0', undefined, 1, false],
  ['r0', 'r1', 1, false],
  ['r1', 'r0', 1, true],
  ['r2', 'r0', 2, true],
  ['r3', 'r0', 2, false],
  ['r5', 'r3', 1, true],
])('rollouts/table K: stable %s, new %s, window %i → %s', (stable, wanted, revisions, within) => {
  const pass = {
    stableRS: view(stable),
    newRS: wanted === undefined ? undefined : view(wanted),
    allRSs: AGES.map(view),
    rollout: { spec: { rollbackWindow: { revisions } } },
  } as unknown as Pass;
  expect(isRollbackWithinWindow(pass)).toBe(within);
});
