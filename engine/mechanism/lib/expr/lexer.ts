/** Text to tokens (spec expr §2.2). */
import { unescapeGo } from '../go-literals/escapes.ts';
import { ExprError } from './errors.ts';

export interface Token {
  readonly kind: 'int' | 'float' | 'string' | 'bytes' | 'name' | 'operator' | 'bracket' | 'pointer' | 'end';
  readonly text: string;
  /** Offset of the token. */
  readonly at: number;
}

const WORD_OPERATORS: ReadonlySet<string> = new Set([
  'or',
  'and',
  'not',
  'in',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
]);
const PATTERN =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<float>(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*[eE][+-]?\d+)|(?<int>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)|(?<bytes>b(?:"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'))|(?<string>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|`[^`]*`)|(?<name>[\p{L}_$][\p{L}\p{N}_$]*)|(?<pointer>#[\p{L}_]*)|(?<bracket>[()[\]{}])|(?<operator>\?\?|\?\.|\?:|\.\.|\*\*|&&|\|\||==|!=|<=|>=|[-+*/%^<>!|?:.,;=])/uy;

/** @throws ExprError at a character that belongs to no token. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const previous = tokens.at(-1);
    PATTERN.lastIndex = at;
    const match = PATTERN.exec(text);
    if (match === null || match[0] === '') throw new ExprError('compile', describe(text, at), text, at);
    const groups = match.groups ?? {};
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined) as Token['kind'] | undefined;
    if (kind !== undefined) tokens.push(makeToken(text, kind, match[0], at, previous));
    at += match[0].length;
  }
  tokens.push({ kind: 'end', text: '', at: Math.max(0, text.length - 1) });
  return tokens;
}

/** Word operators are plain names after a dot: `a.not`. */
function makeToken(text: string, kind: Token['kind'], raw: string, at: number, previous: Token | undefined): Token {
  if (kind === 'name' && WORD_OPERATORS.has(raw) && previous?.text !== '.' && previous?.text !== '?.')
    return { kind: 'operator', text: raw, at };
  if (kind === 'string' && raw.length < 2) throw new ExprError('compile', 'literal not terminated', text, at);
  return { kind, text: raw, at };
}

function describe(text: string, at: number): string {
  const rest = text.slice(at);
  return rest.startsWith('"') || rest.startsWith("'") || rest.startsWith('`')
    ? 'literal not terminated'
    : `unrecognized character: U+${text.codePointAt(at)!.toString(16).toUpperCase().padStart(4, '0')} '${text[at]}'`;
}

/** The text a string token stands for. */
export function unquoteToken(token: Token, text: string): string {
  const body = token.text.slice(1, -1);
  if (token.text.startsWith('`')) return body;
  const unescaped = unescapeGo(body, '"\'`');
  if ('text' in unescaped) return unescaped.text;
  throw new ExprError('compile', `invalid escape sequence ${unescaped.bad}`, text, token.at);
}
