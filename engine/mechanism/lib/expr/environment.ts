/** The names an expression may use, by who evaluates it (spec expr §3, §4). */
import { ValueError } from './errors.ts';
import { GoDuration, GoTime, LAYOUTS, parseTime } from './go-time.ts';
import { ExprFunction, isNil, isNumber, toFloat, typeName } from './values.ts';

export interface ExprEnvironment {
  /** Values: null, boolean, number (a float), bigint (an integer), string, lists, plain objects, GoTime, GoDuration, ExprFunction. */
  readonly names: Readonly<Record<string, unknown>>;
  /** True: types are checked against the values and unknown names are errors. False: unknown names are nil. */
  readonly declared: boolean;
  /** What `now()` returns, milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * The environment of `successCondition` and `failureCondition`.
 *
 * @param result - the measurement: number, list of numbers, string, boolean, parsed JSON, or null for none.
 */
export function conditionEnvironment(result: unknown, nowMs: number): ExprEnvironment {
  const measured = isNil(result) ? null : result;
  return {
    declared: true,
    nowMs,
    names: {
      result: measured,
      asInt: new ExprFunction('asInt', ['any'], 'int', ([value]) => asInt(value)),
      asFloat: new ExprFunction('asFloat', ['any'], 'float64', ([value]) => asFloat(value)),
      isNaN: IS_NAN,
      isInf: IS_INF,
      isNil: new ExprFunction('isNil', ['any'], 'bool', () => measured === null),
      default: new ExprFunction('default', ['any', 'any'], 'any', ([, fallback]) =>
        measured === null ? fallback : measured,
      ),
    },
  };
}

/** The environment of `start` and `end` of a Prometheus range query. */
export function rangeTimeEnvironment(nowMs: number): ExprEnvironment {
  return { declared: true, nowMs, names: { isNaN: IS_NAN, isInf: IS_INF } };
}

/** The environment of a notification trigger: the object under its name (`app`, `rollout`), `time` and `strings`. */
export function notificationEnvironment(objects: Readonly<Record<string, unknown>>, nowMs: number): ExprEnvironment {
  return { declared: false, nowMs, names: { ...objects, time: timeNamespace(nowMs), strings: STRINGS } };
}

const IS_NAN = new ExprFunction('isNaN', ['float64'], 'bool', ([value]) => Number.isNaN(floatArgument(value)));
const IS_INF = new ExprFunction('isInf', ['float64'], 'bool', ([value]) => Math.abs(floatArgument(value)) === Infinity);

const STRINGS = {
  ReplaceAll: new ExprFunction('ReplaceAll', ['string', 'string', 'string'], 'string', ([text, from, to]) =>
    String(text).replaceAll(String(from), () => String(to)),
  ),
  ToUpper: new ExprFunction('ToUpper', ['string'], 'string', ([text]) => String(text).toUpperCase()),
  ToLower: new ExprFunction('ToLower', ['string'], 'string', ([text]) => String(text).toLowerCase()),
};

function timeNamespace(nowMs: number): Readonly<Record<string, unknown>> {
  return {
    ...LAYOUTS,
    Now: new ExprFunction('Now', [], 'time.Time', () => new GoTime(nowMs)),
    Parse: new ExprFunction('Parse', ['string'], 'time.Time', ([text]) =>
      parseTime(stringArgument(text), LAYOUTS.RFC3339!),
    ),
    Nanosecond: new GoDuration(1),
    Microsecond: new GoDuration(1e3),
    Millisecond: new GoDuration(1e6),
    Second: new GoDuration(1e9),
    Minute: new GoDuration(60e9),
    Hour: new GoDuration(3600e9),
  };
}

function asInt(value: unknown): bigint {
  if (isNumber(value)) {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new ValueError(`asInt() not supported on ${value}`);
    return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  }
  if (typeof value !== 'string') throw new ValueError(`asInt() not supported on ${typeName(value)} ${String(value)}`);
  if (!/^[+-]?\d+$/.test(value))
    throw new ValueError(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return BigInt(value.replace('+', ''));
}

function asFloat(value: unknown): number {
  if (isNumber(value)) return toFloat(value);
  if (typeof value !== 'string') throw new ValueError(`asFloat() not supported on ${typeName(value)} ${String(value)}`);
  return parseFloatText(value);
}

/** Go's `ParseFloat`. */
export function parseFloatText(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const special = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i.exec(text);
  if (special === null) throw new ValueError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return special[2] !== undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
}

function floatArgument(value: unknown): number {
  if (isNumber(value)) return toFloat(value);
  throw new ValueError(`interface conversion: interface {} is ${typeName(value)}, not float64`);
}

function stringArgument(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new ValueError(`interface conversion: interface {} is ${typeName(value)}, not string`);
}
