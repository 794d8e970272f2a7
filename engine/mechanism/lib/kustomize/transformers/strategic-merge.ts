/** Strategic merge as kustomize does it (spec §8.2): a walk over target and patch together, driven by schemas. */
import type { Schema, Schemas } from '../schema/schemas.ts';
import {
  getField,
  isList,
  isMap,
  isNull,
  type Json,
  type JsonList,
  type JsonMap,
  scalarText,
  setField,
} from '../types.ts';
import { resolvePlain } from '../yaml/scalars.ts';

/** Raised with a message in words; the caller knows which patch and which object. */
export class MergeError extends Error {}

/** Merges `patch` into `target`, both changed in place. Returns undefined when the patch deletes the object. */
export function mergeStrategically(target: JsonMap, patch: JsonMap, schemas: Schemas): JsonMap | undefined {
  const merged = new Merger(schemas).walk(target, patch, undefined, '');
  return isMap(merged) ? merged : undefined;
}

/** A field that is not there at all, as opposed to one that holds null. */
const MISSING = Symbol('missing');
type Slot = Json | typeof MISSING;

const absent = (slot: Slot): slot is typeof MISSING | null | undefined => slot === MISSING || isNull(slot);

class Merger {
  private readonly schemas: Schemas;

  constructor(schemas: Schemas) {
    this.schemas = schemas;
  }

  walk(target: Slot, patch: Slot, inherited: Schema | undefined, path: string): Slot {
    const schema = inherited ?? this.schemaOf(target) ?? this.schemaOf(patch);
    const lead = absent(target) ? patch : target;
    if (absent(lead) || isMap(lead))
      return this.mergeMaps(
        this.expect(target, isMap, 'a map', path),
        this.expect(patch, isMap, 'a map', path),
        schema,
        path,
      );
    if (isList(lead)) {
      const lists = [this.expect(target, isList, 'a list', path), this.expect(patch, isList, 'a list', path)] as const;
      if (schema?.mergeKeys) return this.mergeLists(lists[0], lists[1], schema, schema.mergeKeys, path);
      return patch === MISSING ? target : patch;
    }
    const scalar = (value: Json): value is string | number | boolean => typeof value !== 'object';
    this.expect(target, scalar, 'a scalar', path);
    this.expect(patch, scalar, 'a scalar', path);
    return patch === MISSING ? target : patch;
  }

  private schemaOf(slot: Slot): Schema | undefined {
    if (absent(slot) || !isMap(slot)) return undefined;
    const { apiVersion, kind } = slot;
    return typeof apiVersion === 'string' && typeof kind === 'string'
      ? this.schemas.lookup(apiVersion, kind)
      : undefined;
  }

  private expect<T extends Json>(slot: Slot, is: (value: Json) => value is T, what: string, path: string): Slot {
    if (absent(slot) || is(slot as Json)) return slot;
    throw new MergeError(`${path || 'the object'}: the patch and the object disagree whether this is ${what}`);
  }

  private mergeMaps(target: Slot, patch: Slot, schema: Schema | undefined, path: string): Slot {
    const start = this.startMap(target, patch);
    if (absent(start)) return start;
    const destination = start as JsonMap;
    const sources = [absent(target) ? start : target, patch] as const;
    for (const key of fieldNames([destination, sources[1]])) {
      const value = this.walk(
        slotOf(destination, key),
        slotOf(patch, key),
        schema?.field(key),
        path ? `${path}.${key}` : key,
      );
      this.store(destination, key, value);
    }
    return destination;
  }

  /** A null that a patch did not ask for survives only when it was written out. */
  private store(map: JsonMap, key: string, value: Slot): void {
    if (value === KEPT_NULL) setField(map, key, null);
    else if (absent(value)) delete map[key];
    else setField(map, key, value as Json);
  }

  private startMap(target: Slot, patch: Slot): Slot {
    if (absent(target)) {
      const directive = isMap(patch as Json) ? takeMapDirective(patch as JsonMap) : 'merge';
      if (directive === 'delete') return MISSING;
      if (patch === MISSING && target === null) return KEPT_NULL as unknown as Slot;
      return patch;
    }
    if (patch !== MISSING && absent(patch)) return MISSING;
    const directive = patch === MISSING ? 'merge' : takeMapDirective(patch as JsonMap);
    if (directive === 'delete') return MISSING;
    return directive === 'replace' ? patch : target;
  }

