import type { HistoryEntry } from '../../engine/stages/sync/application/types.ts';
import { formatTime, parseTime } from '../../engine/vocabulary/core/clock.ts';
import { formatGoDuration } from '../../engine/vocabulary/core/duration.ts';
import type { Application } from './environments.ts';
import { stateSpan } from './icons.ts';
import { type Cell, type Line, labelled, span, titledTable } from './lines.ts';

/** Sync status and health of an Application; `Unknown` before the controller has looked at it. */
export function applicationState({ status }: Application): { sync: string; health: string } {
  return { sync: status?.sync?.status ?? 'Unknown', health: status?.health?.status ?? 'Unknown' };
}

export function syncPolicy({ spec }: Application): 'Manual' | 'Auto' | 'Auto-Prune' {
  const automated = spec.syncPolicy?.automated as { prune?: boolean; enabled?: boolean } | undefined;
  if (automated === undefined || automated.enabled === false) return 'Manual';
  return automated.prune === true ? 'Auto-Prune' : 'Auto';
}

/** `pern app list`: the columns of `argocd app list`; `wide` adds where the manifests come from. */
export function applicationListLines(applications: readonly Application[], isWide: boolean): Line[] {
  const titles = ['NAME', 'NAMESPACE', 'PROJECT', 'STATUS', 'HEALTH', 'SYNCPOLICY', 'CONDITIONS'];
  const rows = applications.map((application): Cell[] => {
    const { sync, health } = applicationState(application);
    const source = application.spec.source;
    return [
      application.metadata.name,
      application.spec.destination?.namespace ?? '',
      application.spec.project ?? 'default',
      stateSpan(sync),
      stateSpan(health),
      syncPolicy(application),
      conditionSummary(application),
      ...(isWide ? [source?.repoURL ?? '', source?.path ?? '', source?.targetRevision ?? 'HEAD'] : []),
    ];
  });
  return titledTable(isWide ? [...titles, 'REPO', 'PATH', 'TARGET'] : titles, rows);
}

/** `<none>`, or the types with counts: `SyncError,OrphanedResourceWarning(2)`. */
function conditionSummary({ status }: Application): string {
  const counts = new Map<string, number>();
  for (const { type } of status?.conditions ?? []) counts.set(type, (counts.get(type) ?? 0) + 1);
  if (counts.size === 0) return '<none>';
  return [...counts].map(([type, count]) => (count === 1 ? type : `${type}(${count})`)).join(',');
}

/** `pern app get`: summary, conditions, operation, resources. */
export function applicationLines(application: Application): Line[] {
  return [
    ...summaryLines(application),
    ...conditionLines(application),
    ...operationLines(application),
    ...resourceLines(application),
  ];
}

function summaryLines(application: Application): Line[] {
  const { spec, status } = application;
  const { sync, health } = applicationState(application);
  const sources = spec.sources ?? (spec.source === undefined ? [] : [spec.source]);
  const policy = { Manual: 'Manual', Auto: 'Automated', 'Auto-Prune': 'Automated (Prune)' }[syncPolicy(application)];
  const target = sources[0]?.targetRevision ?? 'HEAD';
  const shas = status?.sync?.revisions ?? (status?.sync?.revision === undefined ? [] : [status.sync.revision]);
  const revision = shas.length === 0 ? undefined : shas.map((sha) => sha.slice(0, 7)).join(', ');
  const preposition = sync === 'OutOfSync' ? 'from' : 'to';
  return labelled(
    [
      ['Name', `${application.metadata.namespace}/${application.metadata.name}`],
      ['Project', spec.project ?? 'default'],
      ['Server', spec.destination?.server ?? spec.destination?.name ?? ''],
      ['Namespace', spec.destination?.namespace ?? ''],
      ...sources.flatMap((source): (readonly [string, Cell])[] => [
        ['Source', ''],
        ['- Repo', source.repoURL],
        ['  Target', source.targetRevision ?? 'HEAD'],
        ['  Path', source.path ?? ''],
      ]),
      ['Sync Policy', policy],
      ['Sync Status', [stateSpan(sync), span(revision === undefined ? '' : ` ${preposition} ${target} (${revision})`)]],
      ['Health Status', [stateSpan(health), span(healthMessage(application))]],
    ],
    20,
  );
}

function healthMessage({ status }: Application): string {
  const message = (status?.health as { message?: string } | undefined)?.message;
  return message === undefined || message === '' ? '' : ` ${message}`;
}

export function conditionLines({ status }: Application): Line[] {
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, message, lastTransitionTime }): Cell[] => [
    span(type, /Error$/.test(type) ? 'bad' : 'warn'),
    lastTransitionTime ?? '',
    message,
  ]);
  return [[], ...titledTable(['CONDITION', 'LAST TRANSITION', 'MESSAGE'], rows)];
}

