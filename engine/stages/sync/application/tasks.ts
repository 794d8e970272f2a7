import type { KubeObject } from '#kube/object.ts';
import type { ComparedResource } from './compare.ts';
import { waveOf } from './hooks.ts';
import { optionOf } from './sync-options.ts';
import type { SyncPhase, Target } from './types.ts';

/** One thing to do in a sync: apply a resource, run a hook in one of its phases, or prune a live object. */
export interface Task {
  /** Phase and resource: identifies the task in the results of an operation. */
  id: string;
  phase: SyncPhase;
  wave: number;
  isHook: boolean;
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  /** Undefined for prunes. */
  target: Target | undefined;
  live: KubeObject | undefined;
  /** Set for tasks that compare live and desired. */
  compared: ComparedResource | undefined;
}

const PHASE_ORDER: Readonly<Record<SyncPhase, number>> = { PreSync: -1, Sync: 0, PostSync: 1, SyncFail: 2 };

/** Kinds in the order in which they are applied within a wave; all others come after these, by name (argo-cd.md §3.7). */
const KIND_ORDER = [
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];
const KIND_RANK = new Map(KIND_ORDER.map((kind, index) => [kind, index - KIND_ORDER.length]));

/** Negative for kinds with a place of their own, 0 for all others (case cd/E04). */
export function kindRank(kind: string): number {
  return KIND_RANK.get(kind) ?? 0;
}

export function taskId(
  phase: SyncPhase,
  resource: { group: string; kind: string; namespace: string; name: string },
): string {
  return `${phase}:${resource.group}/${resource.kind}/${resource.namespace}/${resource.name}`;
}

/** `group/Kind/name`, as messages of the sync engine name a resource; the core group is empty. */
export function describeTask(task: { group: string; kind: string; name: string }): string {
  return `${task.group}/${task.kind}/${task.name}`;
}

/** Phase, wave, kind, name; a namespace goes before the first task that lives in it (cases cd/E04-E06). */
export function sortTasks(tasks: readonly Task[]): Task[] {
  const sorted = [...tasks].sort(
    (left, right) =>
      PHASE_ORDER[left.phase] - PHASE_ORDER[right.phase] ||
      left.wave - right.wave ||
      kindRank(left.kind) - kindRank(right.kind) ||
      (left.name < right.name ? -1 : left.name > right.name ? 1 : 0),
  );
  const namespaces = sorted.filter(
    (task) => task.kind === 'Namespace' && task.group === '' && task.target !== undefined,
  );
  for (const namespace of namespaces) moveBeforeDependents(sorted, namespace);
  return sorted;
}

function moveBeforeDependents(sorted: Task[], namespace: Task): void {
  const from = sorted.indexOf(namespace);
  const first = sorted.findIndex((task) => task.target !== undefined && task.namespace === namespace.name);
  if (first < 0 || first > from) return;
  const { phase, wave } = sorted[first] as Task;
  sorted.splice(from, 1);
  sorted.splice(first, 0, { ...namespace, phase, wave, id: taskId(phase, namespace) });
}

/**
 * Waves of prunes, mirrored so that what came last goes first, and PruneLast after everything (cases cd/E23-E27).
 * Returns the tasks with their new waves.
 */
export function withPruneWaves(tasks: readonly Task[], options: readonly string[]): Task[] {
  const prunes = tasks.filter((task) => task.target === undefined);
  const waves = [...new Set(prunes.map((task) => task.wave))].sort((left, right) => left - right);
  const mirrored = new Map(waves.map((wave, index) => [wave, waves[waves.length - 1 - index] as number]));
  const turned = tasks.map((task) =>
    task.target === undefined ? { ...task, wave: mirrored.get(task.wave) ?? task.wave } : task,
  );
  const inSync = turned.filter((task) => task.phase === 'Sync').map((task) => task.wave);
  const last = Math.max(0, ...inSync) + 1;
  return turned.map((task) =>
    task.target === undefined && optionOf('PruneLast', options, task.live) === 'true' ? { ...task, wave: last } : task,
  );
}

/** A resource of the comparison as a task of the Sync phase. */
export function resourceTask(resource: ComparedResource): Task {
  const { group, version, kind, namespace, name, target, live } = resource;
  return {
    id: taskId('Sync', resource),
    phase: 'Sync',
    wave: waveOf((target?.manifest ?? live) as { metadata: object }),
    isHook: false,
    group,
    version,
    kind,
    namespace,
    name,
    target,
    live,
    compared: resource,
  };
}

export function hookTask(phase: SyncPhase, target: Target, live: KubeObject | undefined): Task {
  const { group, version, kind, namespace, name } = target;
  const wave = waveOf(target.manifest);
  return {
    id: taskId(phase, target),
    phase,
    wave,
    isHook: true,
    group,
    version,
    kind,
    namespace,
    name,
    target,
    live,
    compared: undefined,
  };
}

/** True when the tasks do not all belong to one phase and wave (case cd/E07). */
export function isMultiStep(tasks: readonly Task[]): boolean {
  const first = tasks[0];
  const last = tasks[tasks.length - 1];
  return first !== undefined && last !== undefined && (first.phase !== last.phase || first.wave !== last.wave);
}
