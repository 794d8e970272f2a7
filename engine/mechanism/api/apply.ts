import { canonicalJson, deepCopy, isRecord } from '#core/json.ts';
import { findKind, refOf } from '#kube/kinds.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { schemaOfKind } from '#kube/schema/schema.ts';
import { mergeThreeWay } from '#kube/three-way-merge.ts';
import type { Resources, WriteOptions } from './resources.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface ApplyOptions extends Pick<WriteOptions, 'dryRun'> {
  manager: string;
  /** `client` and `server`: three-way with the last-applied annotation (ownership is not tracked). `replace`: PUT. */
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

/**
 * What `live` becomes when `desired` is applied after `lastApplied`. Lists of built-in kinds merge by their keys
 * (containers by name, ports by number, …); lists of custom resources are replaced whole.
 */
export function threeWayMerge(
  lastApplied: Record<string, unknown> | undefined,
  desired: Manifest,
  live: KubeObject,
): Manifest {
  return mergeThreeWay(lastApplied, desired, live, schemaOfKind(live.apiVersion, live.kind)) as Manifest;
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
