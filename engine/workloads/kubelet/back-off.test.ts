import { expect, it } from 'vitest';
import { nextRestartDelayMs, restartAtMs } from './back-off.ts';

const ended = (restartDelayMs: number, ranMs = 1000) => ({ startedAtMs: 0, finishedAtMs: ranMs, restartDelayMs });

it('pods-and-traffic §6: at once, then 10 s doubling to 300 s', () => {
  const delays: number[] = [];
  for (let delayMs = 0; delays.length < 8; delayMs = nextRestartDelayMs(ended(delayMs))) delays.push(delayMs / 1000);
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  expect(restartAtMs(ended(20_000))).toBe(21_000);
});

it('pods-and-traffic §6: ten minutes of running begin the back-off anew', () => {
  expect(restartAtMs(ended(300_000, 600_000))).toBe(600_000);
  expect(nextRestartDelayMs(ended(300_000, 600_000))).toBe(10_000);
});
