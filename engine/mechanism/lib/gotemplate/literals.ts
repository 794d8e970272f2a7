/** Go's literals, as templates write them. */

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text of a quoted or raw string literal, or undefined when Go would not read it. */
export function unquoteGo(literal: string): string | undefined {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  let result = '';
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) result += new TextDecoder().decode(Uint8Array.from(bytes));
    bytes = [];
  };
  const body = literal.slice(1, -1);
  const pattern = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/y;
  for (let at = 0; at < body.length; ) {
    if (body[at] !== '\\') {
      flush();
      result += body[at++];
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(body);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    const [, hex, octal, short, long, other] = match;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) {
      const byte = Number.parseInt(octal, 8);
      if (byte > 0xff) return undefined;
      bytes.push(byte);
    } else {
      flush();
      const text = other === undefined ? codePoint(Number.parseInt((short ?? long) as string, 16)) : escaped(other);
      if (text === undefined) return undefined;
      result += text;
    }
  }
  flush();
  return result;
}

function escaped(char: string): string | undefined {
  return char === "'" ? undefined : ESCAPES[char];
}

function codePoint(code: number): string | undefined {
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? undefined : String.fromCodePoint(code);
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
    const named = Object.entries(ESCAPES).find(([name, value]) => value === char && name !== "'");
    if (named !== undefined) result += `\\${named[0]}`;
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
