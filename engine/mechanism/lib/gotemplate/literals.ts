/** Go's literals, as templates write them. */
import { shortEscape, unescapeGo } from '../go-literals/escapes.ts';

/** The text of a quoted or raw string literal, or undefined when Go would not read it. */
export function unquoteGo(literal: string): string | undefined {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  const unescaped = unescapeGo(literal.slice(1, -1), '"');
  return 'text' in unescaped ? unescaped.text : undefined;
}

/** A number or character literal: whole numbers are Go ints (bigint here), others float64. */
export function numberOf(text: string): number | bigint | undefined {
  if (text.startsWith("'")) {
    const char = unquoteGo(`"${text.slice(1, -1).replaceAll('"', '\\"').replace(/^\\'$/, "'")}"`);
    const points = [...(char ?? '')];
    return points.length === 1 ? BigInt((points[0] as string).codePointAt(0) as number) : undefined;
  }
  const sign = text.startsWith('-') ? -1n : 1n;
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
  if (/^0[xX]/.test(digits) || /^0[bBoO]/.test(digits)) return sign * BigInt(digits.toLowerCase());
  if (/[.eE]/.test(digits)) return Number(sign) * Number(digits);
  if (/^0\d/.test(digits)) return /^[0-7]+$/.test(digits) ? sign * BigInt(`0o${digits.slice(1)}`) : undefined;
  const value = sign * BigInt(digits);
  // Beyond int64 Go keeps it as a float.
  return value > 0x7fffffffffffffffn || value < -0x8000000000000000n ? undefined : value;
}

/** `%q`: a text as a Go string literal. */
export function quoteGo(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    const short = shortEscape(char, '"');
    if (short !== undefined) result += short;
    else if (code === 0xfffd || isPrintable(char)) result += char;
    else if (code < 0x80) result += `\\x${code.toString(16).padStart(2, '0')}`;
    else
      result += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return `${result}"`;
}

/** As Go's strconv: letters, marks, numbers, punctuation, symbols and the ASCII space. */
function isPrintable(char: string): boolean {
  return char === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char);
}
