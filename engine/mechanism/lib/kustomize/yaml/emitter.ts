/** Writes objects as `kustomize build` does: JSON semantics, keys in natural order, libyaml's layout with 80 columns. */
import { isList, isMap, type Json, type JsonList, type JsonMap } from '../types.ts';
import { formatNumber, staysString } from './scalars.ts';

const WIDTH_MAX = 80;
const SIMPLE_KEY_BYTES_MAX = 128;

/** Documents joined by `---`; an empty list is the empty string. */
export function emitDocuments(documents: readonly Json[]): string {
  return documents.map((document) => new Emitter().document(document)).join('---\n');
}

class Emitter {
  /** The line being written; finished lines are kept apart, so that looking at the line costs no copy of the text. */
  private out = '';
  private readonly lines: string[] = [];

  document(value: Json): string {
    if (isMap(value) && Object.keys(value).length > 0) this.mapping(value, 0);
    else if (isList(value) && value.length > 0) this.sequence(value, 0);
    else this.inline(value, 0);
    this.newLine(0);
    return this.lines.join('');
  }

  /** Fields at column `indent`; the first one is written where the cursor stands. */
  private mapping(map: JsonMap, indent: number): void {
    const keys = Object.keys(map);
    if (keys.length > 1) keys.sort(compareKeys);
    let first = true;
    for (const key of keys) {
      if (!first) this.newLine(indent);
      first = false;
      this.field(key, map[key], indent);
    }
  }

  private field(key: string, value: Json, indent: number): void {
    const analysis = analyse(key);
    if (analysis.lineBreaks || byteLength(key) > SIMPLE_KEY_BYTES_MAX) {
      this.out += '?';
      this.scalar(key, analysis, indent, false);
      this.newLine(indent);
      this.out += ':';
      this.item(value, indent);
      return;
    }
    this.scalar(key, analysis, indent, true);
    this.out += ':';
    if (isMap(value) && Object.keys(value).length > 0) {
      this.newLine(indent + 2);
      this.mapping(value, indent + 2);
    } else if (isList(value) && value.length > 0) {
      this.newLine(indent);
      this.sequence(value, indent);
    } else this.inline(value, indent);
  }

  private sequence(list: JsonList, indent: number): void {
    let first = true;
    for (const value of list) {
      if (!first) this.newLine(indent);
      first = false;
      this.out += '-';
      this.item(value, indent);
    }
  }

  /** A value after `-`, or after the `:` of an explicit key: collections start on the same line. */
  private item(value: Json, indent: number): void {
    if (isMap(value) && Object.keys(value).length > 0) {
      this.out += ' ';
      this.mapping(value, indent + 2);
    } else if (isList(value) && value.length > 0) {
      this.out += ' ';
      this.sequence(value, indent + 2);
    } else this.inline(value, indent);
  }

  private inline(value: Json, indent: number): void {
    if (typeof value === 'string') this.scalar(value, analyse(value), indent, false);
    else this.put(inlineText(value));
  }

  private put(text: string): void {
    if (this.out !== '' && !this.out.endsWith(' ')) this.out += ' ';
    this.out += text;
  }

  private scalar(text: string, analysis: Analysis, indent: number, isKey: boolean): void {
    const style = chooseStyle(text, analysis, isKey);
    if (this.out !== '' && !this.out.endsWith(' ')) this.out += ' ';
    if (style === 'literal') this.literal(text, indent + 2);
    else if (style === 'double') this.doubleQuoted(text, indent + 2, isKey);
    else if (style === 'single') this.folded(text, indent + 2, "'", (char) => (char === "'" ? "''" : char), isKey);
    else if (isKey || this.fits(text)) this.out += text;
    else this.folded(text, indent + 2, '', (char) => char);
  }

  private fits(text: string): boolean {
    return this.column() + text.length <= WIDTH_MAX;
  }

  private column(): number {
    return codePointLength(this.out, 0);
  }

