import { canonicalJson, deepCopy, isRecord } from '#core/json.ts';
import { findKind, refOf } from '#kube/kinds.ts';
import { applyMergePatch, computeMergePatch } from '#kube/merge-patch.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import type { Resources, WriteOptions } from './resources.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface ApplyOptions extends Pick<WriteOptions, 'dryRun'> {
  manager: string;
  /** `client`: three-way with the last-applied annotation. `replace`: PUT. */
  strategy: 'client' | 'server' | 'replace';
}

/**
 * `kubectl apply` as a function: creates the object or brings the live one to it. What an earlier apply set and this
 * one no longer names is removed; what others set is left alone.
 * Returns the object as stored and whether it was created, changed or already so.
 */
export function applyManifest(
  resources: Resources,
  manifest: Manifest,
  options: ApplyOptions,
): { object: KubeObject; outcome: 'created' | 'configured' | 'unchanged' } {
  const ref = refOf(manifest);
  const live = resources.store.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
  const write: WriteOptions = { fieldManager: options.manager, dryRun: options.dryRun };
  const desired = options.strategy === 'replace' ? manifest : withLastApplied(manifest);
  if (live === undefined) return { object: resources.create(desired, write), outcome: 'created' };
  const next = options.strategy === 'replace' ? { ...desired } : threeWayMerge(lastAppliedOf(live), desired, live);
  if (findKind(ref.kind)?.status === 'subresource') delete (next as Record<string, unknown>).status;
  const object = resources.replace(next, write);
  return {
    object,
    outcome: object.metadata.resourceVersion === live.metadata.resourceVersion ? 'unchanged' : 'configured',
  };
}

/** The manifest that the last apply recorded on the object, or undefined. */
export function lastAppliedOf(live: KubeObject): Record<string, unknown> | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What `live` becomes when `desired` is applied after `lastApplied`. */
export function threeWayMerge(
  lastApplied: Record<string, unknown> | undefined,
  desired: Manifest,
  live: KubeObject,
): Manifest {
  const dropped = removals(lastApplied, desired);
  return applyMergePatch(applyMergePatch(live, dropped ?? {}), desired) as Manifest;
}

/** The deletions only: members the last apply had and `desired` has no more. */
function removals(before: unknown, after: unknown): Record<string, unknown> | undefined {
  const patch = computeMergePatch(before, after);
  return patch === undefined ? undefined : onlyNulls(patch);
}

function onlyNulls(patch: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result[key] = null;
    else if (isRecord(value)) result[key] = onlyNulls(value);
  }
  return result;
}

function withLastApplied(manifest: Manifest): Manifest {
  const copy = deepCopy(manifest);
  const annotations = { ...copy.metadata.annotations };
  delete annotations[LAST_APPLIED];
  const recorded = { ...copy, metadata: { ...copy.metadata, annotations } };
  return {
    ...copy,
    metadata: { ...copy.metadata, annotations: { ...annotations, [LAST_APPLIED]: `${canonicalJson(recorded)}\n` } },
  };
}
