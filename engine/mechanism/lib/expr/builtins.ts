/** Builtin functions without predicates (spec expr §6). */
import { parseFloatText } from './environment.ts';
import { ValueError } from './errors.ts';
import { GoDuration, GoTime, parseDate } from './go-time.ts';
import { compare, entryOf, equals, formatValue, isMap, isNil, isNumber, toFloat, typeName, wrapInt } from './values.ts';

export interface Builtin {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly returns: string;
  readonly call: (args: readonly unknown[], context: { readonly nowMs: number }) => unknown;
}

const TABLE: Record<string, Builtin> = {};

function define(
  name: string,
  counts: readonly [least: number, most: number],
  returns: string,
  call: Builtin['call'],
): void {
  TABLE[name] = { name, least: counts[0], most: counts[1], returns, call };
}

/** Numbers. */
define('abs', [1, 1], 'any', ([x]) => (typeof x === 'bigint' ? (x < 0n ? -x : x) : Math.abs(float('abs', x))));
for (const [name, compute] of [
  ['ceil', Math.ceil],
  ['floor', Math.floor],
] as const)
  define(name, [1, 1], 'float64', ([x]) => compute(float(name, x)));
define('round', [1, 1], 'float64', ([x]) => Math.sign(float('round', x)) * Math.round(Math.abs(float('round', x))));
define('int', [1, 1], 'int', ([x]) => toInt(x));
define('float', [1, 1], 'float64', ([x]) => (typeof x === 'string' ? floatOf(x) : float('float', x)));
define('min', [1, Infinity], 'any', (args) => extreme('min', args, '<'));
define('max', [1, Infinity], 'any', (args) => extreme('max', args, '>'));
define('mean', [1, Infinity], 'float64', (args) => {
  const all = numbers('mean', args).map(toFloat);
  return all.length === 0 ? 0 : all.reduce((sum, x) => sum + x, 0) / all.length;
});
define('median', [1, Infinity], 'float64', (args) => {
  const all = numbers('median', args)
    .map(toFloat)
    .sort((a, b) => a - b);
  const middle = Math.floor(all.length / 2);
  return all.length === 0 ? 0 : all.length % 2 === 1 ? all[middle]! : (all[middle - 1]! + all[middle]!) / 2;
});

/** Strings. */
define('string', [1, 1], 'string', ([x]) => formatValue(x));
define('upper', [1, 1], 'string', ([s]) => text('upper', s).toUpperCase());
define('lower', [1, 1], 'string', ([s]) => text('lower', s).toLowerCase());
define('trim', [1, 2], 'string', ([s, cut]) =>
  cut === undefined ? text('trim', s).trim() : trimCharacters(text('trim', s), text('trim', cut)),
);
define('trimPrefix', [1, 2], 'string', ([s, prefix = ' ']) => {
  const [whole, part] = [text('trimPrefix', s), text('trimPrefix', prefix)];
  return whole.startsWith(part) ? whole.slice(part.length) : whole;
});
define('trimSuffix', [1, 2], 'string', ([s, suffix = ' ']) => {
  const [whole, part] = [text('trimSuffix', s), text('trimSuffix', suffix)];
  return part !== '' && whole.endsWith(part) ? whole.slice(0, -part.length) : whole;
});
define('split', [2, 3], '[]string', ([s, separator, limit]) =>
  splitText(text('split', s), text('split', separator), limit, false),
);
define('splitAfter', [2, 3], '[]string', ([s, separator, limit]) =>
  splitText(text('splitAfter', s), text('splitAfter', separator), limit, true),
);
define('replace', [3, 4], 'string', ([s, from, to, limit]) =>
  replaceText(text('replace', s), text('replace', from), text('replace', to), limit),
);
define('repeat', [2, 2], 'string', ([s, count]) => {
  const times = Number(toInt(count));
  if (times < 0) throw new ValueError(`invalid argument for repeat (expected positive integer, got ${times})`);
  if (times * text('repeat', s).length > 1_000_000) throw new ValueError('memory budget exceeded');
  return text('repeat', s).repeat(times);
});
define('join', [1, 2], 'string', ([items, separator = '']) =>
  list('join', items)
    .map((item) => text('join', item))
    .join(text('join', separator)),
);
define('indexOf', [2, 2], 'int', ([s, part]) => BigInt(text('indexOf', s).indexOf(text('indexOf', part))));
define('lastIndexOf', [2, 2], 'int', ([s, part]) =>
  BigInt(text('lastIndexOf', s).lastIndexOf(text('lastIndexOf', part))),
);
define('hasPrefix', [2, 2], 'bool', ([s, part]) => text('hasPrefix', s).startsWith(text('hasPrefix', part)));
define('hasSuffix', [2, 2], 'bool', ([s, part]) => text('hasSuffix', s).endsWith(text('hasSuffix', part)));

