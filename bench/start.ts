import { type BenchContext, progress } from './context.ts';
import { untilHealthy } from './live-engine.ts';
import type { Row } from './samples.ts';

const READY_RUNS = 5;
const HEALTHY_RUNS = 3;

/** From the start of the process to its record, written when the API answers; on an empty state folder each time. */
export async function measureApiReady({ repository }: BenchContext): Promise<Row[]> {
  const values: number[] = [];
  for (let run = 0; run < READY_RUNS; run++) {
    repository.freshState({ keepImages: false });
    const beganAtMs = Date.now();
    const engine = await repository.start(['development']);
    values.push((repository.readyAtMs() - beganAtMs) / 1000);
    progress(`API ready after ${values.at(-1)?.toFixed(2)} s`);
    await engine.destroy();
  }
  const aim = { comparison: '≤', value: 1 } as const;
  return [{ bench: 'api-ready', name: 'engine start to API ready', unit: 's', values, aim }];
}

/** From the start of the process to three environments Synced and Healthy: images to be built first, then without that. */
export async function measureHealthy({ repository }: BenchContext): Promise<Row[]> {
  const time = async (keepImages: boolean) => {
    repository.freshState({ keepImages });
    const beganMs = performance.now();
    const engine = await repository.start();
    try {
      await untilHealthy(engine);
      const seconds = (performance.now() - beganMs) / 1000;
      progress(`all Healthy after ${seconds.toFixed(1)} s${keepImages ? '' : ', images built'}`);
      return seconds;
    } finally {
      await engine.destroy();
    }
  };
  const withBuilds = [await time(false)];
  const values: number[] = [];
  for (let run = 0; run < HEALTHY_RUNS; run++) values.push(await time(true));
  const aim = { comparison: '≤', value: 40 } as const;
  const bench = 'healthy';
  return [
    { bench, name: 'start to all Healthy', remark: 'images built as well', unit: 's', values: withBuilds, aim },
    { bench, name: 'start to all Healthy', remark: 'images there', unit: 's', values, aim },
  ];
}
