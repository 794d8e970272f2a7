import { immutableJSONPatch, type JSONPatchDocument } from 'immutable-json-patch';
import type { ResourceKind } from '#kube/kinds.ts';
import { applyMergePatch } from '#kube/merge-patch.ts';
import type { KubeObject } from '#kube/object.ts';
import { ApiError } from './errors.ts';

export type Patch = { type: 'merge'; patch: Record<string, unknown> } | { type: 'json'; operations: JSONPatchDocument };

/** `live` with the patch laid over it; the object itself is left as it is. Throws ApiError for a patch that cannot apply. */
export function applyPatch(_kind: ResourceKind, live: KubeObject, patch: Patch): KubeObject {
  switch (patch.type) {
    case 'merge':
      return applyMergePatch(live, patch.patch) as KubeObject;
    case 'json':
      try {
        return immutableJSONPatch(live, patch.operations) as KubeObject;
      } catch (error) {
        throw new ApiError(
          'Invalid',
          `the server rejected our request due to an error in our request: ${(error as Error).message}`,
        );
      }
  }
}
