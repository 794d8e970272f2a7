/** What changing a resource of an Application needs: Argo CD's resource actions, else `update/…` and `delete/…` (argo-cd.md §1.7). */
import { deepEqual, isRecord, valueAt } from '#core/json.ts';
import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { closed, type Needs, need } from './needs.ts';

export interface ManagedResource {
  kind: ResourceKind;
  namespace: string | undefined;
  name: string;
  /** `PROJECT/NAME` of the Application it belongs to. */
  application: string;
}

/** `delete/GROUP/KIND/NAMESPACE/NAME` (or `update/…`) on the Application; with inheritance `delete` alone is asked. */
export function pathNeed(verb: 'update' | 'delete', resource: ManagedResource, inheritance: boolean): Needs {
  const { kind, namespace = '', name, application } = resource;
  const action = inheritance ? verb : `${verb}/${kind.group}/${kind.kind}/${namespace}/${name}`;
  return { all: [need('applications', action, application)] };
}

/** `action/GROUP/KIND/NAME` on the Application. */
export function actionNeed(resource: ManagedResource, actions: readonly string[]): Needs {
  const { kind, application } = resource;
  return {
    all: actions.map((action) => need('applications', `action/${kind.group}/${kind.kind}/${action}`, application)),
  };
}

/** What a changed resource needs: the actions that the change amounts to, or `update/…` when it is more than those. */
export function changeNeeds(
  resource: ManagedResource,
  before: KubeObject,
  after: KubeObject,
  inheritance: boolean,
): Needs {
  const { id } = resource.kind;
  if (!deepEqual(before.status, after.status)) {
    const actions = id === 'Rollout.argoproj.io' ? rolloutStatusActions(before, after) : undefined;
    if (actions === undefined) return closed(`the status of a ${resource.kind.kind} is written by the engine only`);
    return actionNeed(resource, actions);
  }
  const actions = id === 'Rollout.argoproj.io' ? rolloutActions(before, after) : workloadActions(id, before, after);
  return actions === undefined ? pathNeed('update', resource, inheritance) : actionNeed(resource, actions);
}

const STATUS_FIELDS = ['abort', 'promoteFull', 'pauseConditions', 'controllerPause', 'currentStepIndex'];

/** The verbs of Argo Rollouts that are written into a Rollout's status (argo-rollouts.md §1.15). */
function rolloutStatusActions(before: KubeObject, after: KubeObject): string[] | undefined {
  const [was, is] = [recordOf(before.status), recordOf(after.status)];
  const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (key) => !deepEqual(was[key], is[key]),
  );
  if (!changed.every((key) => STATUS_FIELDS.includes(key)) || !deepEqual(before.spec, after.spec)) return undefined;
  const actions = new Set<string>();
  if (changed.includes('abort')) actions.add(is.abort === true ? 'abort' : 'retry');
  if (changed.includes('promoteFull')) actions.add('promote-full');
  if (changed.includes('currentStepIndex')) actions.add('skip-current-step');
  else if (changed.includes('pauseConditions') || changed.includes('controllerPause')) actions.add('resume');
  return [...actions].sort();
}

/** The verbs that are written into a Rollout's spec. */
function rolloutActions(before: KubeObject, after: KubeObject): string[] | undefined {
  if (!deepEqual(declared(before.metadata), declared(after.metadata))) return undefined;
  const [{ paused, restartAt, ...was }, { paused: pausedNow, restartAt: restartNow, ...is }] = [
    recordOf(before.spec),
    recordOf(after.spec),
  ];
  if (!deepEqual(was, is)) return undefined;
  const actions: string[] = [];
  if ((paused === true) !== (pausedNow === true)) actions.push(pausedNow === true ? 'pause' : 'resume');
  if (restartAt !== restartNow) actions.push('restart');
  return actions;
}

const RESTARTED = 'kubectl.kubernetes.io/restartedAt';

/** Restart, scale, pause and resume of Kubernetes' own workloads, as Argo CD offers them. */
function workloadActions(id: string, before: KubeObject, after: KubeObject): string[] | undefined {
  const offered = { 'Deployment.apps': true, 'StatefulSet.apps': false, 'DaemonSet.apps': false }[id];
  if (offered === undefined || !deepEqual(declared(before.metadata), declared(after.metadata))) return undefined;
  const [was, is] = [withoutActions(before.spec), withoutActions(after.spec)];
  if (!deepEqual(was, is)) return undefined;
  const actions: string[] = [];
  const differs = (path: readonly string[]) => !deepEqual(valueAt(before.spec, path), valueAt(after.spec, path));
  if (differs(['template', 'metadata', 'annotations', RESTARTED])) actions.push('restart');
  if (differs(['replicas'])) {
    if (id === 'DaemonSet.apps') return undefined;
    actions.push('scale');
  }
  if (differs(['paused'])) {
    if (!offered) return undefined;
    actions.push(valueAt(after.spec, ['paused']) === true ? 'pause' : 'resume');
  }
  return actions;
}

function withoutActions(spec: unknown): unknown {
  const { replicas: _replicas, paused: _paused, template, ...rest } = recordOf(spec);
  const { metadata, ...body } = recordOf(template);
  const { annotations, ...labels } = recordOf(metadata);
  const { [RESTARTED]: _restarted, ...others } = recordOf(annotations);
  return { ...rest, template: { ...body, metadata: { ...labels, annotations: others } } };
}

function declared(metadata: KubeObject['metadata']): unknown {
  const { resourceVersion: _version, generation: _generation, ...rest } = metadata;
  return rest;
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
