import { GoTemplateError, placeOf } from './errors.ts';
import { lex, type Piece, type Token } from './lexer.ts';

export type Operand =
  | { type: 'literal'; value: string | number | bigint | boolean | null; at: number }
  | { type: 'dot'; at: number }
  | { type: 'variable'; name: string; at: number }
  | { type: 'function'; name: string; at: number }
  | { type: 'pipeline'; pipeline: Pipeline; at: number }
  /** `.a.b`, `$x.a`, `(…).a`. */
  | { type: 'fields'; base: Operand; names: readonly { name: string; at: number }[]; at: number };

export interface Pipeline {
  /** Variables that take the value: one, or index and element in `range`. */
  variables: readonly string[];
  /** `:=` makes variables, `=` sets ones there are. */
  assigns: boolean;
  commands: readonly (readonly Operand[])[];
  at: number;
}

export type Node =
  | { type: 'text'; text: string }
  | { type: 'action'; pipeline: Pipeline }
  | { type: 'if' | 'with' | 'range'; pipeline: Pipeline; body: Node[]; otherwise: Node[] };

/** Parses a template. Throws GoTemplateError. */
export function parse(template: string): Node[] {
  return new Parser(template).parse();
}

const UNSUPPORTED = new Set(['define', 'template', 'block', 'break', 'continue']);

class Parser {
  readonly #template: string;
  readonly #pieces: Piece[];
  #next = 0;

  constructor(template: string) {
    this.#template = template;
    this.#pieces = lex(template);
  }

  parse(): Node[] {
    const { nodes, end } = this.#list();
    if (end !== undefined) throw this.#error(`unexpected {{${end.tokens[0]?.text}}}`, end.at);
    return nodes;
  }

  /** Nodes up to `end` or `else`, which is returned. */
  #list(): { nodes: Node[]; end: Extract<Piece, { type: 'action' }> | undefined } {
    const nodes: Node[] = [];
    for (let piece = this.#pieces[this.#next++]; piece !== undefined; piece = this.#pieces[this.#next++]) {
      if (piece.type === 'text') {
        nodes.push(piece);
        continue;
      }
      const [first] = piece.tokens;
      if (first === undefined) throw this.#error('missing value for command', piece.at);
      if (first.type === 'identifier' && (first.text === 'end' || first.text === 'else')) return { nodes, end: piece };
      nodes.push(this.#node(piece, first));
    }
    return { nodes, end: undefined };
  }

  #node(piece: Extract<Piece, { type: 'action' }>, first: Token): Node {
    if (first.type === 'identifier' && UNSUPPORTED.has(first.text)) {
      throw this.#error(`{{${first.text}}} is not reproduced`, first.at);
    }
    if (first.type === 'identifier' && (first.text === 'if' || first.text === 'with' || first.text === 'range')) {
      return this.#block(first.text, piece.tokens.slice(1), piece.at);
    }
    return { type: 'action', pipeline: this.#pipeline(piece.tokens, piece.at) };
  }

