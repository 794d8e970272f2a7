import { canonicalJson, deepCopy, isRecord } from '#core/json.ts';
import type { KubeObject, Manifest } from './object.ts';
import { schemaOfKind } from './schema/schema.ts';
import { mergeThreeWay } from './three-way-merge.ts';

/** Where `kubectl apply` records what it applied, so that the next apply knows what was taken out. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

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

/** The manifest with itself recorded on it. */
export function withLastApplied(manifest: Manifest): Manifest {
  const copy = deepCopy(manifest);
  const annotations = { ...copy.metadata.annotations };
  delete annotations[LAST_APPLIED];
  const recorded = { ...copy, metadata: { ...copy.metadata, annotations } };
  return {
    ...copy,
    metadata: { ...copy.metadata, annotations: { ...annotations, [LAST_APPLIED]: `${canonicalJson(recorded)}\n` } },
  };
}
