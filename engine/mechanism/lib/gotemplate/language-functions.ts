import { isRecord } from '#core/json.ts';
import { fn, type TemplateFunction } from './function.ts';
import { printf } from './printf.ts';
import { equal, format, isNumeric, isTrue, type Value } from './values.ts';

/** What Go's text/template itself offers. `and` and `or` are the evaluation's: they stop early. */
export const languageFunctions: Readonly<Record<string, TemplateFunction>> = {
  and: fn('aa*', (first: Value) => first),
  or: fn('aa*', (first: Value) => first),
  not: fn('a', (value: Value) => !isTrue(value)),
  eq: fn('aa*', (first: Value, ...others: Value[]) => {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => isEqual(first, other));
  }),
  ne: fn('aa', (left: Value, right: Value) => !isEqual(left, right)),
  lt: fn('aa', (left: Value, right: Value) => compare(left, right) < 0),
  le: fn('aa', (left: Value, right: Value) => compare(left, right) <= 0),
  gt: fn('aa', (left: Value, right: Value) => compare(left, right) > 0),
  ge: fn('aa', (left: Value, right: Value) => compare(left, right) >= 0),
  len: fn('a', (value: Value) => BigInt(lengthOf(value))),
  index: fn('aa*', (value: Value, ...keys: Value[]) => keys.reduce(indexInto, value)),
  call: fn('aa*', (callee: Value, ...values: Value[]) => {
    if (typeof callee !== 'function') throw new Error(`non-function of type ${kindName(callee)}`);
    return (callee as (...given: Value[]) => Value)(...values);
  }),
  print: fn('a*', (...values: Value[]) => printed(values)),
  println: fn('a*', (...values: Value[]) => `${values.map(format).join(' ')}\n`),
  printf: fn('sa*', (pattern: string, ...values: Value[]) => printf(pattern, values)),
  html: fn('a*', (...values: Value[]) => escapeHtml(printed(values.map(shown)))),
  js: fn('a*', (...values: Value[]) => escapeJs(printed(values.map(shown)))),
  urlquery: fn('a*', (...values: Value[]) =>
    encodeURIComponent(printed(values.map(shown)))
      .replace(/%20/g, '+')
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  ),
};

/** `fmt.Sprint`: a space between operands when neither is a string. */
function printed(values: readonly Value[]): string {
  return values
    .map((value, index) => {
      const spaced = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string';
      return (spaced ? ' ' : '') + format(value);
    })
    .join('');
}

/** The escaping functions take nil for the text it prints as. */
function shown(value: Value): Value {
  return value === undefined || value === null ? '<no value>' : value;
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
};

function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (char) => HTML[char] as string);
}

function escapeJs(text: string): string {
  return [...text]
    .map((char) => {
      if ('\\\'"'.includes(char)) return `\\${char}`;
      if (char >= ' ' && !'<>&=\x7f'.includes(char)) return char;
      return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    })
    .join('');
}

/** Kinds that may be compared with one another: Go compares an int with no float, and a text with neither. */
function basicKind(value: Value): string {
  if (value === undefined || value === null) return 'nil';
  if (Array.isArray(value) || isRecord(value)) return 'other';
  return typeof value;
}

function isEqual(left: Value, right: Value): boolean {
  const [one, other] = [basicKind(left), basicKind(right)];
  if (one === 'nil' || other === 'nil') return one === other;
  if (one === 'other' || other === 'other') throw new Error('non-comparable type');
  if (one !== other) throw new Error('incompatible types for comparison');
  return equal(left, right);
}

function compare(left: Value, right: Value): number {
  const [one, other] = [basicKind(left), basicKind(right)];
  if (one !== other) throw new Error('incompatible types for comparison');
  if (isNumeric(left) && isNumeric(right)) return left < right ? -1 : left > right ? 1 : 0;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  throw new Error('invalid type for comparison');
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  if (value === undefined || value === null) throw new Error('len of nil pointer');
  throw new Error(`len of type ${kindName(value)}`);
}

function indexInto(value: Value, key: Value): Value {
  if (Array.isArray(value) || typeof value === 'string') {
    if (key === undefined || key === null) throw new Error('cannot index slice/array with nil');
    if (typeof key !== 'bigint') throw new Error(`cannot index slice/array with type ${kindName(key)}`);
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    if (key < 0n || key >= BigInt(bytes.length)) throw new Error(`error calling index: index out of range: ${key}`);
    const found: Value = bytes[Number(key)];
    return typeof value === 'string' ? BigInt(found as number) : found;
  }
  if (isRecord(value)) {
    if (typeof key !== 'string') throw new Error(`value has type ${kindName(key)}; should be string`);
    return Object.hasOwn(value, key) ? value[key] : undefined;
  }
  throw new Error(
    value === null || value === undefined ? 'index of untyped nil' : `can't index item of type ${kindName(value)}`,
  );
}

/** Go's reflect.Kind of a value. */
export function kindName(value: Value): string {
  if (value === null || value === undefined) return 'invalid';
  if (Array.isArray(value)) return 'slice';
  if (isRecord(value)) return 'map';
  return { bigint: 'int', number: 'float64', boolean: 'bool' }[typeof value as string] ?? 'string';
}
