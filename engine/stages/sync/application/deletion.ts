import type { Effect } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject, type Manifest } from '#kube/object.ts';
import { formatFailure } from '../../commit/failures.ts';
import { healthOf } from './health.ts';
import { type DeletionHook, deletePolicies, deletionHookFinalizers, isDeletionHook, waveOf } from './hooks.ts';
import type { ApplicationObservation } from './observe.ts';
import { optionOf } from './sync-options.ts';
import { approvedAtMs } from './sync-step.ts';
import { resourceKey, targetOf } from './targets.ts';
import type { Application, Target } from './types.ts';

export const RESOURCES_FINALIZER = 'resources-finalizer.argocd.argoproj.io';
const CASCADE_FINALIZERS = [
  RESOURCES_FINALIZER,
  `${RESOURCES_FINALIZER}/foreground`,
  `${RESOURCES_FINALIZER}/background`,
];

export interface DeletionPlan {
  effects: Effect[];
  /** What holds the deletion up, for a DeletionError condition. */
  problem?: string;
}

const WAITING: DeletionPlan = { effects: [] };

/**
 * The next step of a deletion (argo-cd.md §3.9): PreDelete hooks, the cascade from the highest wave down, PostDelete
 * hooks, then what hooks leave behind. Empty while the current step is still going.
 */
export function planDeletion(observation: ApplicationObservation): DeletionPlan {
  const { application, checked } = observation;
  const has = (finalizer: string) => application.metadata.finalizers?.includes(finalizer) === true;
  const [preDelete, preCleanup] = deletionHookFinalizers('PreDelete');
  const [postDelete, postCleanup] = deletionHookFinalizers('PostDelete');
  const cascade = CASCADE_FINALIZERS.filter(has);
  const own = [...cascade, ...[preDelete, preCleanup, postDelete, postCleanup].filter(has)];
  if (own.length === 0) return WAITING;
  // A cluster that is not there holds nothing of ours.
  if (checked.destination.server === '') return { effects: [withoutFinalizers(application, own)] };
  if (has(preDelete)) return runHooks(observation, 'PreDelete');
  if (cascade.length > 0) return planCascade(observation, cascade);
  if (has(postDelete)) return runHooks(observation, 'PostDelete');
  return cleanUpHooks(observation, has(preCleanup) ? 'PreDelete' : 'PostDelete');
}

function planCascade(observation: ApplicationObservation, own: readonly string[]): DeletionPlan {
  const { application, tracked } = observation;
  const doomed = tracked.filter((live) => isDeletable(observation, live));
  if (doomed.length === 0) return { effects: [withoutFinalizers(application, own)] };
  if (tracked.some(isDeleting)) return WAITING;
  const unconfirmed = doomed.filter((live) => needsConfirmation(observation, live));
  if (unconfirmed.length > 0) {
    const names = unconfirmed.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(', ');
    return { effects: [], problem: `waiting for deletion confirmation of ${names}` };
  }
  const propagation = own.includes(`${RESOURCES_FINALIZER}/background`) ? 'Background' : 'Foreground';
  return { effects: lastWave(doomed).map((live) => ({ effect: 'delete', target: refOf(live), propagation })) };
}

/** The objects of the highest wave (case cd/C19). */
export function lastWave<T extends { metadata: { annotations?: Record<string, string> } }>(objects: readonly T[]): T[] {
  const highest = Math.max(...objects.map(waveOf));
  return objects.filter((object) => waveOf(object) === highest);
}

function isDeletable({ instance, checked }: ApplicationObservation, live: KubeObject): boolean {
  if (live.kind === 'CustomResourceDefinition') return false;
  if (live.kind === 'Application' && live.metadata.name === instance) return false;
  if (live.metadata.annotations?.['helm.sh/resource-policy'] === 'keep') return false;
  return optionOf('Delete', checked.syncOptions, live) !== 'false';
}

/** `Delete=confirm` or `Prune=confirm`, and no approval since the deletion was asked for. */
function needsConfirmation({ application, checked }: ApplicationObservation, live: KubeObject): boolean {
  if (!['Delete', 'Prune'].some((name) => optionOf(name, checked.syncOptions, live) === 'confirm')) return false;
  const approved = approvedAtMs(application.metadata.annotations);
  const askedAt = parseTime(application.metadata.deletionTimestamp) ?? 0;
  return approved === undefined || approved < askedAt;
}

