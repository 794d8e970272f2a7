/** JSON 6902 patches, with the extensions of the library that kustomize uses (negative indices). */
import type { JsonPatchOperation } from '../loader/model.ts';
import { cloneJson, countNodes, isList, isMap, type Json, type JsonMap, setField } from '../types.ts';

/** Raised with a message in words; the caller knows which patch and which object. */
export class JsonPatchError extends Error {}

/** Copies of copies double an object with every operation. */
const COPIED_NODES_MAX = 1_000_000;

/** Applies the operations to a copy of `object` and returns it. Throws JsonPatchError. */
export function applyJsonPatch(object: JsonMap, operations: readonly JsonPatchOperation[]): JsonMap {
  let root: Json = cloneJson(object);
  let copied = 0;
  for (const operation of operations) {
    if (operation.op === 'copy') copied += countNodes(read(root, operation.from ?? ''));
    if (copied > COPIED_NODES_MAX)
      throw new JsonPatchError(`its copies add up to more than ${COPIED_NODES_MAX} values`);
    root = applyOperation(root, operation);
  }
  if (!isMap(root)) throw new JsonPatchError('the patch replaces the whole object with something that is no object');
  return root;
}

function applyOperation(root: Json, { op, path, from, value }: JsonPatchOperation): Json {
  switch (op) {
    case 'add':
      return add(root, path, cloneJson(value) ?? null);
    case 'remove':
      remove(root, path);
      return root;
    case 'replace':
      return replace(root, path, cloneJson(value) ?? null);
    case 'copy':
      return add(root, path, cloneJson(read(root, from ?? '')));
    case 'move': {
      const moved = read(root, from ?? '');
      remove(root, from ?? '');
      return add(root, path, moved);
    }
    default:
      if (!equal(read(root, path, true), value ?? null))
        throw new JsonPatchError(`test failed: ${path} is not ${JSON.stringify(value)}`);
      return root;
  }
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .split('/')
    .slice(pointer.startsWith('/') ? 1 : 0)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function step(value: Json, part: string, pointer: string): Json {
  if (isMap(value)) {
    if (!Object.hasOwn(value, part))
      throw new JsonPatchError(`the path ${pointer} does not exist: there is no "${part}"`);
    return value[part];
  }
  if (isList(value)) return value[existingIndex(value, part, pointer)];
  throw new JsonPatchError(`the path ${pointer} does not exist: "${part}" is looked for in a scalar`);
}

function existingIndex(list: readonly Json[], part: string, pointer: string): number {
  const index = /^-?\d+$/.test(part) ? Number(part) : Number.NaN;
  const absolute = index < 0 ? index + list.length : index;
  if (!(absolute >= 0 && absolute < list.length)) {
    throw new JsonPatchError(
      `the path ${pointer} does not exist: the list has ${list.length} elements, "${part}" is none of them`,
    );
  }
  return absolute;
}

function parentOf(root: Json, pointer: string): [parent: Json, last: string] {
  const parts = parsePointer(pointer);
  const last = parts.pop();
  if (last === undefined) throw new JsonPatchError('the path of this operation is empty');
  return [parts.reduce((value, part) => step(value, part, pointer), root), last];
}

function read(root: Json, pointer: string, missingIsNull = false): Json {
  const parts = parsePointer(pointer);
  const last = parts.pop();
  if (last === undefined) return root;
  const parent = parts.reduce((value, part) => step(value, part, pointer), root);
  if (missingIsNull && isMap(parent) && !Object.hasOwn(parent, last)) return null;
  return step(parent, last, pointer);
}

function add(root: Json, pointer: string, value: Json): Json {
  if (pointer === '') return value;
  const [parent, last] = parentOf(root, pointer);
  if (isMap(parent)) setField(parent, last, value);
  else if (isList(parent)) parent.splice(insertionIndex(parent, last, pointer), 0, value);
  else throw new JsonPatchError(`cannot add ${pointer}: its parent is a scalar`);
  return root;
}

function insertionIndex(list: readonly Json[], part: string, pointer: string): number {
  if (part === '-') return list.length;
  const index = /^-?\d+$/.test(part) ? Number(part) : Number.NaN;
  const absolute = index < 0 ? index + list.length + 1 : index;
  if (absolute >= 0 && absolute <= list.length) return absolute;
  throw new JsonPatchError(`cannot add ${pointer}: "${part}" is no position in a list of ${list.length}`);
}

function remove(root: Json, pointer: string): void {
  const [parent, last] = parentOf(root, pointer);
  step(parent, last, pointer);
  if (isMap(parent)) delete parent[last];
  else if (isList(parent)) parent.splice(existingIndex(parent, last, pointer), 1);
}

function replace(root: Json, pointer: string, value: Json): Json {
  if (pointer === '') return value;
  const [parent, last] = parentOf(root, pointer);
  step(parent, last, pointer);
  if (isMap(parent)) setField(parent, last, value);
  else if (isList(parent)) parent[existingIndex(parent, last, pointer)] = value;
  return root;
}

function equal(a: Json, b: Json): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
  }
  return (a ?? null) === (b ?? null);
}
