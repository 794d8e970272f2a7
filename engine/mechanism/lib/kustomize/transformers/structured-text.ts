/** Replacements into a scalar that holds JSON (spec §8.3, since 5.8.0). */
import { cloneJson, isMap, type Json, type JsonMap } from '../types.ts';
import { compareBytes, toGoJson } from '../yaml/go-json.ts';
import { resolvePlain } from '../yaml/scalars.ts';
import { FieldPathError, findSlots, type LeafKind, lookUp, type Slot } from './field-path.ts';

/** Sets a value inside the JSON text that a prefix of the path leads to. False when there is no such text; the caller
 * then reports the path. YAML text is refused: rewriting it would not keep its layout. */
export function setInText(
  object: JsonMap | undefined,
  path: readonly string[],
  copied: { value: Json; text: string },
  create: LeafKind | undefined,
): boolean {
  for (let length = 1; length < path.length; length++) {
    const text = tryLookUp(object, path.slice(0, length));
    if (typeof text !== 'string') continue;
    const parsed = parseJson(text);
    if (parsed === undefined) {
      if (/^\s*[\w"'-][^\n]*:(\s|$)/.test(text)) {
        throw new FieldPathError(`"${path[length - 1]}" holds YAML text; only JSON text can be changed`);
      }
      return false;
    }
    const root: Slot = { read: () => parsed, write: () => undefined, created: false };
    const slots = findSlots(root, path.slice(length), create);
    if (slots.length === 0) return false;
    for (const slot of slots) writeInside(slot, copied);
    replaceText(object, path.slice(0, length), serialise(parsed, text));
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

function parseJson(text: string): Json {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function writeInside(slot: Slot, { value, text }: { value: Json; text: string }): void {
  const current = slot.read();
  if (typeof current === 'object' && current !== null) slot.write(cloneJson(value));
  else slot.write(typeof current === 'string' ? text : resolvePlain(text, 'resource'));
}

/** Compact stays compact, indented stays indented; keys are sorted, as Go's JSON writer does. */
function serialise(value: Json, original: string): string {
  if (!(original.includes('\n') && original.includes('  '))) return toGoJson(value);
  return JSON.stringify(sorted(value), null, 2).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
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
