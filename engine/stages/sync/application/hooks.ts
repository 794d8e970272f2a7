import type { SyncPhase } from './types.ts';

export const HOOK_ANNOTATION = 'argocd.argoproj.io/hook';
export const HOOK_FINALIZER = 'argocd.argoproj.io/hook-finalizer';
const HELM_HOOK = 'helm.sh/hook';
const SYNC_PHASES: readonly SyncPhase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail'];
const HELM_PHASES: Readonly<Record<string, SyncPhase>> = {
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
};

type Annotated = { metadata: { annotations?: Record<string, string> } };

export type DeletePolicy = 'HookSucceeded' | 'HookFailed' | 'BeforeHookCreation';

function csv(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** True for anything marked as a hook, also of a type nobody knows: such a thing is never applied as a resource. */
export function hasHookAnnotation(object: Annotated): boolean {
  const { annotations } = object.metadata;
  if (annotations?.[HOOK_ANNOTATION] !== undefined) return !isSkipped(object);
  const helm = csv(annotations?.[HELM_HOOK]);
  return helm.length > 0 && !helm.includes('crd-install');
}

/** A resource that is declared but never applied: `Skip` and nothing else. */
export function isSkipped(object: Annotated): boolean {
  const types = csv(object.metadata.annotations?.[HOOK_ANNOTATION]);
  return types.length > 0 && types.every((type) => type === 'Skip');
}

/** The phases a hook runs in (cases cd/E01, cd/E02); none for resources, `Skip` and unknown types. */
export function resourceHookPhases(object: Annotated): SyncPhase[] {
  const { annotations } = object.metadata;
  const own = csv(annotations?.[HOOK_ANNOTATION]);
  const types =
    annotations?.[HOOK_ANNOTATION] !== undefined
      ? own.filter((type): type is SyncPhase => (SYNC_PHASES as readonly string[]).includes(type))
      : csv(annotations?.[HELM_HOOK]).flatMap((type) => HELM_PHASES[type] ?? []);
  return [...new Set(types)];
}

/** The phases a task of this object runs in: hooks in theirs, `Skip` in none, everything else in Sync. */
export function syncPhases(object: Annotated): SyncPhase[] {
  if (hasHookAnnotation(object)) return resourceHookPhases(object);
  return isSkipped(object) ? [] : ['Sync'];
}

export type DeletionHook = 'PreDelete' | 'PostDelete';

/** Whether an object is a hook that runs when the Application goes. */
export function isDeletionHook(object: Annotated, type: DeletionHook): boolean {
  const { annotations } = object.metadata;
  const helm = type === 'PreDelete' ? 'pre-delete' : 'post-delete';
  return csv(annotations?.[HOOK_ANNOTATION]).includes(type) || csv(annotations?.[HELM_HOOK]).includes(helm);
}

/** The finalizers that hold an Application until its hooks of a type have run, and until they have been cleaned up. */
export function deletionHookFinalizers(type: DeletionHook): [run: string, cleanup: string] {
  const name = `${type === 'PreDelete' ? 'pre' : 'post'}-delete-finalizer.argocd.argoproj.io`;
  return [name, `${name}/cleanup`];
}

export function hasDeletionHookFinalizer({ metadata }: { metadata: { finalizers?: string[] } }): boolean {
  const all = (['PreDelete', 'PostDelete'] as const).map((type) => deletionHookFinalizers(type)[0]);
  return (metadata.finalizers ?? []).some((finalizer) => all.includes(finalizer));
}

/** When a hook's object is deleted; BeforeHookCreation unless the annotation says otherwise. */
export function deletePolicies(object: Annotated): DeletePolicy[] {
  const { annotations } = object.metadata;
  const own = csv(annotations?.['argocd.argoproj.io/hook-delete-policy']);
  const helm = csv(annotations?.['helm.sh/hook-delete-policy']).map(
    (policy) =>
      ({
        'before-hook-creation': 'BeforeHookCreation',
        'hook-succeeded': 'HookSucceeded',
        'hook-failed': 'HookFailed',
      })[policy] ?? '',
  );
  const policies = (own.length > 0 ? own : helm).filter((policy): policy is DeletePolicy =>
    ['HookSucceeded', 'HookFailed', 'BeforeHookCreation'].includes(policy),
  );
  return policies.length > 0 ? policies : ['BeforeHookCreation'];
}

/** The wave of an object (case cd/E03): Argo's annotation, else Helm's weight, else 0. */
export function waveOf(object: Annotated): number {
  const { annotations } = object.metadata;
  for (const text of [annotations?.['argocd.argoproj.io/sync-wave'], annotations?.['helm.sh/hook-weight']]) {
    if (text !== undefined && /^[+-]?\d+$/.test(text)) return Number(text);
  }
  return 0;
}

/** The sync options on an object's annotation. */
export function resourceOptions(object: Annotated): string[] {
  return csv(object.metadata.annotations?.['argocd.argoproj.io/sync-options']);
}

export function compareOptions(object: Annotated): string[] {
  return csv(object.metadata.annotations?.['argocd.argoproj.io/compare-options']);
}
