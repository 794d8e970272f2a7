/** Values of the language on JavaScript: integers are bigint, floats are number (spec expr §5). */
import { ValueError } from './errors.ts';
import { GoDuration, GoTime } from './go-time.ts';

/** A function of the environment, already given its receiver. `parameters` are checked before anything runs. */
export class ExprFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly returns: string;
  readonly call: (args: readonly unknown[]) => unknown;

  constructor(
    name: string,
    parameters: readonly string[],
    returns: string,
    call: (args: readonly unknown[]) => unknown,
  ) {
    this.name = name;
    this.parameters = parameters;
    this.returns = returns;
    this.call = call;
  }
}

/** Go's name of a value's type, as error texts show it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof Uint8Array) return '[]uint8';
  if (value instanceof ExprFunction) return 'func';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

export function isNil(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && typeName(value) === 'map[string]interface {}';
}

/** Own entries only: `constructor` is no key of a map. */
export function entryOf(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** `==`: numbers across kinds (not inside maps), lists and maps deeply, different kinds are unequal. */
export function equals(a: unknown, b: unknown): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  // biome-ignore lint/suspicious/noDoubleEquals: bigint and number compare by value only with ==
  if (isNumber(a) && isNumber(b)) return a == b;
  if (a instanceof GoTime && b instanceof GoTime) return a.ms === b.ms;
  if (a instanceof GoDuration && b instanceof GoDuration) return a.ns === b.ns;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equals(item, b[i]));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && typeof a[key] === typeof b[key] && equals(a[key], b[key]))
    );
  }
  return a === b;
}

/** Negative, zero or positive; NaN when either side is. @throws ValueError when the two have no order. */
export function compare(a: unknown, b: unknown, operator: string): number {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : a >= b ? 0 : Number.NaN;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  if (a instanceof GoTime && b instanceof GoTime) return a.ms - b.ms;
  if (a instanceof GoDuration && b instanceof GoDuration) return a.ns - b.ns;
  throw new ValueError(`invalid operation: ${typeName(a)} ${operator} ${typeName(b)}`);
}

/** Wraps to 64 bits, as Go's int does. */
export function wrapInt(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

export function toFloat(value: number | bigint): number {
  return Number(value);
}

/** Text of a value, as `string()` and string conversion give it. */
export function formatValue(value: unknown): string {
  if (isNil(value)) return '<nil>';
  if (typeof value === 'number') return formatFloat(value);
  if (value instanceof GoTime || value instanceof GoDuration) return value.toString();
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`;
  if (isMap(value)) {
    const entries = Object.keys(value).sort();
    return `map[${entries.map((key) => `${key}:${formatValue(value[key])}`).join(' ')}]`;
  }
  return String(value);
}

/** Go's `%v` of a float: shortest, exponent from 1e21 on. */
function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const magnitude = Math.abs(value);
  if (value !== 0 && (magnitude < 1e-4 || magnitude >= 1e21))
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return String(value);
}
