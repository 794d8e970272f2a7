import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { progress } from './context.ts';
import type { Row } from './samples.ts';

interface Told {
  coldMs: number;
  setUpMs: number;
  residentMegabytes: number;
  heapMegabytes: number;
}

/** How many Rollouts; the aim is about 1,000, whose world takes eight minutes to build. */
const COUNTS = (process.env.BENCH_ROLLOUTS ?? '100,250').split(',').map(Number);

/** Rollouts in the middle of a canary, reconciled from cold, each number in a process of its own. */
export function measureRollouts(): Row[] {
  const bench = 'rollouts';
  return COUNTS.flatMap((count): Row[] => {
    const entry = join(import.meta.dirname, 'rollouts-cold.ts');
    const node = ['--disable-warning=ExperimentalWarning', '--expose-gc'];
    const told = JSON.parse(
      execFileSync(process.execPath, [...node, entry, String(count)], { encoding: 'utf8' }),
    ) as Told;
    progress(`${count}: ${(told.coldMs / 1000).toFixed(2)} s, set up in ${(told.setUpMs / 1000).toFixed(0)} s`);
    const name = `${count} Rollouts mid-canary, from cold to nothing left to do`;
    const perRollout: Row = {
      bench,
      name: `the same, for each Rollout (${count})`,
      unit: 'ms',
      values: [told.coldMs / count],
    };
    if (count < 1000) return [{ bench, name, unit: 's', values: [told.coldMs / 1000] }, perRollout];
    return [
      { bench, name, unit: 's', values: [told.coldMs / 1000], aim: { comparison: '≤', value: 10 } },
      perRollout,
      { bench, name: 'their heap', unit: 'MB', values: [told.heapMegabytes], aim: { comparison: '≤', value: 500 } },
      { bench, name: 'resident memory, building their world included', unit: 'MB', values: [told.residentMegabytes] },
    ];
  });
}
