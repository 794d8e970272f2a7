import type { Effect } from '#control/plan.ts';
import { refOf } from '#kube/kinds.ts';
import { computeMergePatch } from '#kube/merge-patch.ts';
import { controllerOf, controllerReference, type KubeObject, type Manifest } from '#kube/object.ts';
import { withIgnoredFromLive } from '../application/ignore-differences.ts';
import { parseJqPath, parsePointer } from '../application/json-path.ts';
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

/** The write that brings one Application to what the set wants, or none (argo-cd.md §2.3). */
export function writeApplication(
  set: ApplicationSet,
  desired: Manifest,
  live: KubeObject | undefined,
  mayUpdate: boolean,
): { effect: Effect; verb: 'created' | 'updated' } | { error: string } | undefined {
  const owner = controllerReference(set);
  if (live === undefined) {
    const object = { ...desired, metadata: { ...desired.metadata, ownerReferences: [owner] } };
    return { effect: { effect: 'create', object }, verb: 'created' };
  }
  const current = controllerOf(live);
  if (current !== undefined && (current.kind !== set.kind || current.name !== set.metadata.name)) {
    return { error: `Application "${live.metadata.name}" is already owned by ${current.kind} ${current.name}` };
  }
  if (!mayUpdate) return undefined;
  const next = nextState(set, withIgnored(set, desired, live), live);
  const patch = computeMergePatch(stateOf(live), next);
  const adopt = current?.uid === owner.uid ? undefined : { ownerReferences: [owner] };
  if (patch === undefined && adopt === undefined) return undefined;
  const metadata = { ...(patch?.metadata as object | undefined), ...adopt };
  const whole = Object.keys(metadata).length === 0 ? { ...patch } : { ...patch, metadata };
  return { effect: { effect: 'patch', target: refOf(live), patch: whole }, verb: 'updated' };
}

/** The parts of an Application a set decides about. */
function stateOf(object: Manifest | KubeObject) {
  const { labels, annotations, finalizers } = object.metadata;
  return { metadata: { labels, annotations, finalizers }, spec: object.spec };
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
function withIgnored(set: ApplicationSet, desired: Manifest, live: KubeObject): Manifest {
  const subject = { group: 'argoproj.io', kind: 'Application', namespace: '', name: live.metadata.name };
  const rules = (set.spec.ignoreApplicationDifferences ?? []).map((entry) => ({
    matches: () => entry.name === undefined || entry.name === '' || entry.name === live.metadata.name,
    paths: [
      ...(entry.jsonPointers ?? []).map(parsePointer),
      ...(entry.jqPathExpressions ?? []).map(parseJqPath),
    ].filter((path) => path !== undefined),
  }));
  return withIgnoredFromLive(desired, live, subject, rules);
}
