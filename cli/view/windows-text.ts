import { decideSync, describeDecision, type SyncDecision } from '../../engine/stages/sync/app-project/sync-decision.ts';
import { type SyncWindow, windowLabel } from '../../engine/stages/sync/app-project/sync-window.ts';
import { type CalendarSpan, windowState } from '../../engine/stages/sync/app-project/window-calendar.ts';
import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import { type Cell, type Line, labelled, plain, span, titledTable } from './lines.ts';

const LIST_TITLES = [
  'ID',
  'STATUS',
  'KIND',
  'SCHEDULE',
  'DURATION',
  'APPLICATIONS',
  'NAMESPACES',
  'CLUSTERS',
  'MANUALSYNC',
  'SYNCOVERRUN',
  'TIMEZONE',
  'USEANDOPERATOR',
];

/** `pern windows list`: the columns of `argocd proj windows list`, one table a project. */
export function windowListLines(
  projects: readonly { name: string; windows: readonly SyncWindow[] }[],
  nowMs: number,
): Line[] {
  const rows = projects.flatMap(({ name, windows }) =>
    windows.map((window, id): Cell[] => [
      name,
      String(id),
      statusCell(window, nowMs),
      window.kind ?? '',
      window.schedule ?? '',
      window.duration ?? '',
      listCell(window.applications),
      listCell(window.namespaces),
      listCell(window.clusters),
      enabledCell(window.manualSync),
      enabledCell(window.syncOverrun),
      window.timeZone ?? 'UTC',
      enabledCell(window.andOperator),
    ]),
  );
  return titledTable(['PROJECT', ...LIST_TITLES], rows, 2);
}

function statusCell(window: SyncWindow, nowMs: number): Cell {
  const { state } = windowState(window, nowMs);
  if (state === 'invalid') return span('Invalid', 'bad');
  return state === 'active' ? span('Active', 'ok') : span('Inactive', 'dim');
}

const listCell = (values: readonly string[] | undefined) => (values ?? []).join(',') || '-';
const enabledCell = (value: boolean | undefined) => (value === true ? 'Enabled' : 'Disabled');

export interface Explanation {
  application: { name: string; project: string };
  atMs: number;
  /** All windows of the project, and which of them are about the Application. */
  windows: readonly { window: SyncWindow; matches: boolean }[];
  automatic: SyncDecision;
  manual: SyncDecision;
  /** The days after, for the time line. */
  calendar: readonly CalendarSpan[];
}

/** `pern windows explain`: the verdicts, every window with its state, and a time line of the days that follow. */
export function explanationLines(given: Explanation): Line[] {
  const { application, atMs, windows, calendar } = given;
  const about = windows.filter(({ matches }) => matches).length;
  return [
    ...labelled(
      [
        ['Application', `${application.name} (project ${application.project})`],
        ['At', `${weekday(atMs)} ${formatMinute(atMs)} UTC`],
        ['Automated sync', verdictCell(given.automatic)],
        ['Manual sync', verdictCell(given.manual)],
      ],
      18,
    ),
    [],
    ...(windows.length === 0 ? [plain('The project has no sync windows.')] : windowLines(given)),
    ...(about === 0 ? [] : [[], ...timelineLines(calendar)]),
  ];
}

function verdictCell(decision: SyncDecision): Cell {
  const verdict = decision.allowed ? span('allowed', 'ok') : span('blocked', 'bad');
  return [verdict, span(`: ${describeDecision(decision)}`)];
}

function windowLines({ windows, automatic, manual, atMs }: Explanation): Line[] {
  const decided = new Set([...automatic.windows, ...manual.windows]);
  const rows = windows.map(({ window, matches }, id): Cell[] => [
    decided.has(window) ? span('*', 'strong') : '',
    String(id),
    window.kind ?? '',
    window.schedule ?? '',
    window.duration ?? '',
    window.timeZone ?? 'UTC',
    matches ? 'yes' : span('no', 'dim'),
    ...stateCells(window, atMs),
    window.description ?? '',
  ]);
  return titledTable(
    ['', 'ID', 'KIND', 'SCHEDULE', 'DURATION', 'TIMEZONE', 'ABOUT IT', 'STATE', 'CHANGES', 'DESCRIPTION'],
    rows,
    2,
  );
}

