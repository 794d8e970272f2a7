import { fn, type TemplateFunction } from './function.ts';
import { quoteGo } from './literals.ts';
import { normalize, slugify } from './names.ts';
import { format, strval, type Value } from './values.ts';

/** Texts a function may build: templates come from commits. */
export const TEXT_CHARS_MAX = 1_000_000;

function bounded(length: number): void {
  if (length > TEXT_CHARS_MAX) throw new Error('the result is too long');
}

function indented(spaces: bigint, value: string): string {
  bounded(Number(spaces) * (value.split('\n').length + 1));
  if (spaces < 0n) throw new Error('strings: negative Repeat count');
  const padding = ' '.repeat(Number(spaces));
  return padding + value.replace(/\n/g, `\n${padding}`);
}

function repeated(count: bigint, value: string): string {
  if (count < 0n) throw new Error('strings: negative Repeat count');
  bounded(Number(count) * value.length);
  return value.repeat(Number(count));
}

/** Go cuts texts by bytes; a character that is cut through is lost. */
function sliceBytes(value: string, start: number, end?: number): string {
  if (/^[\0-\x7f]*$/.test(value)) return value.slice(start, end);
  return new TextDecoder().decode(new TextEncoder().encode(value).slice(start, end));
}

function byteLength(value: string): number {
  return new TextEncoder().encode(value).length;
}

function truncated(length: bigint, value: string): string {
  const [size, all] = [Number(length), byteLength(value)];
  if (size < 0 && all + size > 0) return sliceBytes(value, all + size);
  return size >= 0 && all > size ? sliceBytes(value, 0, size) : value;
}

function substring(start: bigint, end: bigint, value: string): string {
  const [from, to, all] = [Number(start), Number(end), byteLength(value)];
  if (from > all || (from >= 0 && to >= 0 && to < from)) throw new Error('slice bounds out of range');
  if (from < 0) {
    if (to < 0 || to > all) throw new Error('slice bounds out of range');
    return sliceBytes(value, 0, to);
  }
  return to < 0 || to > all ? sliceBytes(value, from) : sliceBytes(value, from, to);
}

function trimChars(value: string, cut: string): string {
  const [chars, set] = [[...value], new Set(cut)];
  let [start, end] = [0, chars.length];
  while (start < end && set.has(chars[start] as string)) start++;
  while (end > start && set.has(chars[end - 1] as string)) end--;
  return chars.slice(start, end).join('');
}

/** Go's strings.Split: an empty separator cuts into characters. */
function parts(separator: string, value: string, most = -1): string[] {
  if (most === 0) return [];
  const all = separator === '' ? [...value] : value.split(separator);
  if (most < 0 || all.length <= most) return all;
  return [...all.slice(0, most - 1), all.slice(most - 1).join(separator)];
}

function numbered(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((part, index) => [`_${index}`, part]));
}

/** strings.Title: the first letter after anything that is no letter, digit, underscore or apostrophe-like mark. */
function titled(value: string): string {
  let result = '';
  let before = ' ';
  for (const char of value) {
    result += isSeparator(before) ? upperOf(char) : char;
    before = char;
  }
  return result;
}

function isSeparator(char: string): boolean {
  if (char <= '\x7f') return !/[0-9A-Za-z_]/.test(char);
  return /\s/u.test(char);
}

/** Lower case for the first character of each word. */
function untitled(value: string): string {
  return value.replace(/(^|\s)(\S)/gu, (_all, space: string, char: string) => space + char.toLowerCase());
}

function initialsOf(value: string): string {
  return [...value.matchAll(/(?:^|\s)(\S)/gu)].map(([, char]) => char).join('');
}

/** Upper and title case become lower; lower becomes title after a space, upper elsewhere. */
function swapped(value: string): string {
  return [...value].map((char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())).join('');
}

const ELLIPSIS = '...';
const ABBREVIATION_MIN = 4;

function abbreviated(width: bigint, value: string): string {
  const size = Number(width);
  if (size < ABBREVIATION_MIN || value.length <= size) return value;
  return value.slice(0, size - ELLIPSIS.length) + ELLIPSIS;
}

/** Wraps at spaces after `width` characters; words longer than that are cut when `cuts`. */
function wrapped(width: bigint, separator: string, value: string, cuts: boolean): string {
  const size = Math.max(1, Number(width));
  const lines: string[] = [];
  let at = 0;
  while (value.length - at > size) {
    if (value[at] === ' ') {
      at++;
      continue;
    }
    let space = value.lastIndexOf(' ', at + size);
    if (space < at && !cuts) {
      space = value.indexOf(' ', at + size);
      if (space < 0) break;
    }
    if (space >= at) {
      lines.push(value.slice(at, space));
      at = space + 1;
    } else {
      lines.push(value.slice(at, at + size));
      at += size;
    }
  }
  return [...lines, value.slice(at)].join(separator);
}

