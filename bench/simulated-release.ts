/**
 * One production release of the back end in the simulated host, as a process of its own: `node bench/simulated-release.ts`.
 * Prints `{ installMs, releaseMs, releaseSeconds, steps, startedMs }`: wall-clock times of both parts, virtual seconds of
 * the release, and the time from the start of the process to its end.
 */
import { join } from 'node:path';
import { SimulatedTree } from '../engine/host/simulated-tree.ts';

const FOUR_HOURS_MS = 4 * 3_600_000;

const beganMs = performance.now();
const tree = new SimulatedTree(join(import.meta.dirname, '..')).install();
const installedMs = performance.now();
const { time } = tree.simulation;
const [fromMs, fromSteps] = [time.now(), time.steps];
tree.release('production', '1.1.0');
const isPromoted = tree.simulation.run(() => tree.isPromoted('production', '1.1.0'), FOUR_HOURS_MS);
if (!isPromoted) throw new Error('the release was not promoted');
const endedMs = performance.now();
process.stdout.write(
  `${JSON.stringify({
    installMs: installedMs - beganMs,
    releaseMs: endedMs - installedMs,
    releaseSeconds: (time.now() - fromMs) / 1000,
    steps: time.steps - fromSteps,
    processMs: endedMs,
    cpuMs: (({ user, system }) => (user + system) / 1000)(process.cpuUsage()),
  })}\n`,
);
