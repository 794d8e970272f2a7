import { stateSpan } from './icons.ts';
import { type Cell, type Line, labelled, plain, span, titledTable } from './lines.ts';

/** As much of an ApplicationSet as the views show. */
export interface ApplicationSetView {
  metadata: { name: string; namespace?: string };
  spec?: {
    template?: { spec?: { project?: string; source?: { repoURL?: string; path?: string; targetRevision?: string } } };
    syncPolicy?: { applicationsSync?: string; preserveResourcesOnDeletion?: boolean };
    strategy?: { type?: string; rollingSync?: { steps?: { maxUpdate?: number | string }[] } };
  };
  status?: {
    health?: { status?: string; message?: string };
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    resources?: { name?: string; status?: string; health?: { status?: string } }[];
    applicationStatus?: { application: string; status: string; step: string; message: string }[];
  };
}

/** As much of a generated Application as the views show. */
export interface GeneratedView {
  metadata: { name?: string };
  spec?: unknown;
}

/** `pern appset list`: the columns of `argocd appset list`; `wide` adds where the template's manifests come from. */
export function applicationSetListLines(sets: readonly ApplicationSetView[], isWide: boolean): Line[] {
  const titles = ['NAME', 'PROJECT', 'SYNCPOLICY', 'HEALTH', 'CONDITIONS'];
  const rows = sets.map((set): Cell[] => {
    const { project = 'default', source } = set.spec?.template?.spec ?? {};
    const wide = isWide ? [source?.repoURL ?? '', source?.path ?? '', source?.targetRevision ?? ''] : [];
    return [set.metadata.name, project, policy(set), stateSpan(health(set)), problems(set), ...wide];
  });
  return titledTable(isWide ? [...titles, 'REPO', 'PATH', 'TARGET'] : titles, rows);
}

function health({ status }: ApplicationSetView): string {
  return status?.health?.status ?? 'Unknown';
}

function policy({ spec }: ApplicationSetView): string {
  return spec?.syncPolicy?.applicationsSync ?? 'sync';
}

/** Conditions that say something is wrong or under way. */
function problems({ status }: ApplicationSetView): string {
  const shown = (status?.conditions ?? []).filter(
    ({ type, status: value }) =>
      (value === 'True') === ['ErrorOccurred', 'InvalidRolloutConfig', 'RolloutProgressing'].includes(type),
  );
  return shown.length === 0 ? '<none>' : shown.map(({ type, status: value }) => `${type}=${value}`).join(',');
}

/** `pern appset get`: summary, conditions, applications with the step of a rolling sync. */
export function applicationSetLines(set: ApplicationSetView): Line[] {
  const { spec, status } = set;
  const steps = spec?.strategy?.rollingSync?.steps?.length;
  const summary = labelled([
    ['Name', set.metadata.name],
    ['Project', spec?.template?.spec?.project ?? 'default'],
    ['SyncPolicy', policy(set)],
    ['Strategy', spec?.strategy?.type === 'RollingSync' ? `RollingSync (${steps ?? 0} steps)` : 'AllAtOnce'],
    ['Health', stateSpan(health(set))],
  ]);
  const conditions = (status?.conditions ?? []).map(({ type, status: value, message = '' }): Cell[] => [
    type,
    value,
    message,
  ]);
  return [
    ...summary,
    ...(conditions.length === 0 ? [] : [plain(''), ...titledTable(['CONDITION', 'STATUS', 'MESSAGE'], conditions)]),
    ...applicationRows(set),
  ];
}

function applicationRows({ status }: ApplicationSetView): Line[] {
  const progress = new Map((status?.applicationStatus ?? []).map((entry) => [entry.application, entry]));
  const resources = status?.resources ?? [];
  if (resources.length === 0) return [];
  const isRolling = progress.size > 0;
  const rows = resources.map(({ name = '', status: sync = 'Unknown', health: state }): Cell[] => {
    const entry = progress.get(name);
    const rolling = isRolling
      ? [entry?.step ?? '', entry === undefined ? '' : stateSpan(entry.status), entry?.message ?? '']
      : [];
    return [name, stateSpan(sync), stateSpan(state?.status ?? 'Unknown'), ...rolling];
  });
  const titles = ['APPLICATION', 'SYNC', 'HEALTH', ...(isRolling ? ['STEP', 'ROLLOUT', 'MESSAGE'] : [])];
  return [plain(''), ...titledTable(titles, rows)];
}

/** `pern appset generate`: one line an Application. */
export function generatedLines(applications: readonly GeneratedView[], isWide: boolean): Line[] {
  const titles = ['NAME', 'PROJECT', 'PATH', 'TARGET', 'DESTINATION'];
  const rows = applications.map(({ metadata, spec }): Cell[] => {
    const { project = 'default', source, destination } = (spec ?? {}) as Spec;
    const cluster = destination?.name ?? destination?.server ?? '';
    const place = `${cluster}/${destination?.namespace ?? ''}`;
    const wide = isWide ? [source?.repoURL ?? ''] : [];
    return [metadata.name ?? '', project, source?.path ?? '', source?.targetRevision ?? 'HEAD', place, ...wide];
  });
  return titledTable(isWide ? [...titles, 'REPO'] : titles, rows);
}

interface Spec {
  project?: string;
  source?: { repoURL?: string; path?: string; targetRevision?: string };
  destination?: { name?: string; server?: string; namespace?: string };
}

/** What a comparison found, as `pern appset generate --diff` shows it. */
export interface PreviewView {
  created: readonly string[];
  updated: readonly { name: string; patch: Readonly<Record<string, unknown>> }[];
  deleted: readonly string[];
  protected: readonly string[];
  refused: readonly { name: string; problem: string }[];
  unchanged: readonly string[];
}

export function previewLines(preview: PreviewView): Line[] {
  const lines: Line[] = [
    ...preview.created.map((name): Line => [span('+ ', 'ok'), span(`${name} created`)]),
    ...preview.updated.map(
      ({ name, patch }): Line => [span('~ ', 'busy'), span(`${name} updated: ${changedFields(patch).join(', ')}`)],
    ),
    ...preview.deleted.map((name): Line => [span('- ', 'bad'), span(`${name} deleted`)]),
    ...preview.protected.map(
      (name): Line => [span('! ', 'warn'), span(`${name} left as it is: applicationsSync forbids the change`)],
    ),
    ...preview.refused.map(({ name, problem }): Line => [span('! ', 'bad'), span(`${name} refused: ${problem}`)]),
  ];
  const unchanged = preview.unchanged.length;
  return [...lines, [span(`${unchanged} unchanged`, 'dim')]];
}

/** The fields a merge patch changes, as paths; what it removes has a minus. */
function changedFields(patch: unknown, path = ''): string[] {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return [patch === null ? `-${path}` : path];
  return Object.entries(patch).flatMap(([key, value]) => changedFields(value, path === '' ? key : `${path}.${key}`));
}
