import { isRecord } from '#core/json.ts';
import { fn, type TemplateFunction } from './function.ts';
import { equal, isTrue, text, type Value } from './values.ts';

function listOf(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new Error('the argument is no list');
}

function mapOf(value: Value): Record<string, Value> {
  if (isRecord(value)) return value;
  throw new Error('the argument is no map');
}

function pairs(values: readonly Value[]): Record<string, Value> {
  const result: Record<string, Value> = {};
  for (let at = 0; at < values.length; at += 2) result[text(values[at])] = values[at + 1] ?? '';
  return result;
}

export const collectionFunctions: Readonly<Record<string, TemplateFunction>> = {
  list: fn(0, undefined, (...values) => values),
  dict: fn(0, undefined, (...values) => pairs(values)),
  get: fn(2, 2, (map, key) => mapOf(map)[text(key)] ?? ''),
  hasKey: fn(2, 2, (map, key) => Object.hasOwn(mapOf(map), text(key))),
  keys: fn(1, undefined, (...maps) => maps.flatMap((map) => Object.keys(mapOf(map)).sort())),
  values: fn(1, 1, (map) =>
    Object.keys(mapOf(map))
      .sort()
      .map((key) => mapOf(map)[key]),
  ),
  first: fn(1, 1, (list) => listOf(list)[0]),
  last: fn(1, 1, (list) => listOf(list).at(-1)),
  rest: fn(1, 1, (list) => listOf(list).slice(1)),
  initial: fn(1, 1, (list) => listOf(list).slice(0, -1)),
  append: fn(2, 2, (list, value) => [...listOf(list), value]),
  prepend: fn(2, 2, (list, value) => [value, ...listOf(list)]),
  concat: fn(0, undefined, (...lists) => lists.flatMap(listOf)),
  has: fn(2, 2, (value, list) => listOf(list).some((item) => equal(item, value))),
  without: fn(1, undefined, (list, ...gone) =>
    listOf(list).filter((item) => !gone.some((other) => equal(item, other))),
  ),
  compact: fn(1, 1, (list) => listOf(list).filter(isTrue)),
  uniq: fn(1, 1, (list) =>
    listOf(list).filter((item, index, all) => all.findIndex((other) => equal(item, other)) === index),
  ),
  sortAlpha: fn(1, 1, (list) => listOf(list).map(text).sort()),
  reverse: fn(1, 1, (list) => [...listOf(list)].reverse()),
  join: fn(2, 2, (separator, list) => (Array.isArray(list) ? list.map(text).join(text(separator)) : text(list))),
};