/** Collections. */
define('len', [1, 1], 'int', ([x]) => BigInt(lengthOf(x)));
define('first', [1, 1], 'any', ([x]) => list('first', x)[0] ?? null);
define('last', [1, 1], 'any', ([x]) => list('last', x).at(-1) ?? null);
define('get', [2, 2], 'any', ([x, key]) => getOrNil(x, key));
define('take', [2, 2], '[]interface {}', ([x, count]) => {
  const wanted = Number(toInt(count));
  if (wanted < 0) throw new ValueError(`cannot take ${wanted} elements`);
  return list('take', x).slice(0, wanted);
});
define('keys', [1, 1], '[]interface {}', ([x]) => Object.keys(map('keys', x)).sort());
define('values', [1, 1], '[]interface {}', ([x]) =>
  Object.keys(map('values', x))
    .sort()
    .map((key) => map('values', x)[key]),
);
define('toPairs', [1, 1], '[]interface {}', ([x]) =>
  Object.keys(map('toPairs', x))
    .sort()
    .map((key) => [key, map('toPairs', x)[key]]),
);
define('fromPairs', [1, 1], 'map[string]interface {}', ([x]) => {
  const entries = list('fromPairs', x).map((pair) => list('fromPairs', pair));
  const bad = entries.find((pair) => pair.length !== 2);
  if (bad !== undefined) throw new ValueError(`invalid pair length ${bad.length}`);
  return Object.fromEntries(entries.map(([key, value]) => [formatValue(key), value]));
});
define('reverse', [1, 1], '[]interface {}', ([x]) => [...list('reverse', x)].reverse());
define('uniq', [1, 1], '[]interface {}', ([x]) =>
  list('uniq', x).filter((item, i, all) => all.findIndex((other) => equals(other, item)) === i),
);
define('concat', [1, Infinity], '[]interface {}', (args) => args.flatMap((arg) => list('concat', arg)));
define('flatten', [1, 1], '[]interface {}', ([x]) => list('flatten', x).flat(Infinity));
define('sort', [1, 2], '[]interface {}', ([x, order = 'asc']) => {
  if (order !== 'asc' && order !== 'desc')
    throw new ValueError(`invalid order ${formatValue(order)}, expected asc or desc`);
  return [...list('sort', x)].sort((a, b) => compare(a, b, '<') * (order === 'asc' ? 1 : -1));
});

/** Encoding. */
define('toJSON', [1, 1], 'string', ([x]) => JSON.stringify(jsonValue(x), null, 2));
define('fromJSON', [1, 1], 'any', ([s]) => {
  try {
    return JSON.parse(text('fromJSON', s)) as unknown;
  } catch (error) {
    throw new ValueError(error instanceof Error ? error.message : String(error));
  }
});
define('toBase64', [1, 1], 'string', ([s]) => Buffer.from(text('toBase64', s)).toString('base64'));
define('fromBase64', [1, 1], 'string', ([s]) => {
  const encoded = text('fromBase64', s);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded))
    throw new ValueError('illegal base64 data');
  return Buffer.from(encoded, 'base64').toString();
});
define('type', [1, 1], 'string', ([x]) => describeKind(x));

/** Time. */
define('now', [0, 0], 'time.Time', (_, { nowMs }) => new GoTime(nowMs));
define('duration', [1, 1], 'time.Duration', ([s]) => GoDuration.parse(text('duration', s)));
define('date', [1, 3], 'time.Time', ([s, layout, zone]) =>
  parseDate(
    text('date', s),
    layout === undefined ? undefined : text('date', layout),
    zone === undefined ? 'UTC' : text('date', zone),
  ),
);

