import { deepEqual, isRecord } from '#core/json.ts';
import { type FieldSchema, schemaOfType, type TypeSchema } from './schema/schema.ts';

/**
 * Strategic merge patch as kube-apiserver applies it (kubernetes-api.md §11.1): maps merge, lists merge by the key their
 * schema names or are replaced, `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` direct it.
 */

/** The patch itself is wrong: `message` says where and why. */
export class StrategicMergeError extends Error {
  override name = 'StrategicMergeError';
}

type Members = Record<string, unknown>;

const ORDER = '$setElementOrder/';
const DELETE = '$deleteFromPrimitiveList/';
const RETAIN = '$retainKeys';

/** `live` with `patch` laid over it. Inputs are left as they are. Throws StrategicMergeError. */
export function applyStrategicMerge(live: unknown, patch: Members, schema: TypeSchema | undefined): Members {
  return mergeMaps(isRecord(live) ? live : {}, patch, schema, '');
}

function mergeMaps(live: Members, patch: Members, schema: TypeSchema | undefined, path: string): Members {
  const directive = patch.$patch;
  if (directive === 'delete') return {};
  if (directive === 'replace') return withoutDirectives(without(patch, '$patch')) as Members;
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive, path);
  const result = retained(live, patch, path);
  const names = new Set<string>();
  for (const key of Object.keys(patch)) names.add(memberOf(key));
  for (const name of names) {
    if (name !== '') mergeMember(result, patch, name, schema?.fields.get(name), path === '' ? name : `${path}.${name}`);
  }
  return result;
}

/** The member that a key of a patch speaks of; '' for a directive about the whole map. */
function memberOf(key: string): string {
  if (key === '$patch' || key === RETAIN) return '';
  if (key.startsWith(ORDER)) return key.slice(ORDER.length);
  return key.startsWith(DELETE) ? key.slice(DELETE.length) : key;
}

function mergeMember(
  result: Members,
  patch: Members,
  name: string,
  field: FieldSchema | undefined,
  path: string,
): void {
  const change = patch[name];
  if (change === null) {
    delete result[name];
    return;
  }
  const before = result[name];
  const order = listOf(patch[`${ORDER}${name}`], `${ORDER}${name}`);
  const removed = listOf(patch[`${DELETE}${name}`], `${DELETE}${name}`);
  if (Array.isArray(change) || order !== undefined || removed !== undefined) {
    const list = Array.isArray(before) ? before : [];
    const additions = Array.isArray(change) ? change : undefined;
    result[name] = mergeLists(list, additions, { order, removed }, field, path);
  } else if (isRecord(change)) {
    const inner = field === undefined ? undefined : schemaOfType(field.element);
    result[name] =
      field?.container === 'map'
        ? mergeMapOf(isRecord(before) ? before : {}, change, field, path)
        : mergeMaps(isRecord(before) ? before : {}, change, inner, path);
  } else if (change !== undefined) result[name] = change;
}

/** A string map: its members are data, so a key may look like anything. */
function mergeMapOf(live: Members, patch: Members, field: FieldSchema, path: string): Members {
  const inner = schemaOfType(field.element);
  return mergeMaps(live, patch, inner === undefined ? undefined : { ...inner, fields: new Map() }, path);
}

function retained(live: Members, patch: Members, path: string): Members {
  const keep = listOf(patch[RETAIN], RETAIN);
  if (keep === undefined) return { ...live };
  const foreign = Object.keys(patch).find((key) => !key.startsWith('$') && patch[key] !== null && !keep.includes(key));
  if (foreign !== undefined) {
    throw new StrategicMergeError(`${path || 'the patch'}: "${foreign}" is set but not listed in $retainKeys`);
  }
  return Object.fromEntries(Object.entries(live).filter(([key]) => keep.includes(key)));
}

interface ListDirectives {
  order: readonly unknown[] | undefined;
  removed: readonly unknown[] | undefined;
}

function mergeLists(
  live: readonly unknown[],
  patch: readonly unknown[] | undefined,
  { order, removed }: ListDirectives,
  field: FieldSchema | undefined,
  path: string,
): unknown[] {
  if (field?.merges !== true) return patch === undefined ? [...live] : (withoutDirectives([...patch]) as unknown[]);
  if (field.mergeKey === undefined) return mergeValues(live, patch ?? [], order, removed);
  return mergeElements(live, patch ?? [], order, { key: field.mergeKey, schema: schemaOfType(field.element), path });
}

