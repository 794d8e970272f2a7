import { decideSync, describeDecision, type SyncDecision } from '../../engine/stages/sync/app-project/sync-decision.ts';
import { windowCalendar, windowState } from '../../engine/stages/sync/app-project/window-calendar.ts';
import { validateWindows } from '../../engine/stages/sync/app-project/window-validation.ts';
import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { span } from '../view/lines.ts';
import {
  changeLines,
  type Explanation,
  explanationLines,
  type WindowChange,
  windowListLines,
} from '../view/windows-text.ts';
import {
  chooseApplication,
  readWindowWorld,
  unknownProject,
  type WindowApplication,
  type WindowWorld,
  windowsAbout,
} from './window-world.ts';

const DAY_MS = 86_400_000;
const DAYS = 7;

export async function runWindowsList(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal, now, arguments: words } = invocation;
  const world = await readWindowWorld(invocation);
  const [name] = words;
  const projects = world.projects.filter((project) => name === undefined || project.name === name);
  if (name !== undefined && projects.length === 0) throw unknownProject(world, name);
  const nowMs = now();
  if (options.text('output') === 'json') {
    const windows = projects.flatMap((project) =>
      project.windows.map((window, id) => ({ project: project.name, id, ...window, ...stateOf(window, nowMs) })),
    );
    terminal.write(`${JSON.stringify(windows, undefined, 2)}\n`);
  } else if (projects.every(({ windows }) => windows.length === 0)) {
    terminal.note(`No project in ${world.origin} has sync windows: every sync may run at any time.`);
  } else terminal.lines(windowListLines(projects, nowMs));
  const problems = projects.flatMap((project) =>
    validateWindows({ syncWindows: project.windows }).map((text) => `${project.name}: ${text}`),
  );
  for (const text of problems) terminal.note([span('error', 'bad'), span(`: ${text}`)]);
  terminal.note('Next: pern windows explain --app APP');
  return problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function stateOf(window: Parameters<typeof windowState>[0], nowMs: number): Record<string, string> {
  const phase = windowState(window, nowMs);
  if (phase.state === 'invalid') return phase;
  const { state, changesAtMs } = phase;
  return changesAtMs === undefined ? { state } : { state, changesAt: formatTime(changesAtMs) };
}

export async function runWindowsExplain(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal, now } = invocation;
  const world = await readWindowWorld(invocation);
  const application = chooseApplication(world, invocation);
  const explanation = explain(world, application, parseAt(options.text('at'), now()));
  const { automatic, manual } = explanation;
  if (options.text('output') === 'json')
    terminal.write(`${JSON.stringify(explanationJson(explanation), undefined, 2)}\n`);
  else terminal.lines(explanationLines(explanation));
  const isManual = options.flag('manual') || !application.isAutomated;
  const decision = isManual ? manual : automatic;
  if (!decision.allowed) terminal.note(`Blocked (exit code 4). Next: pern windows next --app ${application.name}`);
  return decision.allowed ? EXIT_CODES.ok : EXIT_CODES.blocked;
}

function explain(world: WindowWorld, application: WindowApplication, atMs: number): Explanation {
  const about = windowsAbout(world, application);
  const all = world.projects.find(({ name }) => name === application.project)?.windows ?? [];
  return {
    application,
    atMs,
    windows: all.map((window) => ({ window, matches: about.includes(window) })),
    automatic: decideSync(about, { isManual: false, nowMs: atMs }),
    manual: decideSync(about, { isManual: true, nowMs: atMs }),
    calendar: windowCalendar(about, atMs, (Math.floor(atMs / DAY_MS) + DAYS) * DAY_MS),
  };
}

function explanationJson({ application, atMs, windows, automatic, manual, calendar }: Explanation): unknown {
  return {
    application: application.name,
    project: application.project,
    at: formatTime(atMs),
    automated: decisionJson(automatic),
    manual: decisionJson(manual),
    windows: windows.map(({ window, matches }, id) => ({ id, matches, ...window, ...stateOf(window, atMs) })),
    calendar: calendar.map((part) => ({
      from: formatTime(part.fromMs),
      to: formatTime(part.toMs),
      automated: part.automatic.allowed,
      manual: part.manual.allowed,
      why: describeDecision(part.automatic),
    })),
  };
}

function decisionJson(decision: SyncDecision): unknown {
  const { allowed, rule, windows } = decision;
  return { allowed, rule, why: describeDecision(decision), windows };
}

export async function runWindowsNext(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal, now } = invocation;
  const world = await readWindowWorld(invocation);
  const nowMs = parseAt(options.text('at'), now());
  const applications = options.text('app') === undefined ? world.applications : [chooseApplication(world, invocation)];
  const limit = options.count('count') ?? 10;
  const changes = applications
    .flatMap((application) => changesOf(world, application, nowMs))
    .sort((left, right) => left.atMs - right.atMs || (left.application < right.application ? -1 : 1))
    .slice(0, limit);
  if (options.text('output') === 'json') {
    const values = changes.map(({ application, atMs, automatic, manual }) => ({
      application,
      at: formatTime(atMs),
      automated: decisionJson(automatic),
      manual: decisionJson(manual),
    }));
    terminal.write(`${JSON.stringify(values, undefined, 2)}\n`);
  } else if (changes.length === 0) {
    terminal.note(`No sync window opens or closes in the next ${LOOK_DAYS} days (${world.origin}).`);
  } else terminal.lines(changeLines(changes, nowMs));
  terminal.note('Next: pern windows explain --app APP --at TIME');
  return EXIT_CODES.ok;
}

const LOOK_DAYS = 35;

function changesOf(world: WindowWorld, application: WindowApplication, nowMs: number): WindowChange[] {
  const spans = windowCalendar(windowsAbout(world, application), nowMs, nowMs + LOOK_DAYS * DAY_MS);
  return spans.slice(1).flatMap((span, index) => {
    const before = spans[index];
    const isSame =
      before?.automatic.allowed === span.automatic.allowed && before.manual.allowed === span.manual.allowed;
    const { automatic, manual, fromMs } = span;
    return isSame ? [] : [{ application: application.name, atMs: fromMs, automatic, manual }];
  });
}

/** RFC 3339, or a date and time without a zone, which is UTC. Throws CliError. */
export function parseAt(text: string | undefined, nowMs: number): number {
  if (text === undefined || text === 'now') return nowMs;
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text.trim());
  const timeMs = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`);
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new CliError({
    what: `--at "${text}" is not a time`,
    fix: 'write 2026-01-09T18:30:00+01:00, or 2026-01-09 18:30 for UTC',
  });
}
