import { canonicalJson, isRecord } from '#core/json.ts';
import { TemplateObject } from './object.ts';

/** What a template computes with: JSON, and bigint for Go's ints (a JSON number is a float64 in Go). */
export type Value = unknown;

/** Go's truth: false, 0, nil and what is empty are not true. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0 || value === 0n)
    return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isRecord(value) || Object.keys(value).length > 0;
}

/** Go's `%v` of a float64 switches to an exponent at this power of ten. */
const EXPONENT_FROM = 6;

/** As `fmt.Print` shows a value; nil is `<nil>` inside of others and `<no value>` at the top of an action. */
export function format(value: Value): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'number') return formatFloat(value);
  if (value instanceof TemplateObject) return value.text;
  if (Array.isArray(value)) return `[${value.map(format).join(' ')}]`;
  if (isRecord(value)) {
    const members = Object.keys(value).sort();
    return `map[${members.map((key) => `${key}:${format(value[key])}`).join(' ')}]`;
  }
  return String(value);
}

export function formatAction(value: Value): string {
  return value === undefined || value === null ? '<no value>' : format(value);
}

/** `%v` of a float64: shortest digits; from 1e+06 on and below 1e-4 with an exponent, as Go's fmt decides. */
function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return value !== 0 && (power < -4 || power >= EXPONENT_FROM) ? withExponent(digits, power) : String(value);
}

function withExponent(digits: string, power: number): string {
  const size = String(Math.abs(power)).padStart(2, '0');
  return `${digits}e${power < 0 ? '-' : '+'}${size}`;
}

/** Sprig's `strval`: a text as it is, everything else as `%v` prints it. */
export function strval(value: Value): string {
  return typeof value === 'string' ? value : format(value);
}

export function equal(left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return Number(left) === Number(right);
  return canonicalJson(plain(left) ?? null) === canonicalJson(plain(right) ?? null);
}

/** Go's reflect.DeepEqual: an int equals no float. */
export function deepEqualGo(left: Value, right: Value): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => deepEqualGo(item, right[index]));
  }
  if (isRecord(left) && isRecord(right)) {
    const keys = Object.keys(left);
    const same = keys.length === Object.keys(right).length;
    return same && keys.every((key) => Object.hasOwn(right, key) && deepEqualGo(left[key], right[key]));
  }
  return (left ?? null) === (right ?? null);
}

export function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** A value as JSON: Go ints become numbers. */
export function plain(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** Go's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return '[]interface {}';
  return isRecord(value) ? 'map[string]interface {}' : 'string';
}
