import { invalid } from '#api/errors.ts';
import { Causes } from '#api/validation/causes.ts';
import { validateMetadata } from '#api/validation/metadata.ts';
import type { Effect } from '#control/plan.ts';
import { deepEqual } from '#core/json.ts';
import { findKind, type ResourceKind, refOf } from '#kube/kinds.ts';
import { computeMergePatch } from '#kube/merge-patch.ts';
import { controllerOf, controllerReference, type KubeObject, type Manifest } from '#kube/object.ts';
import { compileIgnoreDifferences, type IgnoreRule, withIgnoredFromLive } from '../application/ignore-differences.ts';
import type { Operation } from '../application/types.ts';
import { normaliseSpec } from './expand.ts';
import type { ApplicationSet } from './types.ts';

const PRESERVED_ANNOTATIONS = [
  'notified.notifications.argoproj.io',
  'argocd.argoproj.io/refresh',
  'argocd.argoproj.io/hydrate',
];

/** What a policy lets the controller do with Applications (argo-cd.md §2.2 step 10). */
export function permissionsOf(policy: string | undefined): { update: boolean; remove: boolean } | undefined {
  switch (policy ?? 'sync') {
    case 'create-only':
      return { update: false, remove: false };
    case 'create-update':
      return { update: true, remove: false };
    case 'create-delete':
      return { update: false, remove: true };
    case 'sync':
    case '':
      return { update: true, remove: true };
    default:
      return undefined;
  }
}

export type Write = { effect: Effect; verb: 'created' | 'updated' } | { error: string } | undefined;

/** What a set's writes have in common, made ready once a plan. */
export interface Writer {
  set: ApplicationSet;
  mayUpdate: boolean;
  ignored: readonly IgnoreRule[];
}

/** Throws WriteError for `ignoreApplicationDifferences` that cannot be read. */
export function writerOf(set: ApplicationSet, mayUpdate: boolean): Writer {
  return { set, mayUpdate, ignored: ignoreRules(set) };
}

/** Nothing may be written: the message names the field. */
export class WriteError extends Error {
  override name = 'WriteError';
}

/**
 * The write that brings one Application to what the set wants, or none (argo-cd.md §2.3).
 * @param operation A sync to start with it.
 */
export function writeApplication(
  { set, mayUpdate, ignored }: Writer,
  desired: Manifest,
  live: KubeObject | undefined,
  operation?: Operation,
): Write {
  const owner = controllerReference(set);
  if (live === undefined) {
    const object = { ...desired, metadata: { ...desired.metadata, ownerReferences: [owner] } };
    const problem = metadataProblem(desired);
    if (problem !== undefined) return { error: problem };
    return { effect: { effect: 'create', object }, verb: 'created' };
  }
  const current = controllerOf(live);
  if (current !== undefined && (current.kind !== set.kind || current.name !== set.metadata.name)) {
    const { namespace, name } = live.metadata;
    return {
      error: `Object ${namespace}/${name} is already owned by another ${current.kind} controller ${current.name}`,
    };
  }
  if (!mayUpdate) {
    return current === undefined
      ? { error: `applications.argoproj.io ${JSON.stringify(live.metadata.name)} already exists` }
      : undefined;
  }
  const next = nextState(set, withIgnored(ignored, desired, live), live);
  const patch = computeMergePatch(stateOf(live), next);
  const adopt = current?.uid === owner.uid ? undefined : { ownerReferences: [owner] };
  if (patch === undefined && adopt === undefined && operation === undefined) return undefined;
  const problem =
    patch === undefined ? undefined : metadataProblem({ ...live, metadata: { ...live.metadata, ...next.metadata } });
  if (problem !== undefined) return { error: problem };
  const metadata = { ...(patch?.metadata as object | undefined), ...adopt };
  const whole = {
    ...patch,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(operation === undefined ? {} : { operation }),
  };
  return { effect: { effect: 'patch', target: refOf(live), patch: whole }, verb: 'updated' };
}

/** What the API would say to a name, label or annotation that a template made: one that is refused keeps no other from being written. */
function metadataProblem(application: Manifest): string | undefined {
  const kind = findKind('Application.argoproj.io') as ResourceKind;
  const causes = new Causes();
  const metadata = { ...application.metadata, ownerReferences: undefined };
  validateMetadata(kind, { ...application, metadata } as KubeObject, causes);
  return causes.list.length === 0 ? undefined : invalid(kind, application.metadata.name ?? '', causes.list).message;
}

/** Whether the set would change the live spec (argo-cd.md §2.8 B): the same comparison as a write makes. */
export function changesSpec({ ignored }: Writer, desired: Manifest, live: KubeObject): boolean {
  const wanted = withIgnored(ignored, desired, live).spec as Record<string, unknown>;
  return !deepEqual(normaliseSpec(live.spec as Record<string, unknown>), wanted);
}

/** The parts of an Application a set decides about. */
function stateOf(object: Manifest | KubeObject) {
  const { labels, annotations, finalizers } = object.metadata;
  return { metadata: { labels, annotations, finalizers }, spec: normaliseSpec(object.spec as Record<string, unknown>) };
}

function nextState(set: ApplicationSet, desired: Manifest, live: KubeObject) {
  const { preservedFields } = set.spec;
  const annotations = [...PRESERVED_ANNOTATIONS, ...(preservedFields?.annotations ?? [])];
  const hooks = (live.metadata.finalizers ?? []).filter((name) => /^(pre|post)-delete-finalizer\./.test(name));
  const finalizers = [...new Set([...(desired.metadata.finalizers ?? []), ...hooks])];
  return {
    metadata: {
      labels: withKept(desired.metadata.labels, live.metadata.labels, preservedFields?.labels ?? []),
      annotations: withKept(desired.metadata.annotations, live.metadata.annotations, annotations),
      finalizers: finalizers.length > 0 ? finalizers : undefined,
    },
    spec: desired.spec,
  };
}

function withKept(
  wanted: Record<string, string> | undefined,
  live: Record<string, string> | undefined,
  keep: readonly string[],
): Record<string, string> | undefined {
  const kept = Object.entries(live ?? {}).filter(([key]) => keep.includes(key));
  const result = { ...wanted, ...Object.fromEntries(kept) };
  return Object.keys(result).length > 0 ? result : undefined;
}

/** ignoreApplicationDifferences: what the set is not to decide stays as it is live. */
function withIgnored(ignored: readonly IgnoreRule[], desired: Manifest, live: KubeObject): Manifest {
  if (ignored.length === 0) return desired;
  const subject = { group: 'argoproj.io', kind: 'Application', namespace: '', name: live.metadata.name };
  return withIgnoredFromLive(desired, live, subject, ignored);
}

function ignoreRules(set: ApplicationSet): readonly IgnoreRule[] {
  const entries = (set.spec.ignoreApplicationDifferences ?? []).map((entry) => ({ ...entry, group: '*', kind: '*' }));
  const { rules, errors } = compileIgnoreDifferences(entries, 'spec.ignoreApplicationDifferences');
  if (errors.length > 0) throw new WriteError(`failed to build ignore diff config: ${errors.join('; ')}`);
  return rules;
}
