import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { progress } from './context.ts';
import type { Row } from './samples.ts';

const RUNS = 5;

interface Told {
  installMs: number;
  releaseMs: number;
  releaseSeconds: number;
  processMs: number;
}

/** A production release of the back end in the simulated host, each in a process of its own. */
export function measureSimulation(): Row[] {
  const runs: Told[] = [];
  for (let run = 0; run < RUNS; run++) {
    const entry = join(import.meta.dirname, 'simulated-release.ts');
    const output = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
      encoding: 'utf8',
    });
    const told = JSON.parse(output) as Told;
    runs.push(told);
    progress(`${(told.releaseSeconds / 60).toFixed(0)} virtual minutes in ${(told.releaseMs / 1000).toFixed(2)} s`);
  }
  const bench = 'simulation';
  const column = (of: (told: Told) => number) => runs.map(of);
  const minutes = ((runs[0]?.releaseSeconds ?? 0) / 60).toFixed(0);
  return [
    {
      bench,
      name: 'simulated host, three environments',
      unit: 'virtual s/s',
      values: column(({ releaseSeconds, releaseMs }) => (releaseSeconds * 1000) / releaseMs),
      aim: { comparison: '≥', value: 5000 },
    },
    {
      bench,
      name: `production canary of ${minutes} virtual minutes`,
      unit: 's',
      values: column(({ releaseMs }) => releaseMs / 1000),
      aim: { comparison: '≤', value: 2 },
    },
    {
      bench,
      name: 'the same with the process start and the installation',
      unit: 's',
      values: column(({ processMs }) => processMs / 1000),
    },
  ];
}
