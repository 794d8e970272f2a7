import { isRecord } from '#core/json.ts';
import { quoteGo } from './literals.ts';
import { format, isNumeric, typeName, type Value } from './values.ts';

/** Width or precision beyond which Go gives up too. */
const WIDTH_MAX = 1_000_000;

const DIRECTIVE = /%([-+# 0]*)(\*|\d*)(?:\.(\*|\d*))?([\s\S]|$)/gu;

/** Go's `fmt.Sprintf` without argument indexes (`%[1]d`). */
export function printf(pattern: string, values: readonly Value[]): string {
  let next = 0;
  const star = (text: string | undefined): number | undefined =>
    text === '*' ? Number(values[next++]) : text === undefined ? undefined : Number(text);
  const result = pattern.replace(DIRECTIVE, (_all, flags: string, width: string, precision: string, verb: string) => {
    if (verb === '') return '%!(NOVERB)';
    const size = star(width === '' ? undefined : width);
    const digits = star(precision);
    if (verb === '%') return '%';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    if ((size ?? 0) > WIDTH_MAX || (digits ?? 0) > WIDTH_MAX) return '%!(BADWIDTH)';
    const text = convert(verb, values[next++], digits, flags);
    return pad(text, Math.abs(size ?? 0), (size ?? 0) < 0 ? `${flags}-` : flags, verb);
  });
  if (next >= values.length) return result;
  const extra = values
    .slice(next)
    .map((value) => (value === null || value === undefined ? '<nil>' : `${goType(value)}=${format(value)}`));
  return `${result}%!(EXTRA ${extra.join(', ')})`;
}

function convert(verb: string, value: Value, precision: number | undefined, flags: string): string {
  if (verb === 'v') return typeof value === 'string' ? value : signed(format(value), value, flags);
  if (verb === 'T') return value === null || value === undefined ? '<nil>' : goType(value);
  if (value === null || value === undefined) return `%!${verb}(<nil>)`;
  if (Array.isArray(value)) return `[${value.map((item) => convert(verb, item, precision, flags)).join(' ')}]`;
  if (isRecord(value)) {
    const members = Object.keys(value).sort();
    const shown = members.map(
      (key) => `${convert(verb, key, precision, flags)}:${convert(verb, value[key], precision, flags)}`,
    );
    return `map[${shown.join(' ')}]`;
  }
  if (typeof value === 'bigint') return signed(ofInteger(verb, value) ?? bad(verb, value), value, flags);
  if (typeof value === 'number') return signed(ofFloat(verb, value, precision) ?? bad(verb, value), value, flags);
  if (typeof value === 'boolean') return verb === 't' ? String(value) : bad(verb, value);
  return ofText(verb, format(value), precision) ?? bad(verb, value);
}

function bad(verb: string, value: Value): string {
  return `%!${verb}(${goType(value)}=${format(value)})`;
}

function signed(text: string, value: Value, flags: string): string {
  if (!isNumeric(value) || Number(value) < 0 || text.startsWith('%!')) return text;
  return (flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + text;
}

const BASES: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };
const UNICODE_DIGITS = 4;

function ofInteger(verb: string, value: bigint): string | undefined {
  const base = BASES[verb];
  if (base !== undefined) return verb === 'X' ? value.toString(base).toUpperCase() : value.toString(base);
  switch (verb) {
    case 'O':
      return `0o${value.toString(8)}`;
    case 'c':
      return charOf(value);
    case 'q': {
      const char = charOf(value);
      return `'${char === "'" ? "\\'" : quoteGo(char).slice(1, -1).replace('\\"', '"')}'`;
    }
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(UNICODE_DIGITS, '0')}`;
    default:
      return undefined;
  }
}

function charOf(value: bigint): string {
  const isChar = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  return isChar ? String.fromCodePoint(Number(value)) : '\uFFFD';
}

/** toFixed and its like take no more. */
const DIGITS_MAX = 100;
const DIGITS_DEFAULT = 6;

function ofFloat(verb: string, value: number, precision: number | undefined): string | undefined {
  const digits = Math.min(DIGITS_MAX, precision ?? DIGITS_DEFAULT);
  switch (verb) {
    case 'f':
    case 'F':
      return Number.isFinite(value) ? value.toFixed(digits) : format(value);
    case 'e':
    case 'E': {
      const text = value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
      return verb === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G': {
      const text = precision === undefined ? format(value) : format(Number(value.toPrecision(Math.max(1, digits))));
      return verb === 'G' ? text.toUpperCase() : text;
    }
    default:
      return undefined;
  }
}

function ofText(verb: string, text: string, precision: number | undefined): string | undefined {
  const cut = precision === undefined ? text : [...text].slice(0, precision).join('');
  switch (verb) {
    case 's':
      return cut;
    case 'q':
      return quoteGo(cut);
    case 'x':
    case 'X': {
      const hex = [...new TextEncoder().encode(cut)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      return verb === 'x' ? hex : hex.toUpperCase();
    }
    default:
      return undefined;
  }
}

function pad(text: string, width: number, flags: string, verb: string): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || verb === 'v' || verb === 'T') {
    if (!(flags.includes('0') && /^[+-]?\d/.test(text))) return ' '.repeat(missing) + text;
  }
  return /^[+-]/.test(text) ? (text[0] as string) + '0'.repeat(missing) + text.slice(1) : '0'.repeat(missing) + text;
}

function goType(value: Value): string {
  return typeof value === 'bigint' ? 'int' : typeName(value);
}