/** Words for snake and kebab case: cut where case changes, and between digits and upper case letters. */
function words(value: string): string[] {
  return value
    .replace(/([\p{Lu}]+)([\p{Lu}][\p{Ll}])/gu, '$1 $2')
    .replace(/([\p{Ll}\d])([\p{Lu}])/gu, '$1 $2')
    .split(/[\s_-]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/** Connectors at either end stay, as the delimiter. */
function delimited(value: string, delimiter: string): string {
  const before = /^[\s_-]*/u.exec(value)?.[0].length ?? 0;
  const after = before === value.length ? 0 : (/[\s_-]*$/u.exec(value)?.[0].length ?? 0);
  return delimiter.repeat(before) + words(value).join(delimiter) + delimiter.repeat(after);
}

/** Connectors at either end stay. */
function pascal(value: string): string {
  const [, before = '', middle = '', after = ''] = /^([\s_-]*)([\s\S]*?)([\s_-]*)$/u.exec(value) ?? [];
  return (
    before +
    middle
      .split(/[\s_-]+/u)
      .map(pascalWord)
      .join('') +
    after
  );
}

/** Upper case at the start; a capital right behind a capital is lowered: `HTTPServer` becomes `Httpserver`. */
function pascalWord(word: string): string {
  const chars = [...word];
  return chars
    .map((char, index) => {
      if (index === 0) return upperOf(char);
      return /\p{Lu}/u.test(chars[index - 1] as string) ? lowerOf(char) : char;
    })
    .join('');
}

/** Go maps character by character: one that would become two stays. */
function upperOf(char: string): string {
  const upper = char.toUpperCase();
  return [...upper].length === 1 ? upper : char;
}

function lowerOf(char: string): string {
  const lower = char.toLowerCase();
  return [...lower].length === 1 ? lower : char;
}

const isPresent = (value: Value): boolean => value !== undefined && value !== null;

const slugified = fn('a*', (...values: Value[]) => {
  const name = values.length === 0 ? '' : values.at(-1);
  const size = values.length > 1 ? values[0] : 50n;
  const smart = values.length > 2 ? values[1] : true;
  if (typeof name !== 'string') throw new Error('interface conversion: interface {} is not string');
  if (typeof size !== 'bigint') throw new Error('interface conversion: interface {} is not int');
  if (typeof smart !== 'boolean') throw new Error('interface conversion: interface {} is not bool');
  return slugify(name, Number(size), smart);
});

const trimmedOf = fn('ss', (cut: string, value: string) => trimChars(value, cut));

export const textFunctions: Readonly<Record<string, TemplateFunction>> = {
  hello: fn('', () => 'Hello!'),
  lower: fn('s', (value: string) => [...value].map(lowerOf).join('')),
  upper: fn('s', (value: string) => [...value].map(upperOf).join('')),
  title: fn('s', titled),
  untitle: fn('s', untitled),
  swapcase: fn('s', swapped),
  initials: fn('s', initialsOf),
  trim: fn('s', (value: string) => value.replace(/^[\s\u0085]+|[\s\u0085]+$/gu, '')),
  trimAll: trimmedOf,
  trimall: trimmedOf,
  trimPrefix: fn('ss', (prefix: string, value: string) =>
    value.startsWith(prefix) ? value.slice(prefix.length) : value,
  ),
  trimSuffix: fn('ss', (suffix: string, value: string) =>
    suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
  ),
  replace: fn('sss', (from: string, to: string, value: string) => {
    bounded(value.length + value.split(from).length * to.length);
    return value.replaceAll(from, () => to);
  }),
  trunc: fn('is', truncated),
  abbrev: fn('is', abbreviated),
  substr: fn('iis', substring),
  nospace: fn('s', (value: string) => value.replace(/[\s\u0085]/gu, '')),
  repeat: fn('is', repeated),
  wrap: fn('is', (width: bigint, value: string) => wrapped(width, '\n', value, false)),
  wrapWith: fn('iss', (width: bigint, separator: string, value: string) => wrapped(width, separator, value, true)),
  plural: fn('ssi', (one: string, many: string, count: bigint) => (count === 1n ? one : many)),
  quote: fn('a*', (...values: Value[]) =>
    values
      .filter(isPresent)
      .map((value) => quoteGo(strval(value)))
      .join(' '),
  ),
  squote: fn('a*', (...values: Value[]) =>
    values
      .filter(isPresent)
      .map((value) => `'${format(value)}'`)
      .join(' '),
  ),
  cat: fn('a*', (...values: Value[]) => values.filter(isPresent).map(format).join(' ')),
  indent: fn('is', indented),
  nindent: fn('is', (spaces: bigint, value: string) => `\n${indented(spaces, value)}`),
  contains: fn('ss', (part: string, value: string) => value.includes(part)),
  hasPrefix: fn('ss', (prefix: string, value: string) => value.startsWith(prefix)),
  hasSuffix: fn('ss', (suffix: string, value: string) => value.endsWith(suffix)),
  toString: fn('a', strval),
  splitList: fn('ss', (separator: string, value: string) => parts(separator, value)),
  split: fn('ss', (separator: string, value: string) => numbered(parts(separator, value))),
  splitn: fn('sis', (separator: string, most: bigint, value: string) =>
    numbered(parts(separator, value, Number(most))),
  ),
  snakecase: fn('s', (value: string) => delimited(value, '_')),
  kebabcase: fn('s', (value: string) => delimited(value, '-')),
  camelcase: fn('s', pascal),
  normalize: fn('s', normalize),
  slugify: slugified,
};
