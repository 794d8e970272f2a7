import { decideSync, type SyncDecision } from './sync-decision.ts';
import { isActive, nextWindowChange, type SyncWindow, WindowError } from './sync-window.ts';

/** A stretch of time in which the same syncs are permitted. */
export interface CalendarSpan {
  fromMs: number;
  toMs: number;
  automatic: SyncDecision;
  manual: SyncDecision;
}

const SPANS_MAX = 5000;

/**
 * What the windows of one Application permit from one time to another, span by span; syncs that begin then, without
 * overrun. An invalid window makes it one span that permits nothing.
 * @param windows Only those that match, see `matchingWindows`.
 */
export function windowCalendar(windows: readonly SyncWindow[], fromMs: number, toMs: number): CalendarSpan[] {
  const spans: CalendarSpan[] = [];
  for (let atMs = fromMs; atMs < toMs && spans.length < SPANS_MAX; ) {
    const automatic = decideSync(windows, { isManual: false, nowMs: atMs });
    const manual = decideSync(windows, { isManual: true, nowMs: atMs });
    const changeMs = automatic.error === undefined ? (nextWindowChange(windows, atMs) ?? toMs) : toMs;
    const endMs = Math.min(changeMs, toMs);
    const last = spans[spans.length - 1];
    if (last !== undefined && isSame(last.automatic, automatic) && isSame(last.manual, manual)) last.toMs = endMs;
    else spans.push({ fromMs: atMs, toMs: endMs, automatic, manual });
    atMs = endMs;
  }
  return spans;
}

function isSame(left: SyncDecision, right: SyncDecision): boolean {
  if (left.allowed !== right.allowed || left.rule !== right.rule) return false;
  return left.windows.length === right.windows.length && left.windows.every((item, at) => item === right.windows[at]);
}

/** Phases that are looked through for a change of state; a window that goes on longer has none worth telling. */
const PHASES_MAX = 24;

/** What a window does at a time, and when it next does the other. */
export type WindowState =
  | { state: 'active' | 'inactive'; changesAtMs: number | undefined }
  | { state: 'invalid'; error: string };

/** The state of one window; a change of clocks that leaves it as it is does not count. */
export function windowState(window: SyncWindow, atMs: number): WindowState {
  try {
    const active = isActive(window, atMs);
    let changeMs: number | undefined = atMs;
    for (let count = 0; count < PHASES_MAX && changeMs !== undefined; count++) {
      changeMs = nextWindowChange([window], changeMs);
      if (changeMs !== undefined && isActive(window, changeMs) !== active) break;
      if (count === PHASES_MAX - 1) changeMs = undefined;
    }
    return { state: active ? 'active' : 'inactive', changesAtMs: changeMs };
  } catch (error) {
    if (!(error instanceof WindowError)) throw error;
    return { state: 'invalid', error: error.message };
  }
}
