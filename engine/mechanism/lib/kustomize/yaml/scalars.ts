/** How Go's YAML readers and writers see a plain scalar. Two dialects matter:
 * resources are read by yaml.v3 (YAML 1.2 booleans), kustomization files and the output by yaml.v2 (YAML 1.1 booleans). */

export type Scalar = string | number | boolean | null;
export type Dialect = 'resource' | 'kustomization';

/** Thrown for an integer that JavaScript numbers cannot hold exactly. */
export class UnsafeIntegerError extends Error {}

/** Thrown for infinity and not-a-number, which JSON cannot hold. */
export class NotJsonError extends Error {}

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUES = new Set(['true', 'True', 'TRUE']);
const FALSES = new Set(['false', 'False', 'FALSE']);
const OLD_TRUES = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const OLD_FALSES = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);
const NOT_A_NUMBER = /^(\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF))$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const DOT_FLOAT = /^\.[0-9]+([eE][-+]?[0-9]+)?$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d{2}:\d{2})|\s\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** The value of a plain scalar. Throws UnsafeIntegerError when an integer exceeds ±(2^53-1). */
export function resolvePlain(text: string, dialect: Dialect): Scalar {
  if (NULLS.has(text)) return null;
  if (NOT_A_NUMBER.test(text)) throw new NotJsonError(text);
  if (TRUES.has(text)) return true;
  if (FALSES.has(text)) return false;
  if (dialect === 'kustomization') {
    if (OLD_TRUES.has(text)) return true;
    if (OLD_FALSES.has(text)) return false;
  }
  const first = text.charCodeAt(0);
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) return text;
  if (dialect === 'resource' && isTimestamp(text)) return formatTimestamp(text);
  return resolveNumber(text) ?? text;
}

/** A timestamp as Go's JSON writer prints it: RFC 3339, without trailing zeros in the fraction. */
function formatTimestamp(text: string): string {
  const [, year, month = '', day = '', time] = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]|\s)?(.*)$/.exec(text) ?? [];
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (!time) return `${date}T00:00:00Z`;
  const [, clock = '', fraction = '', zone = 'Z'] = /^([\d:]+)(\.\d+)?(Z|[-+]\d{2}:\d{2})?$/.exec(time) ?? [];
  const parts = clock.split(':').map((part) => part.padStart(2, '0'));
  const digits = fraction.slice(0, 10).replace(/0+$/, '').replace(/^\.$/, '');
  return `${date}T${parts.join(':')}${digits}${zone.replace(/^[-+]00:00$/, 'Z')}`;
}

function resolveNumber(text: string): number | undefined {
  if (text.startsWith('.')) return DOT_FLOAT.test(text) ? Number(text) : undefined;
  const plain = text.replaceAll('_', '');
  const integer = parseGoInteger(plain);
  if (integer !== undefined) return exact(integer);
  return FLOAT.test(plain) ? Number(plain) : undefined;
}

function exact(integer: bigint): number {
  const value = Number(integer);
  if (Number.isSafeInteger(value)) return value;
  if (integer > 18446744073709551615n || integer < -9223372036854775808n) return value;
  throw new UnsafeIntegerError(String(integer));
}

/** strconv.ParseInt(text, 0, 64): sign, then 0x, 0o, 0b, a leading 0 for octal, or decimal. */
function parseGoInteger(text: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]+|0|[1-9][0-9]*)$/.exec(text);
  if (!match) return undefined;
  const digits = match[2] ?? '0';
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
  return match[1] === '-' ? -magnitude : magnitude;
}

/** True for the timestamps that Go's YAML readers recognise. */
export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text) && isCalendarDate(text);
}

/** True when the writer (yaml.v2) may leave a string unquoted without it being read as another type. */
export function staysString(text: string): boolean {
  if (NULLS.has(text) || TRUES.has(text) || FALSES.has(text) || OLD_TRUES.has(text) || OLD_FALSES.has(text))
    return false;
  if (NOT_A_NUMBER.test(text)) return false;
  const first = text.charCodeAt(0);
  if (first === 46) return Number.isNaN(goParseFloat(text));
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45)) return true;
  if (isTimestamp(text)) return false;
  const plain = text.replaceAll('_', '');
  const integer = parseGoInteger(plain);
  if (integer !== undefined && integer <= 18446744073709551615n && integer >= -9223372036854775808n) return false;
  return !FLOAT.test(plain) && !BASE_60.test(text);
}

function goParseFloat(text: string): number {
  return DOT_FLOAT.test(text) ? Number(text) : Number.NaN;
}

function isCalendarDate(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text
    .slice(0, 10)
    .split(/[-Tt\s]/)
    .map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** A number as the writer prints it: integers in full, other values as Go's shortest `%g`. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString();
  const [mantissa = '0', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(value);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
}
