import type { ProjectSpec } from './permissions.ts';
import { shapeErrors } from './project-shape.ts';
import { parseTimetable, type SyncWindow, WindowError } from './sync-window.ts';

const DESCRIPTION_MAX = 255;

/** What makes a window invalid, in the words of Argo CD (cases cd/W61-W64); undefined when nothing does. */
export function windowProblem(window: SyncWindow): string | undefined {
  const { kind = '', description = '', applications = [], namespaces = [], clusters = [] } = window;
  if (kind !== 'allow' && kind !== 'deny') return `kind '${kind}' mismatch: can only be allow or deny`;
  try {
    parseTimetable(window);
  } catch (error) {
    if (!(error instanceof WindowError)) throw error;
    return error.message;
  }
  if (new TextEncoder().encode(description).length > DESCRIPTION_MAX) {
    return `description must not exceed ${DESCRIPTION_MAX} characters`;
  }
  if (applications.length + namespaces.length + clusters.length > 0) return undefined;
  return `window '${kind}':'${window.schedule}':'${window.duration}' requires one of application, cluster or namespace`;
}

/** Problems of a project's windows, each with its place. */
export function validateWindows({ syncWindows }: ProjectSpec): string[] {
  const misshapen = shapeErrors({ syncWindows });
  if (misshapen.length > 0) return misshapen;
  const seen = new Set<string>();
  return (syncWindows ?? []).flatMap((window, index) => {
    const identity = windowIdentity(window);
    const { kind = '', schedule = '', duration = '' } = window;
    const problem = seen.has(identity)
      ? `sync window with kind '${kind}', schedule '${schedule}', and duration '${duration}' already exists (duplicate detected)`
      : windowProblem(window);
    seen.add(identity);
    return problem === undefined ? [] : [`spec.syncWindows[${index}]: ${problem}`];
  });
}

/** What two windows of one project must not share. How they behave (`manualSync`, `syncOverrun`) is no part of it. */
export function windowIdentity(window: SyncWindow): string {
  const { kind, schedule, duration, applications, namespaces, clusters, timeZone, andOperator } = window;
  return JSON.stringify([kind, schedule, duration, applications, namespaces, clusters, timeZone, andOperator === true]);
}
