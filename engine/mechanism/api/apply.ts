import { findKind, refOf } from '#kube/kinds.ts';
import { lastAppliedOf, threeWayMerge, withLastApplied } from '#kube/last-applied.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import type { Resources, WriteOptions } from './resources.ts';

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