/** Bits. */
const bits: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  bitand: (a, b) => a & b,
  bitor: (a, b) => a | b,
  bitxor: (a, b) => a ^ b,
  bitnand: (a, b) => a & ~b,
  bitshl: (a, b) => a << shift(b),
  bitshr: (a, b) => a >> shift(b),
  bitushr: (a, b) => BigInt.asUintN(64, a) >> shift(b),
};
for (const [name, compute] of Object.entries(bits))
  define(name, [2, 2], 'int', ([a, b]) => wrapInt(compute(integer(name, a), integer(name, b))));
define('bitnot', [1, 1], 'int', ([a]) => ~integer('bitnot', a));

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(Object.entries(TABLE));

function refuse(name: string, value: unknown): never {
  throw new ValueError(`invalid argument for ${name} (type ${typeName(value)})`);
}

function float(name: string, value: unknown): number {
  return isNumber(value) ? toFloat(value) : refuse(name, value);
}

function floatOf(text: string): number {
  try {
    return parseFloatText(text);
  } catch {
    throw new ValueError(`invalid operation: float(${text})`);
  }
}

function integer(name: string, value: unknown): bigint {
  return typeof value === 'bigint' ? value : refuse(name, value);
}

function text(name: string, value: unknown): string {
  return typeof value === 'string' ? value : refuse(name, value);
}

function list(name: string, value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(name, value);
}

function map(name: string, value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : refuse(name, value);
}

function toInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new ValueError(`invalid operation: int(${value})`);
    return wrapInt(BigInt(Math.trunc(value)));
  }
  if (typeof value !== 'string' || !/^[+-]?\d+$/.test(value))
    throw new ValueError(`invalid operation: int(${formatValue(value)})`);
  return BigInt(value.replace('+', ''));
}

/** Nested lists count, empty ones do not. */
function numbers(name: string, values: readonly unknown[]): (number | bigint)[] {
  return values.flatMap((value) =>
    Array.isArray(value) ? numbers(name, value) : isNumber(value) ? [value] : refuse(name, value),
  );
}

function extreme(name: string, args: readonly unknown[], operator: '<' | '>'): number | bigint | null {
  const all = numbers(name, args);
  if (all.length === 0) return null;
  return all.reduce((best, value) => ((operator === '<' ? value < best : value > best) ? value : best));
}

export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return isMap(value) ? Object.keys(value).length : refuse('len', value);
}

function getOrNil(value: unknown, key: unknown): unknown {
  if (isNil(value)) return null;
  if (isMap(value)) return typeof key === 'string' ? (entryOf(value, key) ?? null) : null;
  if (!Array.isArray(value) || !isNumber(key)) return null;
  return (value.at(Number(key)) as unknown) ?? null;
}

function trimCharacters(whole: string, characters: string): string {
  let [start, end] = [0, whole.length];
  while (start < end && characters.includes(whole[start]!)) start += 1;
  while (end > start && characters.includes(whole[end - 1]!)) end -= 1;
  return whole.slice(start, end);
}

function splitText(whole: string, separator: string, limit: unknown, keep: boolean): string[] {
  const parts = whole.split(separator);
  const most = limit === undefined ? -1 : Number(toInt(limit));
  if (most === 0) return [];
  const joined =
    most > 0 && parts.length > most ? [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)] : parts;
  return keep ? joined.map((part, i) => (i < joined.length - 1 ? part + separator : part)) : joined;
}

function replaceText(whole: string, from: string, to: string, limit: unknown): string {
  let left = limit === undefined ? Infinity : Number(toInt(limit));
  if (left < 0) left = Infinity;
  return whole.replaceAll(from, (found) => {
    left -= 1;
    return left >= 0 ? to : found;
  });
}

function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof GoTime) return value.format('2006-01-02T15:04:05.999Z07:00');
  if (value instanceof GoDuration) return value.ns;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (isMap(value))
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, jsonValue(value[key])]),
    );
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new ValueError(`json: unsupported value: ${formatValue(value)}`);
  return value ?? null;
}

function describeKind(value: unknown): string {
  if (isNil(value)) return 'nil';
  const name = typeName(value);
  return (
    ({ float64: 'float', '[]interface {}': 'array', 'map[string]interface {}': 'map' } as Record<string, string>)[
      name
    ] ?? name
  );
}

function shift(count: bigint): bigint {
  if (count < 0n) throw new ValueError(`invalid operation: negative shift count ${count} (type int)`);
  return count > 64n ? 64n : count;
}
