import { GoTemplateError, placeOf } from './errors.ts';

/** One word of an action. */
export interface Token {
  type: 'string' | 'number' | 'identifier' | 'field' | 'variable' | 'dot' | 'symbol';
  text: string;
  /** Offset in the template. */
  at: number;
  /** A space stands before it: tells `a .b` from `a.b`. */
  spaced: boolean;
}

export type Piece = { type: 'text'; text: string } | { type: 'action'; tokens: Token[]; at: number };

const TOKEN =
  /(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<number>'(?:[^'\\\n]|\\.[0-9a-fA-F]*)'|[+-]?(?:0[xX][0-9a-fA-F_]+|0[bBoO][0-7_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?!\w))|(?<field>\.[A-Za-z_]\w*)|(?<dot>\.)|(?<variable>\$\w*)|(?<identifier>[A-Za-z_]\w*)|(?<symbol>:=|[|(),=])/y;

/** Cuts a template into text and actions; trim markers and comments are done with here. */
export function lex(template: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < template.length) {
    const open = template.indexOf('{{', at);
    let text = template.slice(at, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    trimNext = false;
    if (open < 0) {
      if (text !== '') pieces.push({ type: 'text', text });
      break;
    }
    let start = open + 2;
    if (/^-\s/.test(template.slice(start, start + 2))) {
      text = text.trimEnd();
      start++;
    }
    if (text !== '') pieces.push({ type: 'text', text });
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-)?\}\}/.exec(template.slice(start));
    if (comment !== null) {
      trimNext = comment[1] === '-';
      at = start + comment[0].length;
      continue;
    }
    const action = lexAction(template, start, open);
    pieces.push({ type: 'action', tokens: action.tokens, at: open });
    trimNext = action.trim;
    at = action.end;
  }
  return pieces;
}

function lexAction(template: string, start: number, open: number): { tokens: Token[]; end: number; trim: boolean } {
  const tokens: Token[] = [];
  let at = start;
  for (;;) {
    const space = /^\s*/.exec(template.slice(at))?.[0].length ?? 0;
    at += space;
    if (template.startsWith('}}', at)) return { tokens, end: at + 2, trim: false };
    if (space > 0 && template.startsWith('-}}', at)) return { tokens, end: at + 3, trim: true };
    if (at >= template.length) throw new GoTemplateError('unclosed action', placeOf(template, open));
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(template);
    if (match === null) {
      const char = template[at] as string;
      const what =
        char === '"' || char === '`' ? 'unterminated quoted string' : `unexpected ${JSON.stringify(char)} in action`;
      throw new GoTemplateError(what, placeOf(template, at));
    }
    const type = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0] as Token['type'];
    tokens.push({ type, text: match[0], at, spaced: space > 0 });
    at += match[0].length;
  }
}
