import { immutableJSONPatch, type JSONPatchDocument } from 'immutable-json-patch';
import { isRecord } from '#core/json.ts';
import { apiVersionOf, type ResourceKind } from '#kube/kinds.ts';
import { applyMergePatch } from '#kube/merge-patch.ts';
import type { KubeObject } from '#kube/object.ts';
import { schemaOfKind } from '#kube/schema/schema.ts';
import { applyStrategicMerge, StrategicMergeError } from '#kube/strategic-merge.ts';
import { ApiError } from './errors.ts';

export type Patch =
  | { type: 'merge'; patch: Record<string, unknown> }
  | { type: 'json'; operations: JSONPatchDocument }
  | { type: 'strategic'; patch: Record<string, unknown> };

/**
 * `live` with the patch laid over it; the object itself is left as it is (kubernetes-api.md §11). Throws ApiError for a
 * patch that cannot apply: 415 for a strategic patch of a custom resource, 422 for a failed JSON patch, 400 otherwise.
 */
export function applyPatch(kind: ResourceKind, live: KubeObject, patch: Patch): KubeObject {
  const result: unknown = patched(kind, live, patch);
  if (isRecord(result) && isRecord(result.metadata) && result.kind === live.kind) return result as KubeObject;
  throw new ApiError(
    'BadRequest',
    `the patch of ${kind.kind} "${live.metadata.name}" may not remove or change its kind or its metadata`,
  );
}

function patched(kind: ResourceKind, live: KubeObject, patch: Patch): unknown {
  switch (patch.type) {
    case 'merge':
      return applyMergePatch(live, patch.patch);
    case 'strategic':
      return strategic(kind, live, patch.patch);
    case 'json':
      try {
        return immutableJSONPatch(live, patch.operations);
      } catch (error) {
        throw new ApiError(
          'Invalid',
          `the server rejected our request due to an error in our request: ${(error as Error).message}`,
        );
      }
  }
}

function strategic(kind: ResourceKind, live: KubeObject, patch: Record<string, unknown>): KubeObject {
  const schema = schemaOfKind(apiVersionOf(kind), kind.kind);
  if (kind.custom || schema === undefined) {
    throw new ApiError(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  try {
    return applyStrategicMerge(live, patch, schema) as KubeObject;
  } catch (error) {
    if (error instanceof StrategicMergeError) throw new ApiError('BadRequest', error.message);
    throw error;
  }
}
