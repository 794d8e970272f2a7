import type { FieldPath } from './source.ts';

/** A value inside an object and the path to it. */
export interface FieldAt {
  path: FieldPath;
  value: unknown;
}

/** The value at a path, or undefined; never throws. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The elements of a list that are maps, each with its path. Anything else at the path gives nothing. */
export function elementsAt(root: unknown, path: FieldPath): { path: FieldPath; value: Record<string, unknown> }[] {
  const list = valueAt(root, path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((value, index) => (isMap(value) ? [{ path: [...path, index], value }] : []));
}

/** The map at a path, or an empty one. */
export function mapAt(root: unknown, path: FieldPath): Record<string, unknown> {
  const value = valueAt(root, path);
  return isMap(value) ? value : {};
}

/** The text at a path, or undefined. */
export function stringAt(root: unknown, path: FieldPath): string | undefined {
  const value = valueAt(root, path);
  return typeof value === 'string' ? value : undefined;
}

/** Every string below a value, with its path, in reading order. */
export function* stringsIn(value: unknown, path: FieldPath = []): Generator<{ path: FieldPath; text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* stringsIn(item, [...path, index]);
  else if (isMap(value)) for (const [key, item] of Object.entries(value)) yield* stringsIn(item, [...path, key]);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
