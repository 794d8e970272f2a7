import { parseGoDurationMs } from '#core/duration.ts';
import { compileGlob } from '../../render/glob.ts';
import { CronError, type CronSchedule, nextCronTime, parseCron } from './cron.ts';
import { goDurationError } from './go-duration-error.ts';
import { nextOffsetChange, utcZone, type Zone, zoneNamed } from './time-zone.ts';

/** One of an AppProject's `spec.syncWindows` (argo-cd.md §1.8), as it is stored. */
export interface SyncWindow {
  kind?: string;
  schedule?: string;
  duration?: string;
  applications?: readonly string[];
  namespaces?: readonly string[];
  clusters?: readonly string[];
  manualSync?: boolean;
  timeZone?: string;
  andOperator?: boolean;
  description?: string;
  syncOverrun?: boolean;
}

/** What of an Application decides whether a window is about it: as written in its spec, nothing resolved. */
export interface WindowSubject {
  name: string;
  destination: { server?: string; name?: string; namespace?: string };
}

/** A window that cannot be evaluated: upstream blocks every sync of the Applications it is about. */
export class WindowError extends Error {
  override name = 'WindowError';
  readonly field: 'schedule' | 'duration';

  constructor(field: 'schedule' | 'duration', message: string) {
    super(message);
    this.field = field;
  }
}

/** The windows that are about an Application, in the project's order (cases cd/W07-W16). */
export function matchingWindows(
  windows: readonly SyncWindow[] | undefined,
  subject: WindowSubject,
): readonly SyncWindow[] {
  return (windows ?? []).filter((window) => isAbout(window, subject));
}

/** Lists left out ask nothing. Of those given one must match, or with `andOperator` all; without any, nothing does. */
function isAbout(window: SyncWindow, { name, destination }: WindowSubject): boolean {
  const { server = '', name: cluster = '', namespace = '' } = destination;
  const verdicts = [
    verdictOf(window.applications, [name]),
    verdictOf(
      window.clusters,
      [cluster, server].filter((text) => text !== ''),
    ),
    verdictOf(window.namespaces, [namespace]),
  ].filter((verdict) => verdict !== undefined);
  if (verdicts.length === 0) return false;
  return window.andOperator === true ? verdicts.every(Boolean) : verdicts.some(Boolean);
}

function verdictOf(patterns: readonly string[] | undefined, values: readonly string[]): boolean | undefined {
  if (patterns === undefined || patterns.length === 0) return undefined;
  return patterns.some((pattern) => values.some((value) => compileGlob(pattern)(value)));
}

/** A window with its texts parsed. */
interface Timetable {
  schedule: CronSchedule;
  durationMs: number;
  zone: Zone;
}

/** Throws WindowError with the message of upstream. */
export function parseTimetable(window: SyncWindow): Timetable {
  const { schedule = '', duration = '', timeZone = '' } = window;
  let parsed: CronSchedule;
  try {
    parsed = parseCron(schedule);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    throw new WindowError('schedule', `cannot parse schedule '${schedule}': ${error.message}`);
  }
  const durationMs = parseGoDurationMs(duration);
  if (durationMs === undefined) {
    throw new WindowError('duration', `cannot parse duration '${duration}': ${goDurationError(duration)}`);
  }
  return { schedule: parsed, durationMs, zone: zoneNamed(timeZone) ?? utcZone };
}

/**
 * Whether a window is active at a time (cases cd/W01-W06): between a start and the end of its duration, both excluded.
 * Upstream shifts the schedule by the offset its time zone has `nowMs`, whichever time is asked about, and takes a
 * schedule that never fires for one that is always active. Throws WindowError.
 */
export function isActive(window: SyncWindow, atMs: number, nowMs: number = atMs): boolean {
  const { schedule, durationMs, zone } = parseTimetable(window);
  const wallMs = atMs + zone.offsetMs(nowMs);
  const startMs = nextCronTime(schedule, wallMs - durationMs);
  return startMs === undefined || startMs < wallMs;
}

/** What a window does around a time. */
export interface WindowPhase {
  active: boolean;
  /** The start of this phase, as far as it is known: of the run of openings that `atMs` is in. */
  startMs: number | undefined;
  /** When the phase ends: the window closes, or opens. Undefined when it lasts for as long as the schedule tells. */
  endMs: number | undefined;
}

/** Openings that follow each other without a gap are one; a run longer than this is looked at again when it is over. */
const OPENINGS_MAX = 3000;

const PHASES = new WeakMap<SyncWindow, { fromMs: number; untilMs: number; phase: WindowPhase }>();

/**
 * The phase a window is in: until `endMs` its state does not change. Throws WindowError.
 * At the very start and end of an opening a window is not active; `endMs` of an inactive phase is that start.
 */
export function windowPhase(window: SyncWindow, nowMs: number): WindowPhase {
  const known = PHASES.get(window);
  if (known !== undefined && known.fromMs <= nowMs && nowMs < known.untilMs) return known.phase;
  const phase = computePhase(window, nowMs);
  const untilMs = phase.endMs ?? Number.POSITIVE_INFINITY;
  if (Object.isFrozen(window)) PHASES.set(window, { fromMs: nowMs, untilMs, phase });
  return phase;
}

function computePhase(window: SyncWindow, nowMs: number): WindowPhase {
  const { schedule, durationMs, zone } = parseTimetable(window);
  const offsetMs = zone.offsetMs(nowMs);
  const wallMs = nowMs + offsetMs;
  const startMs = nextCronTime(schedule, wallMs - durationMs);
  if (startMs === undefined) return { active: true, startMs: undefined, endMs: undefined };
  const active = startMs < wallMs;
  let endMs = active ? startMs + durationMs : startMs;
  if (!active && durationMs <= 0) return { active, startMs: undefined, endMs: undefined };
  if (active) {
    let lastMs = startMs;
    for (let count = 0; count < OPENINGS_MAX; count++) {
      const followingMs = nextCronTime(schedule, lastMs);
      if (followingMs === undefined || followingMs > lastMs + durationMs) break;
      lastMs = followingMs;
      endMs = lastMs + durationMs;
    }
  }
  const changeMs = nextOffsetChange(zone, nowMs, endMs - offsetMs);
  return { active, startMs: active ? startMs - offsetMs : undefined, endMs: changeMs ?? endMs - offsetMs };
}

/** When the state of any of the windows may change next: the moment from which it is different. */
export function nextWindowChange(windows: readonly SyncWindow[], nowMs: number): number | undefined {
  const times = windows.flatMap((window) => {
    const { active, endMs } = windowPhase(window, nowMs);
    // An opening excludes its first instant.
    return endMs === undefined ? [] : [active ? endMs : endMs + 1];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/** `deny:0 2 * * *:1h`, as `argocd app get` names a window. */
export function windowLabel({ kind = '', schedule = '', duration = '' }: SyncWindow): string {
  return `${kind}:${schedule}:${duration}`;
}
