import { isActive, type SyncWindow, WindowError, windowLabel } from './sync-window.ts';

/** Why a sync may or may not run: the row of the decision table (argo-cd.md §1.8). */
export type DecisionRule =
  | 'no window'
  | 'deny'
  | 'deny, manual sync'
  | 'deny, overrun'
  | 'allow'
  | 'outside of denies'
  | 'outside of allows'
  | 'outside of allows, manual sync'
  | 'outside of allows, overrun'
  | 'invalid window';

export interface SyncDecision {
  allowed: boolean;
  rule: DecisionRule;
  /** The windows that decided. */
  windows: readonly SyncWindow[];
  /** `invalid sync windows: …`, when a window does not parse. */
  error?: string;
}

export interface SyncQuestion {
  /** Asked for by a person, not by the controller. */
  isManual: boolean;
  /** When the operation began; undefined for one that has not begun. */
  startedAtMs?: number | undefined;
  nowMs: number;
}

/**
 * Whether a sync may run now under the windows that are about its Application (cases cd/W20-W57). An operation that was
 * allowed when it began goes on into a deny, or out of an allow, whose windows all have `syncOverrun`.
 * @param windows Only those that match, see `matchingWindows`.
 */
export function decideSync(windows: readonly SyncWindow[], question: SyncQuestion): SyncDecision {
  const { startedAtMs, nowMs, isManual } = question;
  try {
    const now = decideAt(windows, isManual, nowMs, nowMs);
    if (now.allowed || startedAtMs === undefined || !now.windows.every(({ syncOverrun }) => syncOverrun === true)) {
      return now;
    }
    const then = decideAt(windows, isManual, startedAtMs, nowMs);
    if (!then.allowed) return now;
    return { ...now, allowed: true, rule: now.rule === 'deny' ? 'deny, overrun' : 'outside of allows, overrun' };
  } catch (error) {
    if (!(error instanceof WindowError)) throw error;
    const broken = windows.filter((window) => !parses(window));
    return { allowed: false, rule: 'invalid window', windows: broken, error: `invalid sync windows: ${error.message}` };
  }
}

/** The table without overrun, at a time whose zones are taken as they are now. */
function decideAt(windows: readonly SyncWindow[], isManual: boolean, atMs: number, nowMs: number): SyncDecision {
  if (windows.length === 0) return { allowed: true, rule: 'no window', windows };
  const active = new Set(windows.filter((window) => isActive(window, atMs, nowMs)));
  const denies = windows.filter((window) => window.kind === 'deny' && active.has(window));
  if (denies.length > 0) return forbidden('deny', denies, isManual);
  const allows = windows.filter((window) => window.kind === 'allow');
  const open = allows.filter((window) => active.has(window));
  if (open.length > 0) return { allowed: true, rule: 'allow', windows: open };
  if (allows.length > 0) return forbidden('outside of allows', allows, isManual);
  return { allowed: true, rule: 'outside of denies', windows };
}

function forbidden(
  rule: 'deny' | 'outside of allows',
  windows: readonly SyncWindow[],
  isManual: boolean,
): SyncDecision {
  if (!isManual || !windows.every(({ manualSync }) => manualSync === true)) return { allowed: false, rule, windows };
  return { allowed: true, rule: `${rule}, manual sync`, windows };
}

function parses(window: SyncWindow): boolean {
  try {
    isActive(window, 0);
    return true;
  } catch {
    return false;
  }
}

/** One sentence for people, without a full stop at the end: which windows decided, and how. */
export function describeDecision({ allowed, rule, windows, error }: SyncDecision): string {
  const named = windows.map(windowLabel).join(', ');
  switch (rule) {
    case 'no window':
      return 'no sync window is about it';
    case 'invalid window':
      return error ?? 'invalid sync windows';
    case 'outside of denies':
      return `no deny window is active (${named})`;
    case 'allow':
      return `inside of allow window ${named}`;
    case 'deny':
      return `inside of deny window ${named}`;
    case 'outside of allows':
      return `outside of every allow window (${named})`;
    default:
      return `${rule.startsWith('deny') ? 'inside of deny window' : 'outside of allow window'} ${named}, which ${
        rule.endsWith('overrun') ? 'lets a running sync finish' : 'permits manual syncs'
      }${allowed ? '' : ' only'}`;
  }
}
