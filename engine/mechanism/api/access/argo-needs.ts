/** What reading and writing Argo CD's own objects needs (argo-cd.md §1.7, §5.1). */
import { deepEqual, isRecord, valueAt } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { both, closed, type Needs, NOTHING, need } from './needs.ts';

/** Switches of `argocd-cm` that change what is asked for. */
export interface AccessSettings {
  controlPlaneNamespace: string;
  /** `server.rbac.rollback.enforce.enable`: a rollback needs `rollback` instead of `sync`. */
  rollbackAction: boolean;
  /** `application.sync.requireOverridePrivilegeForRevisionSync`: another revision than the tracked one needs `override`. */
  overrideForRevision: boolean;
  /** `server.rbac.disableApplicationFineGrainedRBACInheritance: "false"`: `update` and `delete` cover an application's resources. */
  inheritance: boolean;
}

const REFRESH = 'argocd.argoproj.io/refresh';

/** `PROJECT/NAME`, or `PROJECT/NAMESPACE/NAME` outside of the control plane's namespace. */
export function applicationName(application: KubeObject, settings: AccessSettings): string {
  return scopedName(textAt(application, ['spec', 'project']) || 'default', application, settings);
}

/** An ApplicationSet belongs to the project its template names. */
export function applicationSetName(set: KubeObject, settings: AccessSettings): string {
  return scopedName(textAt(set, ['spec', 'template', 'spec', 'project']) || 'default', set, settings);
}

function scopedName(project: string, { metadata }: KubeObject, { controlPlaneNamespace }: AccessSettings): string {
  const isElsewhere = metadata.namespace !== undefined && metadata.namespace !== controlPlaneNamespace;
  return isElsewhere ? `${project}/${metadata.namespace}/${metadata.name}` : `${project}/${metadata.name}`;
}

/** What creating, changing or deleting an Application needs. */
export function applicationNeeds(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  settings: AccessSettings,
): Needs {
  const on = (action: string, object: KubeObject): Needs => ({
    all: [need('applications', action, applicationName(object, settings))],
  });
  if (after === undefined) return before === undefined ? NOTHING : on('delete', before);
  const operation = operationNeeds(before, after, settings);
  if (before === undefined) return both(on('create', after), operation, newStatus(after));
  const parts: Needs[] = [operation, statusNeeds(before, after, settings)];
  if (textAt(before, ['spec', 'project']) !== textAt(after, ['spec', 'project'])) {
    parts.push(on('create', after), on('update', after), on('update', before));
  } else if (!deepEqual(bodyOf(before), bodyOf(after))) parts.push(on('update', after));
  const needs = both(...parts);
  // A refresh, and a write that changes nothing, ask for no more than looking.
  return needs.all.length === 0 && needs.closed === undefined ? on('get', after) : needs;
}

function newStatus({ status }: KubeObject): Needs {
  return status === undefined ? NOTHING : closed('the status of an Application is written by the engine only');
}

/** Everything people declare about an Application: not its status, its operation or a request for a refresh. */
function bodyOf(application: KubeObject): unknown {
  const {
    status: _status,
    operation: _operation,
    metadata,
    ...rest
  } = application as KubeObject & { operation?: unknown };
  const { resourceVersion: _version, generation: _generation, annotations = {}, ...identity } = metadata;
  const { [REFRESH]: _refresh, ...declared } = annotations;
  return { ...rest, metadata: { ...identity, annotations: declared } };
}

/** A new `operation` is a sync; with manifests or other sources than the Application's own it overrides them. */
function operationNeeds(before: KubeObject | undefined, after: KubeObject, settings: AccessSettings): Needs {
  const operation = (after as { operation?: unknown }).operation;
  const earlier = (before as { operation?: unknown } | undefined)?.operation;
  if (deepEqual(operation, earlier)) return NOTHING;
  const name = applicationName(before ?? after, settings);
  const on = (action: string) => need('applications', action, name);
  const sync = isRecord(operation) && isRecord(operation.sync) ? operation.sync : {};
  if (sync.source !== undefined && isInHistory(before, sync)) {
    return { all: [on(settings.rollbackAction ? 'rollback' : 'sync')] };
  }
  return { all: [on('sync'), ...(overrides(after, sync, settings) ? [on('override')] : [])] };
}

