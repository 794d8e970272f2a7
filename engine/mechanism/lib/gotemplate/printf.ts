import { format, isNumeric, type Value } from './values.ts';

/** Go's `fmt.Sprintf` for the verbs s v d q t f g x X and %, with flags `-0+`, width and precision. */
export function printf(pattern: string, values: readonly Value[]): string {
  let next = 0;
  const result = pattern.replace(/%([-0+ ]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g, (_all, flags, width, precision, verb) => {
    if (verb === '%') return '%';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const text = convert(
      verb as string,
      values[next++],
      precision === undefined ? undefined : Number(precision),
      flags,
    );
    return pad(text, Number(width || 0), flags as string);
  });
  if (next >= values.length) return result;
  const extra = values.slice(next).map((value) => `${goType(value)}=${format(value)}`);
  return `${result}%!(EXTRA ${extra.join(', ')})`;
}

function convert(verb: string, value: Value, precision: number | undefined, flags: string): string {
  const sign = flags.includes('+') && isNumeric(value) && Number(value) >= 0 ? '+' : '';
  switch (verb) {
    case 's':
      return isNumeric(value) ? `%!s(${goType(value)}=${format(value)})` : format(value).slice(0, precision);
    case 'v':
      return sign + format(value);
    case 'd':
      return typeof value === 'bigint' ? sign + value.toString() : `%!d(${goType(value)}=${format(value)})`;
    case 'q':
      return JSON.stringify(format(value));
    case 't':
      return typeof value === 'boolean' ? String(value) : `%!t(${goType(value)}=${format(value)})`;
    case 'f':
      return typeof value === 'number'
        ? sign + value.toFixed(precision ?? 6)
        : `%!f(${goType(value)}=${format(value)})`;
    case 'g':
      return sign + format(value);
    case 'x':
    case 'X': {
      const hex = typeof value === 'bigint' ? value.toString(16) : hexOf(format(value));
      return verb === 'x' ? hex : hex.toUpperCase();
    }
    default:
      return `%!${verb}(${goType(value)}=${format(value)})`;
  }
}

function hexOf(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  return /^[+-]/.test(text) ? (text[0] as string) + text.slice(1).padStart(width - 1, '0') : text.padStart(width, '0');
}

function goType(value: Value): string {
  if (value === null || value === undefined) return '<nil>';
  return (
    { bigint: 'int', number: 'float64', boolean: 'bool', string: 'string' }[typeof value as string] ?? 'interface {}'
  );
}