/** The last sync operation, as `argocd app sync` ends with; nothing when there was none. */
export function operationLines({ status }: Application): Line[] {
  const operation = status?.operationState;
  if (operation === undefined) return [];
  const startMs = parseTime(operation.startedAt);
  const endMs = parseTime(operation.finishedAt);
  const duration = startMs === undefined || endMs === undefined ? '' : formatGoDuration(endMs - startMs);
  return [
    [],
    ...labelled(
      [
        ['Operation', 'Sync'],
        [
          'Sync Revision',
          operation.syncResult?.revisions?.join(', ') ||
            (operation.syncResult?.revision ?? operation.operation?.sync?.revision ?? ''),
        ],
        ['Phase', stateSpan(operation.phase)],
        ['Start', startMs === undefined ? '' : formatTime(startMs)],
        ['Finished', endMs === undefined ? '' : formatTime(endMs)],
        ['Duration', duration],
        ['Message', operation.message ?? ''],
      ],
      20,
    ),
  ];
}

/** Resources with sync status, health, hook and the message of the last sync; hooks that are gone since are shown too. */
export function resourceLines({ status }: Application): Line[] {
  const results = status?.operationState?.syncResult?.resources ?? [];
  const key = (item: { group?: string; kind?: string; namespace?: string; name?: string }) =>
    [item.group ?? '', item.kind ?? '', item.namespace ?? '', item.name ?? ''].join('/');
  const messages = new Map(results.map((result) => [key(result), result]));
  const listed = new Set((status?.resources ?? []).map(key));
  const resources = (status?.resources ?? []).map((resource): Cell[] => {
    const result = messages.get(key(resource));
    return [
      String((resource as { syncWave?: number }).syncWave ?? 0),
      ...identity(resource),
      resource.status === undefined ? '' : stateSpan(resource.status),
      resource.health?.status === undefined ? '' : stateSpan(resource.health.status),
      result?.hookType ?? '',
      result?.message ?? '',
    ];
  });
  const hooks = results
    .filter((result) => (result.hookType ?? '') !== '' && !listed.has(key(result)))
    .map((result): Cell[] => [
      '',
      ...identity(result),
      stateSpan(result.hookPhase ?? 'Unknown'),
      '',
      result.hookType ?? '',
      result.message ?? '',
    ]);
  if (resources.length + hooks.length === 0) return [];
  const titles = ['WAVE', 'GROUP', 'KIND', 'NAMESPACE', 'NAME', 'STATUS', 'HEALTH', 'HOOK', 'MESSAGE'];
  return [[], ...titledTable(titles, [...hooks, ...resources], 2)];
}

function identity(item: { group?: string; kind?: string; namespace?: string; name?: string }): string[] {
  return [item.group ?? '', item.kind ?? '', item.namespace ?? '', item.name ?? ''];
}

/** `pern app history`: ID, DATE, REVISION as `argocd app history`, and who began it. */
export function historyLines(history: readonly HistoryEntry[]): Line[] {
  if (history.length === 0) return [];
  const rows = history.map(({ id, deployedAt, initiatedBy, ...entry }): Cell[] => {
    const sources = entry.sources ?? (entry.source === undefined ? [] : [entry.source]);
    const shas = entry.revisions ?? (entry.revision === undefined ? [] : [entry.revision]);
    const revisions = shas.map((sha, index) => `${sources[index]?.targetRevision || 'HEAD'} (${sha.slice(0, 7)})`);
    const by = initiatedBy?.automated === true ? 'automated' : (initiatedBy?.username ?? '');
    return [String(id), deployedAt, revisions.join(', '), by];
  });
  return titledTable(['ID', 'DATE', 'REVISION', 'INITIATED BY'], rows);
}

/** `pern app resources`: what the application manages, each with sync status and health. */
export function resourceListLines({ status }: Application): Line[] {
  const rows = (status?.resources ?? []).map((resource): Cell[] => [
    ...identity(resource),
    resource.status === undefined ? '' : stateSpan(resource.status),
    resource.health?.status === undefined ? '' : stateSpan(resource.health.status),
    resource.requiresPruning === true ? 'prune' : '',
  ]);
  return rows.length === 0
    ? []
    : titledTable(['GROUP', 'KIND', 'NAMESPACE', 'NAME', 'STATUS', 'HEALTH', 'REQUIRES'], rows);
}

/** `pern app actions list`. */
export function resourceActionLines(
  rows: readonly { group: string; kind: string; namespace: string; name: string; action: string }[],
): Line[] {
  if (rows.length === 0) return [];
  return titledTable(
    ['GROUP', 'KIND', 'NAME', 'ACTION'],
    rows.map(({ group, kind, name, action }): Cell[] => [group, kind, name, action]),
  );
}
