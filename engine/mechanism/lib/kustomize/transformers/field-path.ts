/** The field paths of replacements (spec §8.3): `a.b`, `[name=web]`, `*`, indices, `\.` or `[a.b]` for dots in keys. */
import { compileRegex, type Regex } from '../../regex/regex.ts';
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

/** Raised with a message in words; the caller knows which replacement and which object. */
export class FieldPathError extends Error {}

/** What the last part of a path becomes when it has to be created. */
export type LeafKind = 'map' | 'list' | 'scalar';

/** One place a path leads to. */
export interface Slot {
  read(): Json;
  write(value: Json): void;
  /** True when the place was made by this lookup and holds nothing yet. */
  created: boolean;
}

/** `a.[x=y].b\.c` → [`a`, `[x=y]`, `b.c`] */
export function splitFieldPath(path: string): string[] {
  const raw = path
    .replace(/^\./, '')
    .split(/(?<!\\)\./)
    .map((part) => part.replaceAll('\\.', '.'));
  const parts: string[] = [];
  for (let i = 0; i < raw.length; i++) {
    let part = raw[i] ?? '';
    if (part.startsWith('[') && !part.endsWith(']')) {
      while (i < raw.length - 1 && !part.endsWith(']')) part += `.${raw[++i]}`;
      if (!part.includes('=')) part = part.replace(/^\[+|\]+$/g, '');
    }
    parts.push(part);
  }
  return parts;
}

/** The value at a path, or undefined. No wildcards. Throws FieldPathError when the path does not fit the value. */
export function lookUp(value: Json, path: readonly string[]): Json {
  let current = value;
  for (const part of path.map((text) => text.trim()).filter((text) => text !== '')) {
    if (isNull(current)) return undefined;
    current = lookUpPart(current, part);
  }
  return current;
}

function lookUpPart(value: Json, part: string): Json {
  if (part === '*') throw new FieldPathError('a wildcard is not allowed in the path of a source');
  if (/^[-+]?\d+$/.test(part)) return requireList(value, part)[Number(part)];
  if (part === '-') return requireList(value, part).at(-1);
  if (isBracketed(part)) {
    const [name, text] = splitBracket(part);
    return requireList(value, part).find((item) =>
      name === '' ? scalarText(item) === text : fieldText(item, name) === text,
    );
  }
  if (!isMap(value)) throw new FieldPathError(`"${part}" is looked for in something that is no map`);
  return getField(value, part);
}

/** Every place a path leads to, creating what is missing when `create` says of which kind the last part is. */
export function findSlots(slot: Slot, path: readonly string[], create: LeafKind | undefined): Slot[] {
  const [part, ...rest] = path;
  if (part === undefined) return [slot];
  const value = slot.read();
  if (/^\+?\d+$/.test(part)) return findIndex(requireList(value, part), Number(part), rest, create);
  if (isBracketed(part)) return findElements(requireList(value, part), part, rest, create);
  if (part === '*') {
    const list = requireList(value, part);
    return list.flatMap((_, index) => findSlots(elementSlot(list, index), rest, create));
  }
  return findField(value, part, rest, create);
}

function findField(value: Json, part: string, rest: readonly string[], create: LeafKind | undefined): Slot[] {
  if (isNull(value) && !create) return [];
  if (!isMap(value)) throw new FieldPathError(`"${part}" is looked for in something that is no map`);
  const exists = Object.hasOwn(value, part);
  if (!exists && !create) return [];
  const slot = fieldSlot(value, part, !exists);
  if (!exists && create) slot.write(emptyFor(rest[0], create));
  return findSlots(slot, rest, create);
}

function findIndex(list: JsonList, index: number, rest: readonly string[], create: LeafKind | undefined): Slot[] {
  const created = index === list.length && create !== undefined;
  if (created) list.push(emptyFor(rest[0], create));
  if (index >= list.length) throw new FieldPathError(`index ${index} of a list with ${list.length} elements`);
  return findSlots(elementSlot(list, index, created), rest, create);
}

function findElements(list: JsonList, part: string, rest: readonly string[], create: LeafKind | undefined): Slot[] {
  const [name, text] = splitBracket(part);
  const find = () => {
    const expression = compile(text);
    return list.flatMap((item, index) => {
      const actual = name === '' ? scalarText(item) : fieldText(item, name);
      if (actual === undefined || !expression.test(actual)) return [];
      return name === '' ? [elementSlot(list, index)] : findSlots(elementSlot(list, index), rest, create);
    });
  };
  const found = find();
  if (found.length > 0 || !create) return found;
  list.push(name === '' ? resolvePlain(text, 'resource') : { [name]: resolvePlain(text, 'resource') });
  return find();
}

function compile(text: string): Regex {
  try {
    return compileRegex(text);
  } catch {
    throw new FieldPathError(`"${text}" is not a valid regular expression`);
  }
}

/** What has to be created so that the next part of the path can be found in it. */
function emptyFor(next: string | undefined, leaf: LeafKind): Json {
  const kind = next === undefined ? leaf : isBracketed(next) || /^\+?\d+$/.test(next) ? 'list' : 'map';
  if (kind === 'list') return [];
  return kind === 'map' ? {} : undefined;
}

function fieldSlot(map: JsonMap, key: string, created: boolean): Slot {
  return { read: () => getField(map, key), write: (value) => setField(map, key, value), created };
}

function elementSlot(list: JsonList, index: number, created = false): Slot {
  return {
    read: () => list[index],
    write: (value) => {
      list[index] = value;
    },
    created,
  };
}

function requireList(value: Json, part: string): JsonList {
  if (isList(value)) return value;
  throw new FieldPathError(`"${part}" needs a list`);
}

function fieldText(item: Json, name: string): string | undefined {
  return isMap(item) && Object.hasOwn(item, name) ? scalarText(item[name]) : undefined;
}

function isBracketed(part: string): boolean {
  return part.startsWith('[') && part.endsWith(']');
}

/** `[name=web]` → [`name`, `web`]. Throws FieldPathError. */
export function splitBracket(part: string): [name: string, text: string] {
  const inner = part.slice(1, -1);
  const equals = inner.indexOf('=');
  if (equals < 0) throw new FieldPathError(`"${part}" must be of the form [field=value]`);
  return [inner.slice(0, equals), inner.slice(equals + 1)];
}
