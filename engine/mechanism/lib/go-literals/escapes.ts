const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

export type Unescaped = { text: string } | { bad: string };

const PART = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]?))|([^\\]+)/gu;

/**
 * The text that the body of a quoted literal stands for, by the rules of Go's strconv.Unquote: `\x` and octal escapes are
 * bytes, which are read as UTF-8 together; `\u` and `\U` are code points.
 * @param quotes The quotes that may be escaped.
 * @returns The text, or `bad`: the escape as written that means nothing, or no byte or code point.
 */
export function unescapeGo(body: string, quotes: string): Unescaped {
  if (!body.includes('\\')) return { text: body };
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [whole, hex, octal, short, long, simple, plain] of body.matchAll(PART)) {
    if (plain !== undefined) bytes.push(...encoder.encode(plain));
    else if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) {
      const byte = Number.parseInt(octal, 8);
      if (byte > 0xff) return { bad: whole };
      bytes.push(byte);
    } else {
      const text = simple === undefined ? codePoint(short ?? long ?? '') : simpleEscape(simple, quotes);
      if (text === undefined) return { bad: whole };
      bytes.push(...encoder.encode(text));
    }
  }
  return { text: new TextDecoder().decode(Uint8Array.from(bytes)) };
}

function simpleEscape(char: string, quotes: string): string | undefined {
  return char !== '' && quotes.includes(char) ? char : SIMPLE[char];
}

function codePoint(digits: string): string | undefined {
  const code = Number.parseInt(digits, 16);
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? undefined : String.fromCodePoint(code);
}

const NAMED = new Map(Object.entries(SIMPLE).map(([name, char]) => [char, `\\${name}`]));

/** How Go writes a character that has an escape of one letter, or that is the literal's own quote; else undefined. */
export function shortEscape(char: string, quote: string): string | undefined {
  return char === quote ? `\\${char}` : NAMED.get(char);
}
