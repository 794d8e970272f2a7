/** String literals of PromQL: Go's escapes in single or double quotes, raw text in backticks. */

const SIMPLE: Readonly<Record<string, string>> = {
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

/** The text a literal stands for. @throws Error naming what is wrong with the literal. */
export function unquote(literal: string): string {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote || !closes(literal)) throw new Error('unterminated quoted string');
  const body = literal.slice(1, -1);
  if (quote === '`') return body;
  if (body.includes('\n')) throw new Error('a quoted string must not span lines; use backticks');
  return body.includes('\\') ? replaceEscapes(body, quote ?? '') : body;
}

/** Whether the last quote is not itself escaped. */
function closes(literal: string): boolean {
  if (literal[0] === '`') return true;
  const backslashes = /\\*$/.exec(literal.slice(1, -1))?.[0].length ?? 0;
  return backslashes % 2 === 0;
}

function replaceEscapes(body: string, quote: string): string {
  const bytes: number[] = [];
  const pattern =
    /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(\\.?)|([^\\]+)/gsu;
  for (const [, simple, hex, octal, short, long, bad, plain] of body.matchAll(pattern)) {
    if (bad !== undefined) throw new Error(`unknown escape sequence ${bad}`);
    if (simple !== undefined && (simple === "'" || simple === '"') && simple !== quote)
      throw new Error(`unknown escape sequence \\${simple}`);
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else
      bytes.push(...Buffer.from(simple !== undefined ? SIMPLE[simple]! : (plain ?? codePoint(short ?? long ?? '0'))));
  }
  return Buffer.from(bytes).toString();
}

function codePoint(hex: string): string {
  const code = Number.parseInt(hex, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new Error(`escape is no Unicode code point: ${hex}`);
  return String.fromCodePoint(code);
}
