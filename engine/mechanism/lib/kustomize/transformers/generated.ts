/** Adds generated objects to those already there, by their `behavior` (spec §7.1). */
import { fail } from '../errors.ts';
import { formatId, type Resource, sameId, stringMap } from '../resource.ts';
import { getField, type JsonMap } from '../types.ts';

/** Creates, replaces or merges. Throws KustomizeError when the behavior does not fit what exists. */
export function absorbGenerated(resources: Resource[], generated: Resource): void {
  const id = generated.currentId;
  const matches = resources.filter(
    (resource) => resource.object && resource.allIds.some((candidate) => sameId(candidate, id)),
  );
  const [existing] = matches;
  if (!existing) {
    if (generated.behavior === 'create') resources.push(generated);
    else failMissing(generated);
    return;
  }
  if (matches.length > 1) {
    const why = matches.map((resource) => `${resource.at.file}:${resource.at.line}`).join(', ');
    fail(generated.at, {
      code: 'no-match',
      message: `several objects match ${formatId(id)}`,
      why,
      fix: 'add a namespace',
    });
  }
  if (generated.behavior === 'create') {
    fail(generated.at, {
      code: 'duplicate-id',
      message: `${formatId(id)} exists already`,
      why: `it is defined at ${existing.at.file}:${existing.at.line}`,
      fix: 'set behavior: merge or behavior: replace, or use another name',
    });
  }
  takeOver(generated, existing);
  resources[resources.indexOf(existing)] = generated;
}

function failMissing(generated: Resource): never {
  const why = 'merge and replace need an object that exists before';
  const message = `there is no ${formatId(generated.currentId)} to ${generated.behavior}`;
  return fail(generated.at, { code: 'no-match', message, why, fix: 'use behavior: create, or correct the name' });
}

/** The new object keeps the identity, labels, annotations and history of the old one. */
function takeOver(generated: Resource, existing: Resource): void {
  mergeMetadata(generated, existing, 'labels');
  mergeMetadata(generated, existing, 'annotations');
  generated.setMetadata('name', existing.name);
  generated.setMetadata('namespace', existing.namespace === '' ? undefined : existing.namespace);
  generated.needsHash = generated.needsHash && existing.needsHash;
  generated.previous = existing.previous;
  generated.prefixes = existing.prefixes;
  generated.suffixes = existing.suffixes;
  if (generated.behavior === 'merge') {
    for (const field of ['data', 'binaryData']) mergeStrings(generated, existing, field);
    generated.origin = existing.origin;
  }
}

function mergeMetadata(generated: Resource, existing: Resource, field: 'labels' | 'annotations'): void {
  const merged = { ...stringMap(existing.metadata(field)), ...stringMap(generated.metadata(field)) };
  if (Object.keys(merged).length > 0) generated.setMetadata(field, merged);
}

function mergeStrings(generated: Resource, existing: Resource, field: string): void {
  const [mine, theirs] = [generated.object ?? {}, existing.object ?? {}];
  const merged: JsonMap = { ...stringMap(getField(theirs, field)), ...stringMap(getField(mine, field)) };
  if (Object.keys(merged).length > 0) mine[field] = merged;
  else delete mine[field];
}
