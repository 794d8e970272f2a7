/**
 * Time as an argument. Product code never reads the machine's clock: it is given one of these.
 * The live host's clock is the machine's; the simulated host's is an event heap that jumps from event to event.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Takes back a scheduled call. Calling it after the call has run does nothing. */
export type Cancel = () => void;

export interface Scheduler extends Clock {
  /** Runs `run` once, at `timeMs` or as soon after as possible; a time in the past means as soon as possible. */
  at(timeMs: number, run: () => void): Cancel;
  /** Runs `run` after everything that is due now, never inside the caller. */
  soon(run: () => void): void;
}

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time` (`2026-01-02T03:04:05Z`). */
export function formatTime(timeMs: number): string {
  return new Date(Math.floor(timeMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since the epoch of an RFC 3339 time, or undefined when there is none or it does not parse. */
export function parseTime(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