/** Creates hooks that are not there, and waits for them. A failed one is deleted, so that the next try makes it anew. */
function runHooks(observation: ApplicationObservation, type: DeletionHook): DeletionPlan {
  const { application, tracked, desired, checked } = observation;
  if (checked.errors.length > 0) return { effects: [], problem: hookProblem(type, checked.errors[0]?.message ?? '') };
  if (desired?.phase === 'failed') {
    const why = `Failed to load target state: ${formatFailure(desired.failure)}`;
    return { effects: [], problem: hookProblem(type, why) };
  }
  if (desired?.phase !== 'ready') return WAITING;
  const there = tracked.filter((live) => isDeletionHook(live, type));
  const known = new Set(there.map(resourceKey));
  const missing = hookTargets(observation, desired.rendered.manifests, type).filter(({ key }) => !known.has(key));
  if (missing.length > 0) {
    return {
      ...keepProblem(observation),
      effects: missing.map(({ manifest }) => ({ effect: 'create', object: manifest, ifAbsent: true })),
    };
  }
  const judged = there.map((live) => ({ live, status: healthOf(observation, live)?.status ?? 'Healthy' }));
  const failed = judged.filter(({ status }) => status === 'Degraded').map(({ live }) => live);
  if (failed.length > 0) {
    const names = failed.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
    return {
      effects: failed.map((live) => ({ effect: 'delete', target: refOf(live), propagation: 'Background' })),
      problem: `${hookProblem(type, `${type} hook(s) failed: ${names}`)}`,
    };
  }
  if (judged.some(({ status }) => status === 'Progressing')) return keepProblem(observation);
  return { effects: [withoutFinalizers(application, [deletionHookFinalizers(type)[0]])] };
}

function hookProblem(type: DeletionHook, why: string): string {
  return `error executing ${type === 'PreDelete' ? 'pre' : 'post'}-delete hooks: ${why}`;
}

/** While a failed hook is tried again, the condition goes on saying why. */
function keepProblem({ application }: ApplicationObservation): DeletionPlan {
  const last = application.status?.conditions?.find(({ type }) => type === 'DeletionError');
  return last === undefined ? WAITING : { effects: [], problem: last.message };
}

function hookTargets(
  { instance, checked, settings }: ApplicationObservation,
  manifests: readonly Manifest[],
  type: DeletionHook,
): Target[] {
  const place = { instance, namespace: checked.destination.namespace, tracking: settings.tracking };
  return manifests.filter((manifest) => isDeletionHook(manifest, type)).map((manifest) => targetOf(manifest, place));
}

/** Deletes hooks whose policy fits how they ended; without one of these policies they stay, as upstream has it. */
function cleanUpHooks(observation: ApplicationObservation, type: DeletionHook): DeletionPlan {
  const { application, tracked } = observation;
  const hooks = tracked.filter((live) => isDeletionHook(live, type));
  const isDegraded = hooks.some((live) => healthOf(observation, live)?.status === 'Degraded');
  const policy = isDegraded ? 'HookFailed' : 'HookSucceeded';
  const doomed = hooks.filter((live) => deletePolicies(live).includes(policy));
  if (doomed.length === 0) return { effects: [withoutFinalizers(application, [deletionHookFinalizers(type)[1]])] };
  const remaining = doomed.filter((live) => !isDeleting(live));
  return { effects: remaining.map((live) => ({ effect: 'delete', target: refOf(live), propagation: 'Background' })) };
}

/** Keeps the hooks' finalizers in step with whether the manifests have such hooks. */
export function hookFinalizers({ application, desired }: ApplicationObservation): Effect[] {
  if (desired?.phase !== 'ready') return [];
  const present = application.metadata.finalizers ?? [];
  const types: readonly DeletionHook[] = ['PreDelete', 'PostDelete'];
  const managed = types.flatMap(deletionHookFinalizers);
  const wanted = types
    .filter((type) => desired.rendered.manifests.some((manifest) => isDeletionHook(manifest, type)))
    .flatMap(deletionHookFinalizers);
  if (managed.every((name) => present.includes(name) === wanted.includes(name))) return [];
  const next = [...present.filter((name) => !managed.includes(name)), ...wanted];
  const finalizers = next.length > 0 ? next : null;
  return [{ effect: 'patch', target: refOf(application), patch: { metadata: { finalizers } } }];
}

function withoutFinalizers(application: Application, own: readonly string[]): Effect {
  const rest = (application.metadata.finalizers ?? []).filter((finalizer) => !own.includes(finalizer));
  const finalizers = rest.length > 0 ? rest : null;
  return { effect: 'patch', target: refOf(application), patch: { metadata: { finalizers } } };
}
