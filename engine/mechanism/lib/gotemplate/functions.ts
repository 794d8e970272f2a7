import { isRecord } from '#core/json.ts';
import { collectionFunctions } from './collection-functions.ts';
import { fn, type TemplateFunction } from './function.ts';
import { printf } from './printf.ts';
import { textFunctions } from './text-functions.ts';
import { equal, format, isNumeric, isTrue, type Value } from './values.ts';

export type { TemplateFunction } from './function.ts';

/** The functions of Go templates, and the part of sprig that is reproduced. `env`, `expandenv` and `getHostByName` are absent on purpose. */
export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({ ...builtins(), ...arithmetic(), ...textFunctions, ...collectionFunctions }),
);

function builtins(): Record<string, TemplateFunction> {
  return {
    not: fn(1, 1, (value) => !isTrue(value)),
    eq: fn(2, undefined, (first, ...others) => others.some((other) => equal(first, other))),
    ne: fn(2, 2, (left, right) => !equal(left, right)),
    lt: fn(2, 2, (left, right) => compare(left, right) < 0),
    le: fn(2, 2, (left, right) => compare(left, right) <= 0),
    gt: fn(2, 2, (left, right) => compare(left, right) > 0),
    ge: fn(2, 2, (left, right) => compare(left, right) >= 0),
    len: fn(1, 1, (value) => BigInt(lengthOf(value))),
    index: fn(1, undefined, (value, ...keys) => keys.reduce(indexInto, value)),
    print: fn(0, undefined, (...values) => values.map(format).join('')),
    println: fn(0, undefined, (...values) => `${values.map(format).join(' ')}\n`),
    printf: fn(1, undefined, (pattern, ...values) => printf(String(pattern), values)),
    urlquery: fn(1, 1, (value) => encodeURIComponent(format(value)).replace(/%20/g, '+')),
    default: fn(1, 2, (fallback, value) => (isTrue(value) ? value : fallback)),
    empty: fn(1, 1, (value) => !isTrue(value)),
    coalesce: fn(0, undefined, (...values) => values.find(isTrue) ?? null),
    ternary: fn(3, 3, (yes, no, condition) => (condition === true ? yes : no)),
    fail: fn(1, 1, (message) => {
      throw new Error(String(message));
    }),
    kindOf: fn(1, 1, (value) => kindName(value)),
  };
}

function arithmetic(): Record<string, TemplateFunction> {
  const whole = (value: Value): bigint => {
    if (typeof value === 'bigint') return value;
    const number = typeof value === 'string' ? Number(value) : Number(value ?? 0);
    return Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
  };
  const fold = (combine: (left: bigint, right: bigint) => bigint) =>
    fn(1, undefined, (first, ...others) => others.map(whole).reduce(combine, whole(first)));
  const divide = (left: bigint, right: bigint) => {
    if (right === 0n) throw new Error('integer divide by zero');
    return left / right;
  };
  return {
    int: fn(1, 1, whole),
    int64: fn(1, 1, whole),
    atoi: fn(1, 1, whole),
    float64: fn(1, 1, (value) => Number(value)),
    add: fold((left, right) => left + right),
    add1: fn(1, 1, (value) => whole(value) + 1n),
    sub: fold((left, right) => left - right),
    mul: fold((left, right) => left * right),
    div: fold(divide),
    mod: fold((left, right) => left - divide(left, right) * right),
    max: fold(larger),
    min: fold((left, right) => (larger(left, right) === left ? right : left)),
  };
}

/** Math.max does not take bigints. */
function larger(left: bigint, right: bigint): bigint {
  if (left > right) return left;
  return right;
}

function compare(left: Value, right: Value): number {
  if (isNumeric(left) && isNumeric(right)) return Number(left) - Number(right);
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  throw new Error('incompatible types for comparison');
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  throw new Error(`len of type ${kindName(value)}`);
}

function indexInto(value: Value, key: Value): Value {
  if (Array.isArray(value) || typeof value === 'string') {
    const at = Number(key);
    if (!isNumeric(key) || at < 0 || at >= value.length) throw new Error(`index out of range: ${format(key)}`);
    return typeof value === 'string' ? BigInt(value.charCodeAt(at)) : value[at];
  }
  if (isRecord(value)) return Object.hasOwn(value, String(key)) ? value[String(key)] : undefined;
  throw new Error(
    value === null || value === undefined ? 'index of untyped nil' : `can't index item of type ${kindName(value)}`,
  );
}

function kindName(value: Value): string {
  if (value === null || value === undefined) return 'invalid';
  if (Array.isArray(value)) return 'slice';
  if (isRecord(value)) return 'map';
  return { bigint: 'int', number: 'float64', boolean: 'bool' }[typeof value as string] ?? 'string';
}