function overrides({ spec }: KubeObject, sync: Record<string, unknown>, settings: AccessSettings): boolean {
  const own = isRecord(spec) ? spec : {};
  if (sync.manifests !== undefined) return true;
  if (sync.source !== undefined && !deepEqual(sync.source, own.source)) return true;
  if (sync.sources !== undefined && !deepEqual(sync.sources, own.sources)) return true;
  const tracked = textAt(own, ['source', 'targetRevision']) || 'HEAD';
  return (
    settings.overrideForRevision && sync.revision !== undefined && sync.revision !== '' && sync.revision !== tracked
  );
}

/** A rollback names the source and the revision of something that was deployed before. */
function isInHistory(application: KubeObject | undefined, sync: Record<string, unknown>): boolean {
  const history = valueAt(application, ['status', 'history']);
  if (!Array.isArray(history)) return false;
  return history.some(
    (entry) => isRecord(entry) && entry.revision === sync.revision && deepEqual(entry.source, sync.source),
  );
}

/** The one part of the status that is a request: ending a running operation. Dropping its state goes with a new one. */
function statusNeeds(before: KubeObject, after: KubeObject, settings: AccessSettings): Needs {
  if (deepEqual(before.status, after.status)) return NOTHING;
  const [{ operationState: ended, ...rest }, { operationState: state, ...others }] = [
    recordOf(after.status),
    recordOf(before.status),
  ];
  if (!deepEqual(rest, others)) return closed('the status of an Application is written by the engine only');
  const sync: Needs = { all: [need('applications', 'sync', applicationName(before, settings))] };
  if (ended === undefined && (after as { operation?: unknown }).operation !== undefined) return sync;
  const { phase, ...was } = recordOf(state);
  const { phase: next, ...is } = recordOf(ended);
  if (next === 'Terminating' && phase !== undefined && deepEqual(was, is)) return sync;
  return closed('the status of an Application is written by the engine only');
}

export function applicationSetNeeds(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  settings: AccessSettings,
): Needs {
  const on = (action: string, object: KubeObject): Needs => ({
    all: [need('applicationsets', action, applicationSetName(object, settings))],
  });
  if (after === undefined) return before === undefined ? NOTHING : on('delete', before);
  if (before === undefined) return on('create', after);
  if (!deepEqual(before.status, after.status))
    return closed('the status of an ApplicationSet is written by the engine only');
  const moves = applicationSetName(before, settings) !== applicationSetName(after, settings);
  return moves ? both(on('update', before), on('update', after), on('create', after)) : on('update', after);
}

/** A project's own right, and for what it lets in the right to those clusters and repositories (as upstream's Update). */
export function projectNeeds(before: KubeObject | undefined, after: KubeObject | undefined): Needs {
  const name = (after ?? before)?.metadata.name ?? '';
  if (after === undefined) return { all: [need('projects', 'delete', name)] };
  if (before === undefined) return { all: [need('projects', 'create', name)] };
  if (!deepEqual(before.status, after.status)) {
    return closed('tokens of a project are made and deleted with "pern proj role create-token" and "delete-token"');
  }
  const clusters = difference(serversOf(before), serversOf(after));
  const lists = [
    'clusterResourceWhitelist',
    'clusterResourceBlacklist',
    'namespaceResourceWhitelist',
    'namespaceResourceBlacklist',
  ];
  const kindsChange = lists.some((list) => !deepEqual(valueAt(before, ['spec', list]), valueAt(after, ['spec', list])));
  const repositories = difference(textsAt(before, ['spec', 'sourceRepos']), textsAt(after, ['spec', 'sourceRepos']));
  const allClusters = [...new Set([...clusters, ...(kindsChange ? serversOf(after) : [])])];
  return {
    all: [
      need('projects', 'update', name),
      ...allClusters.map((server) => need('clusters', 'update', server)),
      ...repositories.map((url) => need('repositories', 'update', url)),
    ],
  };
}

function serversOf(project: KubeObject): string[] {
  const destinations = valueAt(project, ['spec', 'destinations']);
  if (!Array.isArray(destinations)) return [];
  return [...new Set(destinations.map((item) => textAt(item, ['server'])))].filter((server) => server !== '');
}

/** What is in one list only. */
function difference(a: readonly string[], b: readonly string[]): string[] {
  return [...a.filter((item) => !b.includes(item)), ...b.filter((item) => !a.includes(item))];
}

function textsAt(value: unknown, path: readonly string[]): string[] {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : [];
}

function textAt(value: unknown, path: readonly string[]): string {
  const text = valueAt(value, path);
  return typeof text === 'string' ? text : '';
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
