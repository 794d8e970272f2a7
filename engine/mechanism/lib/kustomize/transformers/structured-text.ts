/** Replacements into a scalar that holds JSON or YAML (spec §8.3, since 5.8.0). */
import { KustomizeError } from '../errors.ts';
import { cloneJson, isMap, isNull, type Json, type JsonMap } from '../types.ts';
import { compareBytes, toGoJson } from '../yaml/go-json.ts';
import { parseDocuments, SourceText } from '../yaml/parser.ts';
import { resolvePlain } from '../yaml/scalars.ts';
import { LayoutError, layOut, readText } from '../yaml/text-layout.ts';
import { FieldPathError, findSlots, type LeafKind, lookUp, type Slot } from './field-path.ts';

interface Copied {
  value: Json;
  text: string;
}

/** Sets a value inside the text that a prefix of the path leads to. False when there is no such text; the caller then
 * reports the path. Throws FieldPathError for a text that cannot be changed without changing more than the value. */
export function setInText(
  object: JsonMap | undefined,
  path: readonly string[],
  copied: Copied,
  create: LeafKind | undefined,
): boolean {
  for (let length = 1; length < path.length; length++) {
    const text = tryLookUp(object, path.slice(0, length));
    if (typeof text !== 'string') continue;
    const rest = path.slice(length);
    const changed = /^\s*[{[]/.test(text) ? inJson(text, rest, copied, create) : inYaml(text, rest, copied, create);
    if (changed === undefined) return false;
    replaceText(object, path.slice(0, length), changed);
    return true;
  }
  return false;
}

function tryLookUp(object: JsonMap | undefined, path: readonly string[]): Json {
  try {
    return lookUp(object, path);
  } catch (error) {
    if (error instanceof FieldPathError) return undefined;
    throw error;
  }
}

/** JSON, or what YAML allows in braces: written as JSON, its keys sorted. */
function inJson(text: string, path: readonly string[], copied: Copied, create?: LeafKind): string | undefined {
  const parsed = parseJson(text);
  if (parsed === undefined || !change(parsed, path, copied, create)) return undefined;
  return serialise(parsed, text);
}

function parseJson(text: string): Json {
  try {
    const [document] = parseDocuments(new SourceText('', text), 'resource');
    return document?.value;
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    return undefined;
  }
}

function inYaml(text: string, path: readonly string[], copied: Copied, create?: LeafKind): string | undefined {
  try {
    const document = readText(text);
    if (!document || (!isMap(document.value) && !Array.isArray(document.value))) return undefined;
    if (typeof copied.value === 'object' && !isNull(copied.value)) throw new LayoutError('maps and lists as values');
    if (!change(document.value, path, copied, create)) return undefined;
    return layOut(document);
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    throw new FieldPathError(
      `the YAML text there cannot be changed and laid out as upstream does with ${error.message}`,
    );
  }
}

function change(root: Json, path: readonly string[], copied: Copied, create?: LeafKind): boolean {
  const slots = findSlots({ read: () => root, write: () => undefined, created: false }, path, create);
  for (const slot of slots) writeInside(slot, copied);
  return slots.length > 0;
}

/** As everywhere in replacements, a scalar keeps its type and takes the text. */
function writeInside(slot: Slot, { value, text }: Copied): void {
  const current = slot.read();
  if (typeof current === 'object' && current !== null) {
    slot.write(cloneJson(value));
    return;
  }
  if (typeof current === 'string') {
    slot.write(text);
    return;
  }
  const next = resolvePlain(text, 'resource');
  if (!slot.created && (typeof next !== typeof current || isNull(next) !== isNull(current))) {
    const holds = isNull(current) ? 'null' : `the ${typeof current} ${String(current)}`;
    throw new FieldPathError(`the value "${text}" does not fit the field in the text, which holds ${holds}`);
  }
  slot.write(next);
}

/** Compact stays compact, indented stays indented; keys are sorted, as Go's JSON writer does. */
function serialise(value: Json, original: string): string {
  if (!(original.includes('\n') && original.includes('  '))) return toGoJson(value);
  return JSON.stringify(sorted(value), null, 2).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value ?? null;
  return Object.fromEntries(
    Object.keys(value)
      .sort(compareBytes)
      .map((key) => [key, sorted(value[key])]),
  );
}

function replaceText(object: JsonMap | undefined, path: readonly string[], text: string): void {
  const root: Slot = { read: () => object, write: () => undefined, created: false };
  for (const slot of findSlots(root, path, undefined)) slot.write(text);
}