function stateCells(window: SyncWindow, atMs: number): Cell[] {
  const phase = windowState(window, atMs);
  if (phase.state === 'invalid') return [span('invalid', 'bad'), phase.error];
  const state = phase.state === 'active' ? span('active', 'ok') : span('inactive', 'dim');
  if (phase.changesAtMs === undefined) {
    const never = phase.state === 'active' ? 'does not close' : 'does not open';
    return [state, never];
  }
  const verb = phase.state === 'active' ? 'closes' : 'opens';
  const when = `${weekday(phase.changesAtMs)} ${formatMinute(phase.changesAtMs)}`;
  return [state, `${verb} ${when} (in ${formatAge(phase.changesAtMs - atMs)})`];
}

const HALF_HOUR_MS = 1_800_000;
const DAY_MS = 86_400_000;
const INSTANT_MS = 1000;
const CELLS = 48;
const SYMBOLS = { all: '█', manual: '▒', none: '·', mixed: '▚', past: ' ' } as const;

/** One row a day, one column each half hour, in UTC. */
export function timelineLines(calendar: readonly CalendarSpan[]): Line[] {
  const [first, last] = [calendar[0], calendar[calendar.length - 1]];
  if (first === undefined || last === undefined) return [];
  const lines: Line[] = [];
  for (let dayMs = Math.floor(first.fromMs / DAY_MS) * DAY_MS; dayMs < last.toMs; dayMs += DAY_MS) {
    const cells = Array.from({ length: CELLS }, (_, index) => {
      const symbol = symbolOf(calendar, dayMs + index * HALF_HOUR_MS);
      return span(symbol, symbol === SYMBOLS.all ? 'ok' : symbol === SYMBOLS.none ? 'bad' : 'warn');
    });
    lines.push([span(`${weekday(dayMs)} ${formatMinute(dayMs).slice(5, 10)}  `), ...cells]);
  }
  const hours = ['00', '03', '06', '09', '12', '15', '18', '21'].map((hour) => hour.padEnd(6)).join('');
  const legend = `${SYMBOLS.all} automated and manual   ${SYMBOLS.manual} manual only   ${SYMBOLS.none} blocked   ${SYMBOLS.mixed} changes within the half hour`;
  return [[span(`UTC        ${hours}`, 'dim')], ...lines, [span(legend, 'dim')]];
}

function symbolOf(calendar: readonly CalendarSpan[], fromMs: number): string {
  const toMs = fromMs + HALF_HOUR_MS;
  const inside = calendar.filter(
    // An opening excludes its first instant, which is no change to show.
    (part) => Math.min(part.toMs, toMs) - Math.max(part.fromMs, fromMs) > INSTANT_MS,
  );
  const found = new Set(inside.map(kindOf));
  if (found.size > 1) return SYMBOLS.mixed;
  const [only] = found;
  return only === undefined ? SYMBOLS.past : SYMBOLS[only];
}

function kindOf({ automatic, manual }: CalendarSpan): 'all' | 'manual' | 'none' {
  if (automatic.allowed) return 'all';
  return manual.allowed ? 'manual' : 'none';
}

/** One change of what is permitted to an Application. */
export interface WindowChange {
  application: string;
  atMs: number;
  automatic: SyncDecision;
  manual: SyncDecision;
}

/** `pern windows next`. */
export function changeLines(changes: readonly WindowChange[], nowMs: number): Line[] {
  const rows = changes.map(({ application, atMs, automatic, manual }): Cell[] => [
    `${weekday(atMs)} ${formatMinute(atMs)}`,
    formatAge(atMs - nowMs),
    application,
    automatic.allowed ? span('allowed', 'ok') : span('blocked', 'bad'),
    manual.allowed ? span('allowed', 'ok') : span('blocked', 'bad'),
    describeDecision(automatic),
  ]);
  return titledTable(['TIME (UTC)', 'IN', 'APPLICATION', 'AUTOMATED', 'MANUAL', 'WHY'], rows, 2);
}

/** What `argocd app get` says about the windows of one Application; nothing when none is about it. */
export function windowSummaryLines(about: readonly SyncWindow[], nowMs: number): Line[] {
  if (about.length === 0) return [];
  const [automatic, manual] = [false, true].map((isManual) => decideSync(about, { isManual, nowMs }).allowed);
  const verdict = automatic
    ? span('Sync Allowed', 'ok')
    : manual
      ? span('Manual Allowed', 'warn')
      : span('Sync Denied', 'bad');
  return labelled(
    [
      ['SyncWindow', verdict],
      ['Assigned Windows', about.map(windowLabel).join(',')],
    ],
    20,
  );
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function weekday(timeMs: number): string {
  return WEEKDAYS[new Date(timeMs).getUTCDay()] ?? '';
}

/** `2026-01-09 18:00`. */
function formatMinute(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}
