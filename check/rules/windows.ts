import { type ProjectRole, validateRoles } from '../../engine/mechanism/lib/rbac/project-roles.ts';
import { decideSync } from '../../engine/stages/sync/app-project/sync-decision.ts';
import {
  matchingWindows,
  nextWindowChange,
  parseTimetable,
  type SyncWindow,
  WindowError,
} from '../../engine/stages/sync/app-project/sync-window.ts';
import { validateProject } from '../../engine/stages/sync/app-project/validation.ts';
import { windowProblem } from '../../engine/stages/sync/app-project/window-validation.ts';
import { formatGoDuration } from '../../engine/vocabulary/core/duration.ts';
import type { Issue } from '../finding.ts';
import { elementsAt, mapAt, stringAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

/** Windows are tried over a year that begins on a Monday: it has both changes of the clock. */
const FROM_MS = Date.UTC(2026, 0, 5);
const SPAN_MS = 366 * 24 * 3_600_000;
/** Enough for two windows a day over the year; a schedule of minutes is tried for as many changes. */
const CHANGES_MAX = 1500;
/** Argo CD looks at an Application every two to three minutes; a shorter opening may pass unseen. */
const RECONCILE_MS = 180_000;

const invalid: Rule = {
  id: 'windows/invalid',
  severity: 'error',
  summary: 'a sync window that cannot be evaluated',
  why: 'Argo CD cannot tell whether it is open, and blocks every sync of the Applications it is about, manual ones too.',
  example: { bad: 'schedule: "0 8 * * 1-7"', good: 'schedule: "0 8 * * 1-5"' },
  *check(tree): Generator<Issue> {
    for (const project of tree.byKind('AppProject.argoproj.io')) {
      for (const { path, value } of elementsAt(project.value, ['spec', 'syncWindows'])) {
        const problem = problemOf(value as unknown as SyncWindow);
        if (problem !== undefined) yield { ...about(tree, project, path), message: problem };
      }
    }
  },
};

function problemOf(window: SyncWindow): string | undefined {
  const problem = windowProblem(window);
  if (problem !== undefined) return problem;
  try {
    parseTimetable(window);
    return undefined;
  } catch (error) {
    if (error instanceof WindowError) return error.message;
    throw error;
  }
}

const open: Rule = {
  id: 'windows/opening',
  severity: 'error',
  summary: 'sync windows that are never open for an Application, never closed, or open for less than a reconcile',
  why: 'Windows add up in ways that one line does not show: a deny wins over every allow, and one allow closes all other times. Closed for good means that no release, and no fix, ever reaches the environment.',
  example: {
    bad: '- {kind: allow, schedule: "0 8 * * 1-5", duration: 10h}\n- {kind: deny, schedule: "0 0 * * *", duration: 24h}',
    good: '- {kind: allow, schedule: "0 8 * * 1-5", duration: 10h}\n- {kind: deny, schedule: "0 0 * * 6", duration: 48h}',
  },
  *check(tree): Generator<Issue> {
    for (const { project, application } of applicationsOf(tree)) {
      // What is frozen is evaluated once an opening, not once a question.
      const windows = elementsAt(project.value, ['spec', 'syncWindows']).map(
        ({ value }) => Object.freeze({ ...value }) as unknown as SyncWindow,
      );
      if (windows.length === 0 || windows.some((window) => problemOf(window) !== undefined)) continue;
      const destination = mapAt(application.value, ['spec', 'destination']) as Record<string, string>;
      const matching = matchingWindows(windows, { name: application.name, destination });
      if (matching.length === 0) continue;
      yield* openingIssues(tree, project, application, matching);
    }
  },
};

function* openingIssues(
  tree: Tree,
  project: PlacedObject,
  application: PlacedObject,
  windows: readonly SyncWindow[],
): Generator<Issue> {
  const at = about(tree, project, ['spec', 'syncWindows']);
  const openings = { automated: openingsOf(windows, false), manual: openingsOf(windows, true) };
  if (openings.automated.length === 0 && openings.manual.length === 0) {
    yield { ...at, message: `no sync of ${application.name} is ever allowed: its windows are closed all year` };
    return;
  }
  if (isAlwaysOpen(openings.automated)) {
    yield {
      ...at,
      severity: 'warning',
      message: `the windows of ${application.name} are never closed: they forbid nothing`,
    };
  }
  const shortest = Math.min(...openings.automated.map(({ fromMs, untilMs }) => untilMs - fromMs));
  if (shortest < RECONCILE_MS) {
    yield {
      ...at,
      severity: 'warning',
      message: `the windows of ${application.name} open for ${formatGoDuration(Math.max(1000, Math.round(shortest / 1000) * 1000))}, less than Argo CD’s time between two looks`,
    };
  }
}

interface Opening {
  fromMs: number;
  untilMs: number;
}

/** When syncs are allowed within the span, merged. */
function openingsOf(windows: readonly SyncWindow[], isManual: boolean): Opening[] {
  const found: Opening[] = [];
  let nowMs = FROM_MS;
  for (let step = 0; step < CHANGES_MAX && nowMs < FROM_MS + SPAN_MS; step++) {
    const untilMs = nextWindowChange(windows, nowMs) ?? FROM_MS + SPAN_MS;
    if (decideSync(windows, { isManual, nowMs }).allowed) {
      const last = found.at(-1);
      if (last !== undefined && nowMs - last.untilMs <= 1000) last.untilMs = untilMs;
      else found.push({ fromMs: nowMs, untilMs });
    }
    nowMs = Math.max(untilMs, nowMs + 1);
  }
  return found;
}

function isAlwaysOpen(openings: readonly Opening[]): boolean {
  const [first] = openings;
  return openings.length === 1 && first !== undefined && first.fromMs === FROM_MS && first.untilMs >= FROM_MS + SPAN_MS;
}

const useless: Rule = {
  id: 'windows/no-application',
  severity: 'warning',
  summary: 'a sync window that is about no Application of its project',
  why: 'It forbids and allows nothing. Usually the name or namespace is misspelt, and the freeze that everybody relies on does not exist.',
  example: {
    bad: 'applications: [shop-prod]   # it is called shop-production',
    good: 'applications: [shop-production]',
  },
  *check(tree): Generator<Issue> {
    const all = applicationsOf(tree);
    for (const project of tree.byKind('AppProject.argoproj.io')) {
      const own = all.filter((entry) => entry.project === project);
      if (own.length === 0) continue;
      for (const { path, value } of elementsAt(project.value, ['spec', 'syncWindows'])) {
        const window = value as unknown as SyncWindow;
        if (problemOf(window) !== undefined) continue;
        const isAbout = own.some(
          ({ application }) =>
            matchingWindows([window], {
              name: application.name,
              destination: mapAt(application.value, ['spec', 'destination']) as Record<string, string>,
            }).length > 0,
        );
        if (!isAbout)
          yield {
            ...about(tree, project, path),
            message: `this window is about no Application of ${project.name}`,
            fix: `they are ${own.map(({ application }) => application.name).join(', ')}`,
          };
      }
    }
  },
};

function applicationsOf(tree: Tree): { project: PlacedObject; application: PlacedObject }[] {
  return tree.deployments.flatMap(({ application }) => {
    if (application === undefined) return [];
    const name = stringAt(application.value, ['spec', 'project']);
    const project = tree.byKind('AppProject.argoproj.io').find((candidate) => candidate.name === name);
    return project === undefined ? [] : [{ project, application }];
  });
}

const policy: Rule = {
  id: 'project/invalid',
  severity: 'error',
  summary: 'a project that Argo CD refuses: a role, a policy line, a source or a destination',
  why: 'Every Application of an invalid project shows InvalidSpecError and is neither compared nor synced.',
  example: {
    bad: 'policies: ["p, proj:shop:ci, applications, sync, other/*, allow"]',
    good: 'policies: ["p, proj:shop:ci, applications, sync, shop/*, allow"]',
  },
  *check(tree): Generator<Issue> {
    for (const project of tree.byKind('AppProject.argoproj.io')) {
      const roles = elementsAt(project.value, ['spec', 'roles']).map(({ value }) => value as unknown as ProjectRole);
      for (const message of validateRoles(project.name, roles))
        yield { ...about(tree, project, ['spec', 'roles']), message };
      for (const message of validateProject(mapAt(project.value, ['spec']))) {
        // Windows are judged one by one above.
        if (message.startsWith('spec.syncWindows')) continue;
        const field = /^spec\.(\w+)/.exec(message)?.[1];
        yield { ...about(tree, project, field === undefined ? ['spec'] : ['spec', field]), message };
      }
    }
  },
};

export const WINDOWS: readonly Rule[] = [invalid, open, useless, policy];