  private mergeLists(target: Slot, patch: Slot, schema: Schema, keys: readonly string[], path: string): Slot {
    if (!absent(target)) {
      if (patch !== MISSING && absent(patch)) return MISSING;
      const directive = patch === MISSING ? 'merge' : takeListDirective(patch as JsonList);
      if (directive === 'delete') return MISSING;
      if (directive === 'replace') return this.mergeElements(patch as JsonList, patch as JsonList, schema, keys, path);
    }
    const destination = (absent(target) ? patch : target) as JsonList;
    return this.mergeElements(destination, absent(patch) ? undefined : (patch as JsonList), schema, keys, path);
  }

  /** Elements of the patch come first, then those of the target that the patch does not name. */
  private mergeElements(
    target: JsonList,
    patch: JsonList | undefined,
    schema: Schema,
    keys: readonly string[],
    path: string,
  ): Slot {
    const primitive = keys.length === 0;
    const names = primitive ? [''] : keys;
    let values = collectValues(patch, target, names);
    if (values.length === 0) return target;
    if (names.length > 1) values = joinPartialValues(values);
    const additions: JsonList = [];
    let usedKeys: string[] = [];
    for (const tuple of values) {
      if (tuple.length === 0) continue;
      const valid = validKeys(values, tuple, names);
      usedKeys = valid.keys;
      const find = validKeys([tuple], tuple, names);
      const merged = this.walk(
        findElement(target, find),
        findElement(patch, find),
        schema.elements(),
        `${path}[${tuple.join(',')}]`,
      );
      if (absent(merged) || isEmptyMap(merged as Json)) {
        setElement(target, undefined, valid.keys, valid.values);
        continue;
      }
      ensureKeys(merged as Json, valid);
      setElement(additions, merged as Json, valid.keys, valid.values);
    }
    return appendElements(additions, target, usedKeys);
  }
}

const KEPT_NULL = Symbol('kept null') as unknown as null;

function slotOf(slot: Slot, key: string): Slot {
  if (absent(slot) || !isMap(slot as Json)) return MISSING;
  const map = slot as JsonMap;
  return Object.hasOwn(map, key) ? map[key] : MISSING;
}

function fieldNames(slots: readonly Slot[]): string[] {
  const names = new Set<string>();
  for (const slot of slots) if (isMap(slot as Json)) for (const key of Object.keys(slot as JsonMap)) names.add(key);
  return [...names].sort();
}

type Directive = 'merge' | 'replace' | 'delete';

/** Reads and removes `$patch` from a map. */
function takeMapDirective(patch: JsonMap): Directive {
  if (!Object.hasOwn(patch, '$patch')) return 'merge';
  const directive = parseDirective(patch.$patch);
  delete patch.$patch;
  return directive;
}

/** Reads and removes a `- $patch: x` element from a list. */
function takeListDirective(patch: JsonList): Directive {
  const index = patch.findIndex((item) => isMap(item) && Object.hasOwn(item, '$patch'));
  const element = patch[index];
  if (!isMap(element) || Object.keys(element).length > 1) return 'merge';
  const directive = parseDirective(element.$patch);
  patch.splice(index, 1);
  return directive;
}

function parseDirective(value: Json): Directive {
  const text = scalarText(value);
  if (text === 'merge' || text === 'replace' || text === 'delete') return text;
  throw new MergeError(`unknown $patch directive "${text}" (use merge, replace or delete)`);
}

/** The distinct key tuples of all elements: those of the patch first. */
function collectValues(patch: JsonList | undefined, target: JsonList, keys: readonly string[]): string[][] {
  const seen = new Set<string>();
  const values: string[][] = [];
  for (const list of [patch, target]) {
    for (const element of list ?? []) {
      const tuple = keys.map((key) => (key === '' ? scalarText(element) : keyText(element, key)));
      const id = JSON.stringify(tuple);
      if (seen.has(id)) continue;
      seen.add(id);
      values.push(tuple);
    }
  }
  return values;
}

function keyText(element: Json, key: string): string {
  return isMap(element) ? scalarText(getField(element, key)) : '';
}

