import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { progress } from './context.ts';
import type { Row } from './samples.ts';

interface Told {
  coldMs: number;
  coldMb: number;
  commits: { commitMs: number; quietMs: number; steps: number }[];
}

const COUNT = 1000;
const COUNT_FEW = 100;

/** Many Applications of 20 resources each, in an engine of its own process: cold, and after a commit that concerns one. */
export function measureApplications(): Row[] {
  const few = run(COUNT_FEW);
  const many = run(COUNT);
  const bench = 'applications';
  const commits = (told: Told) => told.commits.map(({ commitMs }) => commitMs);
  return [
    {
      bench,
      name: `${COUNT} Applications, cold to all Synced`,
      unit: 's',
      values: [many.coldMs / 1000],
      aim: { comparison: '≤', value: 20 },
    },
    { bench, name: 'resident memory then', unit: 'MB', values: [many.coldMb], aim: { comparison: '≤', value: 700 } },
    {
      bench,
      name: `commit to its one Application synced, ${COUNT_FEW} Applications`,
      unit: 'ms',
      values: commits(few),
      aim: { comparison: '≤', value: 300 },
    },
    {
      bench,
      name: `commit to its one Application synced, ${COUNT} Applications`,
      unit: 'ms',
      values: commits(many),
      aim: { comparison: '≤', value: 300 },
    },
    {
      bench,
      name: 'until the others show the new revision too',
      unit: 'ms',
      values: many.commits.map(({ quietMs }) => quietMs),
    },
  ];
}

function run(count: number): Told {
  const entry = join(import.meta.dirname, 'applications-engine.ts');
  const args = ['--expose-gc', '--disable-warning=ExperimentalWarning', entry, String(count)];
  const told = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Told;
  progress(`${count} Applications: cold ${(told.coldMs / 1000).toFixed(1)} s, ${told.coldMb.toFixed(0)} MB`);
  return told;
}