function mergeValues(
  live: readonly unknown[],
  patch: readonly unknown[],
  order: readonly unknown[] | undefined,
  removed: readonly unknown[] | undefined,
): unknown[] {
  const kept = live.filter((value) => !(removed ?? []).some((gone) => deepEqual(gone, value)));
  const added = patch.filter((value) => !kept.some((present) => deepEqual(present, value)));
  const merged = [...kept, ...added];
  return order === undefined ? merged : orderElements(merged, kept, order, (value) => JSON.stringify(value));
}

interface ListType {
  key: string;
  schema: TypeSchema | undefined;
  path: string;
}

function mergeElements(
  live: readonly unknown[],
  patch: readonly unknown[],
  order: readonly unknown[] | undefined,
  { key, schema, path }: ListType,
): unknown[] {
  const idOf = (element: unknown) => JSON.stringify(isRecord(element) ? element[key] : element);
  const elements = patch.map((element) => checkedElement(element, key, path));
  if (elements.some((element) => element.$patch === 'replace')) {
    return elements.filter((element) => element.$patch !== 'replace').map((element) => withoutDirectives(element));
  }
  let merged: unknown[] = [...live];
  for (const element of elements) {
    const index = merged.findIndex((present) => idOf(present) === idOf(element));
    if (element.$patch === 'delete') merged = merged.filter((present) => idOf(present) !== idOf(element));
    else if (index < 0) merged.push(mergeMaps({}, element, schema, `${path}[${key}=${String(element[key])}]`));
    else
      merged[index] = mergeMaps(merged[index] as Members, element, schema, `${path}[${key}=${String(element[key])}]`);
  }
  return order === undefined ? merged : orderElements(merged, live, order, idOf);
}

function checkedElement(element: unknown, key: string, path: string): Members {
  if (!isRecord(element)) throw new StrategicMergeError(`${path}: an element of the patch is not a map`);
  const directive = element.$patch;
  if (directive === 'replace') return element;
  if (directive === 'merge') throw new StrategicMergeError('merging lists cannot yet be specified in the patch');
  if (directive !== undefined && directive !== 'delete') throw unknownDirective(directive, path);
  if (element[key] === undefined) {
    throw new StrategicMergeError(
      `${path}: map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`,
    );
  }
  return element;
}

/**
 * Elements that `order` names come in that order; those only the server has keep their place after the element that
 * stood before them.
 */
export function orderElements(
  merged: readonly unknown[],
  live: readonly unknown[],
  order: readonly unknown[],
  idOf: (element: unknown) => string,
): unknown[] {
  const byId = new Map(merged.map((element) => [idOf(element), element]));
  const wanted = order.map(idOf).filter((id) => byId.has(id));
  const rest = merged.filter((element) => !wanted.includes(idOf(element)));
  const result = wanted.map((id) => byId.get(id));
  const liveIds = live.map(idOf);
  for (const element of rest) {
    const place = liveIds.indexOf(idOf(element));
    const before = liveIds.slice(0, Math.max(place, 0)).reverse();
    const after = before.map((id) => result.findIndex((item) => idOf(item) === id)).find((index) => index >= 0);
    if (place < 0) result.push(element);
    else result.splice(after === undefined ? 0 : after + 1, 0, element);
  }
  return result;
}

function listOf(value: unknown, name: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new StrategicMergeError(`${name} must be a list`);
  return value;
}

function unknownDirective(directive: unknown, path: string): StrategicMergeError {
  return new StrategicMergeError(`${path || 'the patch'}: unknown $patch type: ${String(directive)}`);
}

function without(map: Members, key: string): Members {
  const { [key]: _gone, ...rest } = map;
  return rest;
}

/** What is added may carry directives that had nothing to act on; they are never stored. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isRecord(item) && item.$patch !== undefined)).map(withoutDirectives);
  }
  if (!isRecord(value)) return value;
  const isDirective = (key: string) =>
    key === '$patch' || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !isDirective(key) && item !== null)
      .map(([key, item]) => [key, withoutDirectives(item)]),
  );
}
