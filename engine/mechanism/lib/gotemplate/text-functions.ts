import { parse as parseYaml, stringify } from 'yaml';
import { isRecord } from '#core/json.ts';
import { fn, type TemplateFunction } from './function.ts';
import { normalize, slugify } from './names.ts';
import { plain, text, type Value } from './values.ts';

/** A function of texts: arguments are converted first. */
function onText(least: number, most: number | undefined, call: (...texts: string[]) => Value): TemplateFunction {
  return fn(least, most, (...values) => call(...values.map(text)));
}

function expression(pattern: string, flags = ''): RegExp {
  try {
    return new RegExp(pattern, `u${flags}`);
  } catch {
    throw new Error(`error parsing regexp: ${JSON.stringify(pattern)}`);
  }
}

function indented(spaces: Value, value: Value): string {
  const padding = ' '.repeat(Number(spaces));
  return padding + text(value).replace(/\n/g, `\n${padding}`);
}

function truncated(length: Value, value: string): string {
  const size = Number(length);
  if (size < 0 && value.length + size > 0) return value.slice(value.length + size);
  return size >= 0 && value.length > size ? value.slice(0, size) : value;
}

function utf8(value: string): string {
  return String.fromCharCode(...new TextEncoder().encode(value));
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortedKeys(value[key])]),
  );
}

export const textFunctions: Readonly<Record<string, TemplateFunction>> = {
  lower: onText(1, 1, (value) => value.toLowerCase()),
  upper: onText(1, 1, (value) => value.toUpperCase()),
  title: onText(1, 1, (value) => value.replace(/(^|\s)\S/gu, (start) => start.toUpperCase())),
  trim: onText(1, 1, (value) => value.trim()),
  trimAll: onText(2, 2, (cut, value) => trimChars(value, cut)),
  trimPrefix: onText(2, 2, (prefix, value) => (value.startsWith(prefix) ? value.slice(prefix.length) : value)),
  trimSuffix: onText(2, 2, (suffix, value) =>
    suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
  ),
  replace: onText(3, 3, (from, to, value) => value.replaceAll(from, () => to)),
  trunc: fn(2, 2, (length, value) => truncated(length, text(value))),
  substr: fn(3, 3, (start, end, value) => {
    const [from, to] = [Number(start), Number(end)];
    return to < 0 || to > text(value).length
      ? text(value).slice(Math.max(0, from))
      : text(value).slice(Math.max(0, from), to);
  }),
  nospace: onText(1, 1, (value) => value.replace(/\s/g, '')),
  repeat: fn(2, 2, (count, value) => {
    if (Number(count) * text(value).length > 1_000_000) throw new Error('the result is too long');
    return text(value).repeat(Math.max(0, Number(count)));
  }),
  quote: fn(0, undefined, (...values) =>
    values
      .filter(isPresent)
      .map((value) => JSON.stringify(text(value)))
      .join(' '),
  ),
  squote: fn(0, undefined, (...values) =>
    values
      .filter(isPresent)
      .map((value) => `'${text(value)}'`)
      .join(' '),
  ),
  cat: fn(0, undefined, (...values) => values.filter(isPresent).map(text).join(' ')),
  indent: fn(2, 2, indented),
  nindent: fn(2, 2, (spaces, value) => `\n${indented(spaces, value)}`),
  contains: onText(2, 2, (part, value) => value.includes(part)),
  hasPrefix: onText(2, 2, (prefix, value) => value.startsWith(prefix)),
  hasSuffix: onText(2, 2, (suffix, value) => value.endsWith(suffix)),
  toString: fn(1, 1, text),
  splitList: onText(2, 2, (separator, value) => value.split(separator)),
  split: onText(2, 2, (separator, value) =>
    Object.fromEntries(value.split(separator).map((part, index) => [`_${index}`, part])),
  ),
  regexMatch: onText(2, 2, (pattern, value) => expression(pattern).test(value)),
  regexFind: onText(2, 2, (pattern, value) => expression(pattern).exec(value)?.[0] ?? ''),
  regexReplaceAll: onText(3, 3, (pattern, value, to) =>
    value.replace(expression(pattern, 'g'), to.replace(/\$\{(\w+)\}/g, '$$$1')),
  ),
  regexReplaceAllLiteral: onText(3, 3, (pattern, value, to) => value.replace(expression(pattern, 'g'), () => to)),
  snakecase: onText(1, 1, (value) => words(value).join('_')),
  kebabcase: onText(1, 1, (value) => words(value).join('-')),
  camelcase: onText(1, 1, (value) =>
    words(value)
      .map((word) => word.replace(/^./, (first) => first.toUpperCase()))
      .join(''),
  ),
  b64enc: onText(1, 1, (value) => btoa(utf8(value))),
  b64dec: onText(1, 1, (value) => {
    try {
      return new TextDecoder().decode(Uint8Array.from(atob(value), (char) => char.charCodeAt(0)));
    } catch {
      throw new Error('illegal base64 data');
    }
  }),
  toJson: fn(1, 1, (value) => JSON.stringify(sortedKeys(plain(value)))),
  fromJson: onText(1, 1, (value) => JSON.parse(value) as unknown),
  toYaml: fn(1, 1, (value) => stringify(sortedKeys(plain(value)), { lineWidth: 0 }).trimEnd()),
  fromYaml: onText(1, 1, (value) => parseYaml(value) as unknown),
  fromYamlArray: onText(1, 1, (value) => {
    const parsed: unknown = parseYaml(value);
    if (!Array.isArray(parsed)) throw new Error('the text is no YAML list');
    return parsed;
  }),
  normalize: onText(1, 1, normalize),
  slugify: fn(1, 3, (...values) => {
    const name = text(values[values.length - 1]);
    const [size, smart] = values.length === 1 ? [50n, true] : values.length === 2 ? [values[0], true] : values;
    return slugify(name, Number(size), smart !== false);
  }),
};

function isPresent(value: Value): boolean {
  return value !== undefined && value !== null;
}

function words(value: string): string[] {
  const parts = value.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^A-Za-z0-9]+/);
  return parts.filter((word) => word !== '').map((word) => word.toLowerCase());
}

function trimChars(value: string, cut: string): string {
  let [start, end] = [0, value.length];
  while (start < end && cut.includes(value[start] as string)) start++;
  while (end > start && cut.includes(value[end - 1] as string)) end--;
  return value.slice(start, end);
}