  /** Plain and single-quoted text: a lone space beyond the width becomes a line break. */
  private folded(
    text: string,
    indent: number,
    quote: string,
    toWritten: (char: string) => string,
    isKey = false,
  ): void {
    this.out += quote;
    let column = this.column();
    let spaces = false;
    const chars = [...text];
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i] ?? '';
      if (char === ' ') {
        const inside = quote === '' || (i > 0 && i < chars.length - 1);
        if (!isKey && !spaces && column > WIDTH_MAX && inside && chars[i + 1] !== ' ') {
          this.newLine(indent);
          column = indent;
        } else {
          this.out += ' ';
          column++;
        }
        spaces = true;
      } else {
        const written = toWritten(char);
        this.out += written;
        column += written.length > 1 && quote !== '' ? 2 : 1;
        spaces = false;
      }
    }
    this.out += quote;
  }

  private doubleQuoted(text: string, indent: number, isKey: boolean): void {
    this.out += '"';
    let column = this.column();
    let spaces = false;
    const chars = [...text];
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i] ?? '';
      const escaped = escapeDouble(char);
      if (char === ' ' && !isKey && !spaces && column > WIDTH_MAX && i > 0 && i < chars.length - 1) {
        this.newLine(indent);
        column = indent;
        if (chars[i + 1] === ' ') {
          this.out += '\\';
          column++;
        }
      } else {
        this.out += escaped;
        column += codePointLength(escaped, 0);
      }
      spaces = char === ' ';
    }
    this.out += '"';
  }

  private literal(text: string, indent: number): void {
    this.out += `|${literalHeader(text)}`;
    const lines = text.split('\n');
    const trailing = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    for (const line of trailing) {
      this.newLine(0);
      if (line !== '') this.out += ' '.repeat(indent) + line;
    }
  }

  private newLine(indent: number): void {
    this.lines.push(`${this.out}\n`);
    this.out = ' '.repeat(indent);
  }
}

function inlineText(value: Json): string {
  if (isMap(value)) return '{}';
  if (isList(value)) return '[]';
  if (typeof value === 'number') return formatNumber(value);
  return value === null || value === undefined ? 'null' : String(value);
}

export interface Analysis {
  lineBreaks: boolean;
  plainAllowed: boolean;
  singleAllowed: boolean;
  literalAllowed: boolean;
}

const SAFE_TEXT = /^[A-Za-z0-9_./][A-Za-z0-9_./-]*$/;
const SAFE: Analysis = { lineBreaks: false, plainAllowed: true, singleAllowed: true, literalAllowed: true };
const EMPTY: Analysis = { lineBreaks: false, plainAllowed: true, singleAllowed: true, literalAllowed: false };

/** Which styles can carry the text in block context: libyaml's scalar analysis. */
export function analyse(text: string): Analysis {
  if (text === '') return EMPTY;
  if (SAFE_TEXT.test(text) && !text.startsWith('...')) return SAFE;
  let indicators = text.startsWith('---') || text.startsWith('...');
  let special = false;
  let lineBreaks = false;
  let breakThenSpace = false;
  let spaceThenBreak = false;
  const chars = [...text];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? '';
    const next = chars[i + 1];
    if (isIndicator(char, i, chars[i - 1], next)) indicators = true;
    if (!isPrintable(char)) special = true;
    if (isBreak(char)) lineBreaks = true;
    if (char === ' ' && i > 0 && isBreak(chars[i - 1] ?? '')) breakThenSpace = true;
    if (isBreak(char) && chars[i - 1] === ' ') spaceThenBreak = true;
  }
  const first = chars[0] ?? '';
  const last = chars.at(-1) ?? '';
  const edge = first === ' ' || isBreak(first) || last === ' ' || isBreak(last);
  return {
    lineBreaks,
    plainAllowed: !(indicators || special || lineBreaks || breakThenSpace || spaceThenBreak || edge),
    singleAllowed: !(special || breakThenSpace || spaceThenBreak),
    literalAllowed: !(special || spaceThenBreak || last === ' '),
  };
}

function isIndicator(char: string, index: number, previous: string | undefined, next: string | undefined): boolean {
  const blankNext = next === undefined || next === ' ' || next === '\t';
  if (index === 0) {
    if ('#,[]{}&*!|>\'"%@`'.includes(char)) return true;
    return '?:-'.includes(char) && blankNext;
  }
  if (char === ':') return blankNext;
  return char === '#' && (previous === ' ' || previous === '\t' || isBreak(previous ?? ''));
}

