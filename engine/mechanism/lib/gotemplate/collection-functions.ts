import { deepCopy, isRecord } from '#core/json.ts';
import { fn, type TemplateFunction } from './function.ts';
import { deepEqualGo, isTrue, strval, type Value } from './values.ts';

type Dict = Record<string, Value>;

/** Elements a list may get to. */
const ELEMENTS_MAX = 100_000;

/** Maps a template made itself: only these may be changed by `set`, `unset` and `merge`. */
const OWNED = new WeakSet<object>();

function owned(map: Dict): Dict {
  OWNED.add(map);
  return map;
}

function requireOwned(map: Dict, name: string): void {
  if (!OWNED.has(map)) throw new Error(`${name} would change the parameters; copy them with deepCopy first`);
}

function listOf(value: Value, doing: string): readonly Value[] {
  if (Array.isArray(value)) return value;
  throw new Error(`Cannot ${doing} type ${value === undefined || value === null ? 'nil' : typeof value}`);
}

function bounded(list: Value[]): Value[] {
  if (list.length > ELEMENTS_MAX) throw new Error('the list is too long');
  return list;
}

/** Each function under its name and, as upstream has it, under `must…` too. */
function withMust(functions: Readonly<Record<string, TemplateFunction>>): Record<string, TemplateFunction> {
  const must = Object.entries(functions).map(([name, value]) => [
    `must${name.replace(/^./, (first) => first.toUpperCase())}`,
    value,
  ]);
  return { ...functions, ...(Object.fromEntries(must) as Record<string, TemplateFunction>) };
}

const push = fn('aa', (list: Value, value: Value) => bounded([...listOf(list, 'push on'), value]));
const isIn = (list: readonly Value[], value: Value) => list.some((item) => deepEqualGo(item, value));

function chunked(size: bigint, list: Value): Value[] {
  if (size <= 0n) throw new Error('chunk: the size must be positive');
  const [all, step] = [listOf(list, 'chunk'), Number(size)];
  return Array.from({ length: Math.ceil(all.length / step) }, (_, index) =>
    all.slice(index * step, (index + 1) * step),
  );
}

function sliced(list: Value, ...indices: Value[]): Value {
  const all = listOf(list, 'slice');
  if (all.length === 0) return null;
  const [start, end] = [Number(indices[0] ?? 0), Number(indices[1] ?? all.length)];
  if (start < 0 || end > all.length || start > end) throw new Error('slice bounds out of range');
  return all.slice(start, end);
}

/** Texts of a list, nil left out; anything else is a list of one. */
export function texts(value: Value): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return [strval(value)];
  return value.filter((item) => item !== undefined && item !== null).map(strval);
}

const listFunctions = withMust({
  append: push,
  push,
  prepend: fn('aa', (list: Value, value: Value) => bounded([value, ...listOf(list, 'prepend on')])),
  first: fn('a', (list: Value) => listOf(list, 'find first on')[0]),
  last: fn('a', (list: Value) => listOf(list, 'find last on').at(-1)),
  rest: fn('a', (list: Value) => listOf(list, 'find rest on').slice(1)),
  initial: fn('a', (list: Value) => listOf(list, 'find initial on').slice(0, -1)),
  reverse: fn('a', (list: Value) => [...listOf(list, 'find reverse on')].reverse()),
  compact: fn('a', (list: Value) => listOf(list, 'compact on').filter(isTrue)),
  uniq: fn('a', (list: Value) =>
    listOf(list, 'find uniq on').filter(
      (item, index, all) => all.findIndex((other) => deepEqualGo(item, other)) === index,
    ),
  ),
  without: fn('aa*', (list: Value, ...gone: Value[]) =>
    listOf(list, 'find without on').filter((item) => !isIn(gone, item)),
  ),
  has: fn('aa', (value: Value, list: Value) =>
    list === null || list === undefined ? false : isIn(listOf(list, 'find has on'), value),
  ),
  slice: fn('aa*', sliced),
  chunk: fn('ia', chunked),
});

