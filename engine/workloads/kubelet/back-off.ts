import type { ContainerState } from '#machine/pods.ts';

const FIRST_MS = 10_000;
const MAX_MS = 300_000;
/** A run as long as this begins the back-off anew. */
const RESET_MS = 600_000;

type EndedRun = Pick<ContainerState, 'startedAtMs' | 'finishedAtMs' | 'restartDelayMs'>;

/** When a container that ended may run again (pods-and-traffic.md §6): at once the first time, then 10 s doubling to 5 min. */
export function restartAtMs(run: EndedRun): number {
  const endedAtMs = run.finishedAtMs ?? run.startedAtMs;
  return ranLong(run) ? endedAtMs : endedAtMs + run.restartDelayMs;
}

/** The delay that the next run is started with: what will have to pass after its end. */
export function nextRestartDelayMs(run: EndedRun): number {
  if (run.restartDelayMs === 0 || ranLong(run)) return FIRST_MS;
  return Math.min(run.restartDelayMs * 2, MAX_MS);
}

function ranLong(run: EndedRun): boolean {
  return (run.finishedAtMs ?? run.startedAtMs) - run.startedAtMs >= RESET_MS;
}