/** Two tuples that agree where both are given stand for the same element. */
function joinPartialValues(values: string[][]): string[][] {
  for (let i = 0; i < values.length; i++) {
    for (let j = 0; j < values.length; j++) {
      const joined = joinTuples(values[i] ?? [], values[j] ?? []);
      if (joined) values[i] = values[j] = joined;
    }
  }
  return values;
}

function joinTuples(a: readonly string[], b: readonly string[]): string[] | undefined {
  if (a.length !== b.length) return undefined;
  let common = false;
  const joined: string[] = [];
  for (let i = 0; i < a.length; i++) {
    const [x = '', y = ''] = [a[i], b[i]];
    if (x === y) common = true;
    else if (x !== '' && y !== '') return undefined;
    joined.push(x === '' ? y : x);
  }
  return common ? joined : undefined;
}

interface KeyValues {
  keys: string[];
  values: string[];
}

/** Keys that no element of the list gives are not used for matching. */
function validKeys(all: readonly string[][], tuple: readonly string[], keys: readonly string[]): KeyValues {
  const given = new Set(
    keys.filter((_, index) => all.some((values) => values[index] !== undefined && values[index] !== '')),
  );
  if (given.size === 0) return { keys: [...keys], values: [...tuple] };
  return {
    keys: keys.filter((key) => given.has(key)),
    values: tuple.filter((value, i) => value !== '' || given.has(keys[i] ?? '')),
  };
}

function findElement(list: JsonList | undefined, { keys, values }: KeyValues): Slot {
  if (!list) return MISSING;
  const matches = (element: Json) =>
    keys[0] === ''
      ? scalarText(element) === values[0]
      : isMap(element) && keys.every((key, i) => Object.hasOwn(element, key) && scalarText(element[key]) === values[i]);
  const index = list.findIndex(matches);
  return index < 0 ? MISSING : list[index];
}

function isEmptyMap(value: Json): boolean {
  return isMap(value) && Object.keys(value).length === 0;
}

function ensureKeys(element: Json, { keys, values }: KeyValues): void {
  if (!isMap(element)) return;
  keys.forEach((key, index) => {
    const value = values[index] ?? '';
    if (value !== '' && !Object.hasOwn(element, key)) setField(element, key, resolvePlain(value, 'resource'));
  });
}

/** Replaces the elements that match, or appends; without an element, removes them. Empty elements are dropped. */
function setElement(
  list: JsonList,
  element: Json | undefined,
  keys: readonly string[],
  values: readonly string[],
): void {
  const kept: JsonList = [];
  const wantsMap = keys[0] !== undefined && keys[0] !== '' && values[0] !== undefined && values[0] !== '';
  let found = false;
  for (const item of list) {
    if (isNull(item) || isEmptyMap(item)) continue;
    if (!isMap(item) && wantsMap) kept.push(item);
    else if (!elementMatches(item, keys, values)) {
      if (values.length > 0) kept.push(item);
    } else {
      found = true;
      if (element !== undefined) kept.push(element);
    }
  }
  if (!found && element !== undefined) kept.push(element);
  list.splice(0, list.length, ...kept);
}

function elementMatches(item: Json, keys: readonly string[], values: readonly string[]): boolean {
  if (values.length === 0) return false;
  return keys.every((key, index) => {
    if (index >= values.length) return true;
    const value = values[index];
    if (key === '') return scalarText(item) === (value ?? '');
    if (!isMap(item) || !Object.hasOwn(item, key) || isNull(item[key])) return false;
    return value === '' || scalarText(item[key]) === value;
  });
}

/** Puts the elements of `source` into `list`: in place of the one with the same keys, else at the end. */
function appendElements(list: JsonList, source: JsonList, keys: readonly string[]): JsonList {
  for (const element of [...source]) {
    if (keys[0] === '') {
      setElement(list, element, [''], [scalarText(element)]);
      continue;
    }
    const values: string[] = [];
    for (const key of keys) {
      if (isMap(element) && !isNull(getField(element, key))) values.push(scalarText(element[key]));
      else list.push(element);
    }
    if (keys.length > 1) setElement(list, undefined, keys, values);
    setElement(list, element, keys, values);
  }
  return list;
}
