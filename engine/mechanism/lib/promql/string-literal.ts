/** String literals of PromQL: Go's escapes in single or double quotes, raw text in backticks. */
import { unescapeGo } from '../go-literals/escapes.ts';

/** The text a literal stands for. @throws Error naming what is wrong with the literal. */
export function unquote(literal: string): string {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote || !closes(literal)) throw new Error('unterminated quoted string');
  const body = literal.slice(1, -1);
  if (quote === '`') return body;
  if (body.includes('\n')) throw new Error('a quoted string must not span lines; use backticks');
  const unescaped = unescapeGo(body, quote ?? '');
  if ('bad' in unescaped) throw new Error(`unknown escape sequence ${unescaped.bad}`);
  return unescaped.text;
}

/** Whether the last quote is not itself escaped. */
function closes(literal: string): boolean {
  if (literal[0] === '`') return true;
  const backslashes = /\\*$/.exec(literal.slice(1, -1))?.[0].length ?? 0;
  return backslashes % 2 === 0;
}
