import { kindIdOf } from '#kube/kinds.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import type { Comparison } from './compare.ts';
import { HOOK_FINALIZER, resourceHookPhases } from './hooks.ts';
import { type Targets, targetOf } from './targets.ts';
import { hookTask, resourceTask, sortTasks, type Task, withPruneWaves } from './tasks.ts';
import type { Tracking } from './tracking.ts';
import type { Application, SyncOperation, SyncPhase, Target } from './types.ts';

export interface TaskInput {
  application: Application;
  instance: string;
  targets: Targets;
  comparison: Comparison;
  sync: SyncOperation;
  options: readonly string[];
  revision: string;
  startedAtMs: number;
  namespace: string;
  tracking: Tracking;
  objects: Reader;
}

/** All tasks of a sync in the order of execution (argo-cd.md §3.7). */
export function computeTasks(input: TaskInput): Task[] {
  const { comparison, sync, options } = input;
  const selected = sync.resources ?? [];
  const skipHooks =
    selected.length > 0 || (sync.syncStrategy?.apply !== undefined && sync.syncStrategy.hook === undefined);
  const outOfSyncOnly = options.includes('ApplyOutOfSyncOnly=true');
  const resources = comparison.resources
    .filter((resource) => selected.length === 0 || selected.some((wanted) => isSelected(wanted, resource)))
    .filter(({ status, target }) => !outOfSyncOnly || status !== 'Synced' || target === undefined)
    .map(resourceTask);
  const hooks = skipHooks ? [] : input.targets.hooks.flatMap((hook) => hookTasks(input, hook));
  const namespace = namespaceTask(input);
  return sortTasks(withPruneWaves([...hooks, ...(namespace === undefined ? [] : [namespace]), ...resources], options));
}

function isSelected(
  wanted: NonNullable<SyncOperation['resources']>[number],
  resource: { group: string; kind: string; namespace: string; name: string },
): boolean {
  return (
    (wanted.group ?? '') === resource.group &&
    wanted.kind === resource.kind &&
    wanted.name === resource.name &&
    (wanted.namespace === undefined || wanted.namespace === '' || wanted.namespace === resource.namespace)
  );
}

/** A hook with two phases is two tasks; a generated name is made of revision, phase and start (case cd/E21). */
function hookTasks(input: TaskInput, hook: Target): Task[] {
  return resourceHookPhases(hook.manifest).map((phase) => {
    const name = hook.name === '' ? generatedName(input, hook.manifest, phase) : hook.name;
    const target = { ...hook, name, manifest: withHookFinalizer(input, hook, name) };
    const ref = { kind: kindIdOf(target.manifest), namespace: target.namespaced ? target.namespace : undefined };
    const live = target.known
      ? (input.objects.get(ref.kind, ref.namespace, name) as KubeObject | undefined)
      : undefined;
    return hookTask(phase, target, live);
  });
}

export function generatedName(
  input: Pick<TaskInput, 'revision' | 'startedAtMs'>,
  manifest: Manifest,
  phase: SyncPhase,
): string {
  const started = Math.floor(input.startedAtMs / 1000);
  return `${manifest.metadata.generateName ?? ''}${input.revision.slice(0, 7)}-${phase}-${started}`.toLowerCase();
}

function withHookFinalizer(input: TaskInput, hook: Target, name: string): Manifest {
  const named =
    hook.name === ''
      ? targetOf(
          { ...hook.manifest, metadata: { ...hook.manifest.metadata, name } },
          { instance: input.instance, namespace: hook.namespace || input.namespace, tracking: input.tracking },
        ).manifest
      : hook.manifest;
  const { generateName: _generated, ...metadata } = named.metadata;
  const finalizers = [...new Set([...(metadata.finalizers ?? []), HOOK_FINALIZER])];
  return { ...named, metadata: { ...metadata, finalizers } };
}

/** CreateNamespace (case cd/E22): the destination's namespace, when nothing declares it and it is not there. */
function namespaceTask(input: TaskInput): Task | undefined {
  const { application, namespace, options, objects } = input;
  if (!options.includes('CreateNamespace=true') || namespace === '') return undefined;
  const declared = [...input.targets.resources, ...input.targets.hooks];
  if (declared.some(({ group, kind, name }) => group === '' && kind === 'Namespace' && name === namespace))
    return undefined;
  const live = objects.get('Namespace', undefined, namespace) as KubeObject | undefined;
  const managed = application.spec.syncPolicy?.managedNamespaceMetadata;
  if (live !== undefined && managed === undefined) return undefined;
  const { labels, annotations } = managed ?? {};
  const manifest: Manifest = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
  };
  const tracked = targetOf(manifest, { instance: input.instance, namespace: '' });
  return { ...hookTask('PreSync', { ...tracked, manifest }, live), isHook: false };
}
