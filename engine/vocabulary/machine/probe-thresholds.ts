import type { ProbeKind, ProbeSpec, ProbeState } from './pods.ts';

/** How far a running probe is from its next verdict. */
export interface ProbeCount {
  state: ProbeState;
  /** The outcome of the last attempts and how many of them in a row. */
  last: 'success' | 'failure' | undefined;
  inRow: number;
}

export const NO_ATTEMPTS: ProbeCount = {
  state: { result: 'unknown', message: '', atMs: 0 },
  last: undefined,
  inRow: 0,
};

/**
 * The count after one more attempt. The verdict turns when `successThreshold` or `failureThreshold` attempts in a row
 * agree; `state` keeps its identity while the verdict stays, so callers announce a change by comparing references.
 * @param message What the attempt said; kept for failures.
 */
export function afterAttempt(
  count: ProbeCount,
  spec: Pick<ProbeSpec, 'successThreshold' | 'failureThreshold'>,
  attempt: { ok: boolean; message: string },
  nowMs: number,
): ProbeCount {
  const last = attempt.ok ? 'success' : 'failure';
  const inRow = count.last === last ? count.inRow + 1 : 1;
  const threshold = attempt.ok ? spec.successThreshold : spec.failureThreshold;
  if (inRow < threshold || count.state.result === last) return { ...count, last, inRow };
  return { last, inRow, state: { result: last, message: attempt.ok ? '' : attempt.message, atMs: nowMs } };
}

/** A startup probe is over once it has a verdict; the others go on for the life of the container. */
export function isOver(kind: ProbeKind, count: ProbeCount): boolean {
  return kind === 'startup' && count.state.result !== 'unknown';
}