  #block(type: 'if' | 'with' | 'range', tokens: Token[], at: number): Node {
    const pipeline = this.#pipeline(tokens, at);
    const { nodes: body, end } = this.#list();
    if (end === undefined) throw this.#error(`{{${type}}} has no {{end}}`, at);
    if (end.tokens[0]?.text === 'end') return { type, pipeline, body, otherwise: [] };
    const [, chained] = end.tokens;
    if (chained !== undefined) {
      if (chained.text !== 'if' && chained.text !== 'with')
        throw this.#error('unexpected text after {{else', chained.at);
      return { type, pipeline, body, otherwise: [this.#block(chained.text, end.tokens.slice(2), end.at)] };
    }
    const otherwise = this.#list();
    if (otherwise.end?.tokens[0]?.text !== 'end') throw this.#error(`{{${type}}} has no {{end}}`, at);
    return { type, pipeline, body, otherwise: otherwise.nodes };
  }

  #pipeline(tokens: readonly Token[], at: number): Pipeline {
    const declaration = this.#declaration(tokens);
    const commands: Operand[][] = [];
    const reader = { tokens: tokens.slice(declaration.length), next: 0 };
    do commands.push(this.#command(reader, at));
    while (this.#takeSymbol(reader, '|'));
    const rest = reader.tokens[reader.next];
    if (rest !== undefined) throw this.#error(`unexpected ${JSON.stringify(rest.text)}`, rest.at);
    return { variables: declaration.variables, assigns: declaration.assigns, commands, at };
  }

  #declaration(tokens: readonly Token[]): { variables: string[]; assigns: boolean; length: number } {
    const [first, second, third, fourth] = tokens;
    if (first?.type !== 'variable') return { variables: [], assigns: false, length: 0 };
    if (second?.text === ':=' || second?.text === '=') {
      return { variables: [first.text], assigns: second.text === '=', length: 2 };
    }
    if (second?.text === ',' && third?.type === 'variable' && fourth?.text === ':=') {
      return { variables: [first.text, third.text], assigns: false, length: 4 };
    }
    return { variables: [], assigns: false, length: 0 };
  }

  #command(reader: { tokens: Token[]; next: number }, at: number): Operand[] {
    const operands: Operand[] = [];
    for (;;) {
      const token = reader.tokens[reader.next];
      if (token === undefined || (token.type === 'symbol' && token.text !== '(')) break;
      operands.push(this.#operand(reader));
    }
    if (operands.length === 0) throw this.#error('missing value for command', reader.tokens[reader.next]?.at ?? at);
    return operands;
  }

  #operand(reader: { tokens: Token[]; next: number }): Operand {
    const token = reader.tokens[reader.next] as Token;
    const base = this.#base(reader, token);
    const names: { name: string; at: number }[] = [];
    if (token.type === 'field') names.push({ name: token.text.slice(1), at: token.at });
    for (
      let field = reader.tokens[reader.next];
      field?.type === 'field' && !field.spaced;
      field = reader.tokens[reader.next]
    ) {
      names.push({ name: field.text.slice(1), at: field.at });
      reader.next++;
    }
    return names.length === 0 ? base : { type: 'fields', base, names, at: token.at };
  }

  #base(reader: { tokens: Token[]; next: number }, token: Token): Operand {
    reader.next++;
    const { at } = token;
    switch (token.type) {
      case 'string':
        return { type: 'literal', value: this.#unquote(token), at };
      case 'number':
        return { type: 'literal', value: numberOf(token.text), at };
      case 'dot':
      case 'field':
        return { type: 'dot', at };
      case 'variable':
        return { type: 'variable', name: token.text, at };
      case 'identifier':
        if (token.text === 'true' || token.text === 'false')
          return { type: 'literal', value: token.text === 'true', at };
        if (token.text === 'nil') return { type: 'literal', value: null, at };
        return { type: 'function', name: token.text, at };
      case 'symbol':
        return { type: 'pipeline', pipeline: this.#parenthesised(reader, token), at };
    }
  }

  #parenthesised(reader: { tokens: Token[]; next: number }, open: Token): Pipeline {
    const commands: Operand[][] = [];
    do commands.push(this.#command(reader, open.at));
    while (this.#takeSymbol(reader, '|'));
    if (!this.#takeSymbol(reader, ')')) throw this.#error('unclosed left paren', open.at);
    return { variables: [], assigns: false, commands, at: open.at };
  }

  #takeSymbol(reader: { tokens: Token[]; next: number }, text: string): boolean {
    const token = reader.tokens[reader.next];
    if (token?.type !== 'symbol' || token.text !== text) return false;
    reader.next++;
    return true;
  }

  #unquote(token: Token): string {
    if (token.text.startsWith('`')) return token.text.slice(1, -1);
    try {
      return JSON.parse(token.text.replace(/\\'/g, "'")) as string;
    } catch {
      throw this.#error(`invalid string ${token.text}`, token.at);
    }
  }

  #error(reason: string, at: number): GoTemplateError {
    return new GoTemplateError(reason, placeOf(this.#template, at));
  }
}

/** Whole numbers are Go ints (bigint here), others float64. */
function numberOf(text: string): number | bigint {
  if (/[.eE]/.test(text) && !/^[+-]?0[xX]/.test(text)) return Number(text);
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/, ''));
}
