/** Go source as tokens, with the semicolons that Go's own scanner inserts at line ends. */

export interface Token {
  kind: 'string' | 'number' | 'name' | 'mark';
  /** The value of a string literal, otherwise the source text. */
  text: string;
  line: number;
}

const MARKS = ['<<=', '>>=', '...', ':=', '==', '!=', '<=', '>=', '&&', '||', '++', '--', '+=', '-=', '<-'];
const PATTERN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`[^`]*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'|[A-Za-z_]\w*|\d[\w.]*|\n|[^\s]/y;
const ENDS_STATEMENT = new Set([')', ']', '}', '++', '--']);
const KEYWORDS_GOING_ON = new Set([
  'if',
  'for',
  'func',
  'range',
  'var',
  'const',
  'type',
  'struct',
  'map',
  'else',
  'import',
]);

/** The tokens of a source file. Characters that belong to no token become marks, so that this never fails. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = 0; at < source.length; ) {
    if (source[at] === ' ' || source[at] === '\t' || source[at] === '\r') {
      at++;
      continue;
    }
    const mark = MARKS.find((text) => source.startsWith(text, at));
    PATTERN.lastIndex = at;
    const text = mark ?? PATTERN.exec(source)?.[0] ?? (source[at] as string);
    at += text.length;
    if (text === '\n') {
      if (endsStatement(tokens.at(-1))) tokens.push({ kind: 'mark', text: ';', line });
    } else if (!text.startsWith('//') && !text.startsWith('/*')) tokens.push(toToken(text, line));
    line += text.split('\n').length - 1;
  }
  return tokens;
}

function toToken(text: string, line: number): Token {
  const first = text[0] ?? '';
  if (first === '`') return { kind: 'string', text: text.slice(1, -1).replaceAll('\r', ''), line };
  if (first === '"') return { kind: 'string', text: withoutEscapes(text.slice(1, -1)), line };
  if (/[A-Za-z_]/.test(first)) return { kind: 'name', text, line };
  if (/[0-9']/.test(first)) return { kind: 'number', text, line };
  return { kind: 'mark', text, line };
}

function endsStatement(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'mark') return ENDS_STATEMENT.has(token.text);
  return token.kind !== 'name' || !KEYWORDS_GOING_ON.has(token.text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  '"': '"',
  "'": "'",
  a: '\x07',
};

function withoutEscapes(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{3}|.)/g, (_, code: string) => {
    if (/^[ux]./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return ESCAPES[code] ?? code;
  });
}
