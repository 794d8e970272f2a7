import { withGlobalProjects } from '../../engine/stages/sync/app-project/global-projects.ts';
import { shapeErrors } from '../../engine/stages/sync/app-project/project-shape.ts';
import { decideSync, describeDecision } from '../../engine/stages/sync/app-project/sync-decision.ts';
import {
  matchingWindows,
  nextWindowChange,
  type SyncWindow,
} from '../../engine/stages/sync/app-project/sync-window.ts';
import { SETTINGS_NAME } from '../../engine/stages/sync/application/settings.ts';
import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import type { Application } from '../view/environments.ts';
import type { Line } from '../view/lines.ts';
import { windowSummaryLines } from '../view/windows-text.ts';

const CONTROL_PLANE = 'argocd';
const PROJECT = 'AppProject.argoproj.io';

/**
 * Refuses a sync that a window blocks, as Argo CD's API does before it accepts one (argo-cd.md §5.1). Who may not read
 * the project is not held up here; the controller then blocks the operation. Throws CliError with exit code 4.
 */
export async function refuseBlockedSync(api: Api, application: Application, nowMs: number): Promise<void> {
  const windows = await liveWindows(api, application);
  const decision = decideSync(windows, { isManual: true, nowMs });
  if (decision.allowed) return;
  const { name } = application.metadata;
  const changeMs = decision.error === undefined ? nextWindowChange(windows, nowMs) : undefined;
  throw new CliError({
    what: decision.error === undefined ? 'cannot sync: blocked by sync window' : 'cannot sync: invalid sync window',
    where: `Application ${name}, AppProject ${application.spec.project ?? 'default'}`,
    why: describeDecision(decision),
    fix:
      changeMs === undefined
        ? 'correct spec.syncWindows of the project; see "pern windows list --live"'
        : `wait until ${formatTime(changeMs)} at the earliest; see "pern windows explain --live --app ${name}"`,
    exitCode: EXIT_CODES.blocked,
  });
}

/** The lines of `argocd app get` about windows; none when none is about the application. */
export async function windowSummary(api: Api, application: Application, nowMs: number): Promise<Line[]> {
  return windowSummaryLines(await liveWindows(api, application), nowMs);
}

async function liveWindows(api: Api, { metadata, spec }: Application): Promise<readonly SyncWindow[]> {
  try {
    const find = async (name: string) => (await api.find(PROJECT, CONTROL_PLANE, name)) as KubeObject | undefined;
    const project = await find(spec.project || 'default');
    if (project === undefined) return [];
    const settings = (await api.find('ConfigMap', CONTROL_PLANE, SETTINGS_NAME))?.data?.globalProjects;
    const globals = settings === undefined ? [] : (await api.list(PROJECT)).items;
    const all = withGlobalProjects(project, settings, (name) => {
      return globals.find((global) => global.metadata?.name === name) as KubeObject | undefined;
    });
    if (shapeErrors({ syncWindows: all.syncWindows }).length > 0) return [];
    return matchingWindows(all.syncWindows, { name: metadata.name ?? '', destination: spec.destination ?? {} });
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 403) return [];
    throw error;
  }
}