const list = fn('a*', (...values: Value[]) => bounded(values));

function dict(...values: Value[]): Dict {
  const result: Dict = {};
  for (let at = 0; at < values.length; at += 2)
    result[strval(values[at])] = at + 1 < values.length ? values[at + 1] : '';
  return owned(result);
}

/** mergo: maps are merged in depth; without `over`, what is there and not empty stays. */
function merge(into: Dict, from: Dict, over: boolean): Dict {
  const result = { ...into };
  for (const [key, value] of Object.entries(from)) {
    const current = Object.hasOwn(into, key) ? into[key] : undefined;
    if (isRecord(current) && isRecord(value)) result[key] = merge(current, value, over);
    else if (over || !isTrue(current)) result[key] = value;
  }
  return result;
}

const merging = (over: boolean) =>
  fn('mm*', (first: Dict, ...others: Dict[]) => {
    const merged = others.reduce((into, from) => merge(into, from, over), first);
    if (!OWNED.has(first)) return owned({ ...merged });
    return Object.assign(first, merged);
  });

const sortedKeys = (map: Dict) => Object.keys(map).sort();

function dig(...values: Value[]): Value {
  if (values.length < 3) throw new Error('dig needs at least three arguments');
  const [fallback, root] = values.slice(-2);
  if (!isRecord(root)) throw new Error('interface conversion: interface {} is not map[string]interface {}');
  let value: Value = root;
  for (const key of values.slice(0, -2)) {
    if (!isRecord(value)) throw new Error('interface conversion: interface {} is not map[string]interface {}');
    if (!Object.hasOwn(value, strval(key))) return fallback;
    value = value[strval(key)];
  }
  return value;
}

function pick(map: Dict, ...keys: string[]): Dict {
  return owned(Object.fromEntries(keys.filter((key) => Object.hasOwn(map, key)).map((key) => [key, map[key]])));
}

function omit(map: Dict, ...keys: string[]): Dict {
  return owned(Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key))));
}

const copy = fn('a', (value: Value) => {
  const copied = deepCopy(value);
  return isRecord(copied) ? owned(copied) : copied;
});

const mapFunctions: Record<string, TemplateFunction> = {
  dict: fn('a*', dict),
  get: fn('ms', (map: Dict, key: string) => (Object.hasOwn(map, key) ? map[key] : '')),
  set: fn('msa', (map: Dict, key: string, value: Value) => {
    requireOwned(map, 'set');
    map[key] = value;
    return map;
  }),
  unset: fn('ms', (map: Dict, key: string) => {
    requireOwned(map, 'unset');
    delete map[key];
    return map;
  }),
  hasKey: fn('ms', (map: Dict, key: string) => Object.hasOwn(map, key)),
  pluck: fn('sm*', (key: string, ...maps: Dict[]) =>
    maps.filter((map) => Object.hasOwn(map, key)).map((map) => map[key]),
  ),
  keys: fn('m*', (...maps: Dict[]) => maps.flatMap(sortedKeys)),
  values: fn('m', (map: Dict) => sortedKeys(map).map((key) => map[key])),
  pick: fn('ms*', pick),
  omit: fn('ms*', omit),
  merge: merging(false),
  mustMerge: merging(false),
  mergeOverwrite: merging(true),
  mustMergeOverwrite: merging(true),
  deepCopy: copy,
  mustDeepCopy: copy,
  dig: fn('a*', dig),
};

export const collectionFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...listFunctions,
  ...mapFunctions,
  list,
  tuple: list,
  concat: fn('a*', (...lists: Value[]) => bounded(lists.flatMap((item) => listOf(item, 'concat')))),
  sortAlpha: fn('a', (value: Value) => (Array.isArray(value) ? texts(value) : [strval(value)]).sort()),
  toStrings: fn('a', texts),
  join: fn('sa', (separator: string, value: Value) => texts(value).join(separator)),
};