type Style = 'plain' | 'single' | 'double' | 'literal';

function chooseStyle(text: string, analysis: Analysis, isKey: boolean): Style {
  if (text.includes('\n')) {
    return analysis.literalAllowed && !isKey ? 'literal' : 'double';
  }
  if (!staysString(text)) return 'double';
  if (analysis.plainAllowed && !(isKey && analysis.lineBreaks)) return 'plain';
  return analysis.singleAllowed ? 'single' : 'double';
}

function isBreak(char: string): boolean {
  return char === '\n' || char === '\r' || char === '\u0085' || char === '\u2028' || char === '\u2029';
}

function isPrintable(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (code === 0x0a || (code >= 0x20 && code <= 0x7e)) return true;
  if (code < 0xa0 || code > 0xffff) return false;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfeff && code !== 0xfffe && code !== 0xffff;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

export function escapeDouble(char: string): string {
  const plain = isPrintable(char) && !isBreak(char) && char !== '"' && char !== '\\';
  if (plain) return char;
  const named = ESCAPES[char];
  if (named !== undefined) return named;
  const code = char.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).toUpperCase().padStart(width, '0');
}

/** What follows `|` or `>`: the indentation when the text begins with blanks, and what to do with its last line breaks. */
export function literalHeader(text: string): string {
  return (text.startsWith(' ') || isBreak(text[0] ?? '') ? '2' : '') + chompHint(text);
}

function chompHint(text: string): string {
  if (!isBreak(text.at(-1) ?? '')) return '-';
  if (text.length === 1 || isBreak(text.at(-2) ?? '')) return '+';
  return '';
}

function codePointLength(text: string, from: number): number {
  let length = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xdc00 || code > 0xdfff) length++;
  }
  return length;
}

function byteLength(text: string): number {
  return text.length * 3 <= SIMPLE_KEY_BYTES_MAX ? text.length : new TextEncoder().encode(text).length;
}

const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/** yaml.v2's key order: letters after everything else, runs of digits by value, otherwise by code point. */
export function compareKeys(a: string, b: string): number {
  // Nearly all keys differ first in a letter, or one is the beginning of the other.
  const shorter = Math.min(a.length, b.length);
  let same = 0;
  while (same < shorter && a.charCodeAt(same) === b.charCodeAt(same)) same++;
  if (same === shorter) return a.length - b.length;
  if (isAsciiLetter(a.charCodeAt(same)) && isAsciiLetter(b.charCodeAt(same))) {
    return a.charCodeAt(same) - b.charCodeAt(same);
  }
  const left = [...a];
  const right = [...b];
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const x = left[i] ?? '';
    const y = right[i] ?? '';
    if (x === y) continue;
    const xLetter = LETTER.test(x);
    const yLetter = LETTER.test(y);
    if (xLetter && yLetter) return codeOf(x) - codeOf(y);
    if (xLetter || yLetter) return yLetter ? -1 : 1;
    return compareNonLetters(left, right, i);
  }
  return left.length - right.length;
}

function isAsciiLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function compareNonLetters(left: readonly string[], right: readonly string[], start: number): number {
  const offset = startsInsideNumber(left, right, start) ? 1 : 0;
  const [xEnd, xValue] = readDigits(left, start, offset);
  const [yEnd, yValue] = readDigits(right, start, offset);
  if (xValue !== yValue) return xValue < yValue ? -1 : 1;
  if (xEnd !== yEnd) return xEnd - yEnd;
  return codeOf(left[start] ?? '') - codeOf(right[start] ?? '');
}

function startsInsideNumber(left: readonly string[], right: readonly string[], start: number): boolean {
  if (left[start] !== '0' && right[start] !== '0') return false;
  for (let j = start - 1; j >= 0 && DIGIT.test(left[j] ?? ''); j--) if (left[j] !== '0') return true;
  return false;
}

function readDigits(chars: readonly string[], start: number, offset: number): [end: number, value: bigint] {
  let value = BigInt(offset);
  let end = start;
  for (; end < chars.length && DIGIT.test(chars[end] ?? ''); end++) {
    value = BigInt.asIntN(64, value * 10n + BigInt(codeOf(chars[end] ?? '') - 48));
  }
  return [end, value];
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
