import { canonicalJson, deepEqual, isRecord } from '#core/json.ts';
import { compileRegex, type Regex } from '#lib/regex/regex.ts';
import { compareJson, JqError, typeOf } from './values.ts';

/** Functions of values: the input and one value for each parameter in, one value out. Throws JqError. */
export const VALUE_FUNCTIONS: Readonly<Record<string, (input: unknown, ...parameters: unknown[]) => unknown>> = {
  'not/0': (input) => !isTrue(input),
  'length/0': lengthOf,
  'keys/0': (input) =>
    Array.isArray(input) ? input.map((_, index) => index) : Object.keys(record(input, 'keys')).sort(),
  'has/1': (input, key) =>
    Array.isArray(input)
      ? typeof key === 'number' && key >= 0 && key < input.length
      : Object.hasOwn(record(input, 'has'), String(key)),
  'contains/1': contains,
  'inside/1': (input, other) => contains(other, input),
  'startswith/1': (input, prefix) => text(input, 'startswith').startsWith(text(prefix, 'startswith')),
  'endswith/1': (input, suffix) => text(input, 'endswith').endsWith(text(suffix, 'endswith')),
  'ltrimstr/1': (input, prefix) =>
    typeof input === 'string' && typeof prefix === 'string' && input.startsWith(prefix)
      ? input.slice(prefix.length)
      : input,
  'rtrimstr/1': (input, suffix) =>
    typeof input === 'string' && typeof suffix === 'string' && suffix !== '' && input.endsWith(suffix)
      ? input.slice(0, -suffix.length)
      : input,
  'test/1': (input, pattern) => regexOf(pattern, '').test(text(input, 'test')),
  'test/2': (input, pattern, flags) => regexOf(pattern, flags ?? '').test(text(input, 'test')),
  'type/0': typeOf,
  'tostring/0': (input) => (typeof input === 'string' ? input : canonicalJson(input)),
  'tojson/0': (input) => canonicalJson(input),
  'fromjson/0': (input) => parsed(text(input, 'fromjson')),
  'tonumber/0': numberOf,
  'ascii_downcase/0': (input) => text(input, 'ascii_downcase').replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  'ascii_upcase/0': (input) => text(input, 'ascii_upcase').replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  'split/1': (input, separator) => text(input, 'split').split(text(separator, 'split')),
  'join/1': (input, separator) =>
    list(input, 'join')
      .map((item) => (item === null ? '' : typeof item === 'string' ? item : canonicalJson(item)))
      .join(text(separator, 'join')),
  'index/1': (input, part) => found(text(input, 'index').indexOf(text(part, 'index'))),
  'rindex/1': (input, part) => found(text(input, 'rindex').lastIndexOf(text(part, 'rindex'))),
  'add/0': (input) => list(input, 'add').reduce((left, right) => plus(left, right), null),
  'any/0': (input) => list(input, 'any').some(isTrue),
  'all/0': (input) => list(input, 'all').every(isTrue),
  'min/0': (input) => sorted(input, 'min')[0] ?? null,
  'max/0': (input) => sorted(input, 'max').at(-1) ?? null,
  'sort/0': (input) => sorted(input, 'sort'),
  'unique/0': (input) =>
    sorted(input, 'unique').filter((item, index, all) => index === 0 || !deepEqual(item, all[index - 1])),
  'reverse/0': (input) => [...list(input, 'reverse')].reverse(),
  'floor/0': (input) => Math.floor(Number(numberOf(input))),
  'to_entries/0': (input) => Object.entries(record(input, 'to_entries')).map(([key, value]) => ({ key, value })),
};

/** Functions that let their input through, or not. */
export const SELECTORS: Readonly<Record<string, (input: unknown) => boolean>> = {
  'values/0': (input) => input !== null,
  'nulls/0': (input) => input === null,
  'booleans/0': (input) => typeof input === 'boolean',
  'numbers/0': (input) => typeof input === 'number',
  'strings/0': (input) => typeof input === 'string',
  'arrays/0': Array.isArray,
  'objects/0': isRecord,
  'iterables/0': (input) => Array.isArray(input) || isRecord(input),
  'scalars/0': (input) => !Array.isArray(input) && !isRecord(input),
};

export function isTrue(value: unknown): boolean {
  return value !== false && value !== null && value !== undefined;
}

export function plus(left: unknown, right: unknown): unknown {
  if (left === null) return right;
  if (right === null) return left;
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (isRecord(left) && isRecord(right)) return { ...left, ...right };
  throw new JqError(`${typeOf(left)} and ${typeOf(right)} cannot be added`);
}

function lengthOf(input: unknown): number {
  if (input === null) return 0;
  if (typeof input === 'string') return [...input].length;
  if (typeof input === 'number') return Math.abs(input);
  if (Array.isArray(input)) return input.length;
  return Object.keys(record(input, 'length')).length;
}

function contains(whole: unknown, part: unknown): boolean {
  if (isRecord(whole) && isRecord(part)) {
    return Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && contains(whole[key], value));
  }
  if (Array.isArray(whole) && Array.isArray(part))
    return part.every((item) => whole.some((one) => contains(one, item)));
  if (typeof whole === 'string' && typeof part === 'string') return whole.includes(part);
  if (typeOf(whole) === typeOf(part)) return deepEqual(whole, part);
  throw new JqError(`${typeOf(whole)} and ${typeOf(part)} cannot have their containment checked`);
}

function text(value: unknown, of: string): string {
  if (typeof value === 'string') return value;
  throw new JqError(`${of}: ${typeOf(value)} is no string`);
}

function record(value: unknown, of: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new JqError(`${of}: ${typeOf(value)} has none`);
}

function list(value: unknown, of: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isRecord(value) && of !== 'sort') return Object.values(value);
  throw new JqError(`${of}: ${typeOf(value)} is no array`);
}

function sorted(value: unknown, of: string): unknown[] {
  return [...list(value, of)].sort(compareJson);
}

function found(index: number): number | null {
  return index < 0 ? null : index;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw new JqError(`${typeOf(value)} cannot be parsed as a number`);
  return number;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw new JqError('fromjson: not JSON');
  }
}

const REGEXES = new Map<string, Regex>();

/** RE2 in linear time, as gojq runs Go's regexp. */
function regexOf(pattern: unknown, flags: unknown): Regex {
  const source = text(pattern, 'test');
  const given = flags === null ? '' : text(flags, 'test');
  if (!/^[gisxnl]*$/.test(given)) throw new JqError(`unsupported regular expression flags: ${given}`);
  const id = `${given.includes('i') ? '(?i)' : ''}${given.includes('s') ? '(?s)' : ''}${source}`;
  const known = REGEXES.get(id);
  if (known !== undefined) return known;
  let regex: Regex;
  try {
    regex = compileRegex(id);
  } catch (error) {
    throw new JqError(`invalid regular expression: ${(error as Error).message}`);
  }
  if (REGEXES.size >= 200) REGEXES.clear();
  REGEXES.set(id, regex);
  return regex;
}
