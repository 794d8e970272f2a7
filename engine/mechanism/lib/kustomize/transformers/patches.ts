/** Applies loaded patches to the objects of a build. */
import { fail, nearestName } from '../errors.ts';
import type { LoadedPatch } from '../loader/model.ts';
import { formatId, type Resource, sameId } from '../resource.ts';
import type { Schemas } from '../schema/schemas.ts';
import { selectResources } from '../selectors.ts';
import { cloneJson, isMap, type JsonMap } from '../types.ts';
import { applyJsonPatch, JsonPatchError } from './json-patch.ts';
import { MergeError, mergeStrategically } from './strategic-merge.ts';

/** Applies one entry; deleted objects lose their `object`. `keepsHistory` is false for the legacy `patchesJson6902`. */
export function applyPatch(
  resources: readonly Resource[],
  patch: LoadedPatch,
  schemas: Schemas,
  keepsHistory = true,
): void {
  const { operations, target } = patch;
  if (operations) {
    for (const resource of selectResources(resources, target ?? {}, patch.at)) {
      if (keepsHistory) resource.storePreviousId();
      applyOperations(resource, patch);
    }
    return;
  }
  if (target) {
    const [merge] = patch.merges;
    for (const resource of selectResources(resources, target, patch.at)) {
      if (merge) applyMerge(resource, targetedPatch(merge, resource), patch, schemas);
    }
    return;
  }
  for (const merge of patch.merges) {
    applyMerge(findTarget(resources, merge), cloneJson(merge.object ?? {}), patch, schemas);
  }
}

/** With a target, the patch takes over the target's apiVersion, and its labels and annotations become strings. */
function targetedPatch(merge: Resource, resource: Resource): JsonMap {
  const patch = merge.clone();
  for (const field of ['labels', 'annotations'] as const) {
    if (isMap(patch.metadata(field)))
      patch.setMetadata(field, field === 'labels' ? patch.labels() : patch.annotations());
  }
  if (patch.object) patch.object.apiVersion = resource.apiVersion;
  return patch.object ?? {};
}

function applyMerge(resource: Resource, patch: JsonMap, entry: LoadedPatch, schemas: Schemas): void {
  const { name, namespace, kind } = resource;
  if (!resource.object) return;
  if (entry.allowNameChange || entry.allowKindChange) resource.storePreviousId();
  try {
    resource.object = mergeStrategically(resource.object, patch, schemas);
  } catch (error) {
    if (!(error instanceof MergeError)) throw error;
    fail(entry.at, {
      code: 'invalid-patch',
      message: `${formatId(resource.currentId)}: ${error.message}`,
      fix: 'correct the patch',
    });
  }
  if (!resource.object) return;
  if (Object.keys(resource.object).length === 0) {
    resource.object = undefined;
    return;
  }
  if (!entry.allowKindChange) resource.object.kind = kind;
  if (!entry.allowNameChange) resource.setMetadata('name', name);
  resource.setMetadata('namespace', namespace === '' ? undefined : namespace);
}

function applyOperations(resource: Resource, patch: LoadedPatch): void {
  if (!resource.object) return;
  try {
    resource.object = applyJsonPatch(resource.object, patch.operations ?? []);
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    fail(patch.at, {
      code: 'invalid-patch',
      message: `${formatId(resource.currentId)}: ${error.message}`,
      fix: 'correct the patch',
    });
  }
}

function findTarget(resources: readonly Resource[], merge: Resource): Resource {
  const id = merge.currentId;
  const matches = resources.filter(
    (resource) => resource.object && resource.allIds.some((candidate) => sameId(candidate, id)),
  );
  const [match] = matches;
  if (matches.length === 1 && match) return match;
  const names = resources.map((resource) => formatId(resource.currentId));
  const nearest = nearestName(formatId(id), names);
  if (matches.length > 1) {
    const why = `candidates: ${matches.map((resource) => formatId(resource.currentId)).join('; ')}`;
    fail(merge.at, {
      code: 'no-match',
      message: `several objects match the patch for ${formatId(id)}`,
      why,
      fix: 'add a target',
    });
  }
  return fail(merge.at, {
    code: 'no-match',
    message: `no resource matches strategic merge patch ${formatId(id)}`,
    why: 'without a target, group, version, kind, name and namespace of the patch must be those of an object',
    fix: nearest ? `did you mean ${nearest}?` : 'correct the identity in the patch, or add a target',
  });
}
