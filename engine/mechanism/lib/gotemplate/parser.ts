import { GoTemplateError, placeOf } from './errors.ts';
import { FUNCTIONS, REFUSED_FUNCTIONS } from './functions.ts';
import { lex, type Piece, type Token } from './lexer.ts';
import { numberOf, unquoteGo } from './literals.ts';

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
  | { type: 'jump'; jump: 'break' | 'continue'; at: number }
  /** Runs a defined template; without a pipeline its dot is nil. */
  | { type: 'template'; name: string; pipeline: Pipeline | undefined; at: number }
  | { type: 'if' | 'with' | 'range'; pipeline: Pipeline; body: Node[]; otherwise: Node[] };

export interface ParsedTemplate {
  nodes: Node[];
  /** What `define` and `block` define, by name. */
  defined: ReadonlyMap<string, Node[]>;
}

/** Parses a template that may call the functions of these names. Throws GoTemplateError. */
export function parse(template: string, functions: { has(name: string): boolean } = FUNCTIONS): ParsedTemplate {
  return new Parser(template, functions).parse();
}

/** Blocks and parentheses inside one another: more than anyone writes, and less than the stack holds. */
const DEPTH_MAX = 100;

type Action = Extract<Piece, { type: 'action' }>;
type BlockType = 'if' | 'with' | 'range';

class Parser {
  readonly #template: string;
  readonly #functions: { has(name: string): boolean };
  readonly #pieces: Piece[];
  readonly #defined = new Map<string, Node[]>();
  #next = 0;
  #depth = 0;
  #ranges = 0;
  /** Variables that are there at this point, the innermost last. */
  #variables = ['$'];

  constructor(template: string, functions: { has(name: string): boolean }) {
    this.#template = template;
    this.#functions = functions;
    this.#pieces = lex(template);
  }

  parse(): ParsedTemplate {
    const { nodes, end } = this.#list();
    if (end !== undefined) throw this.#error(`unexpected {{${end.tokens[0]?.text}}}`, end.at);
    return { nodes, defined: this.#defined };
  }

  /** Nodes up to `end` or `else`, which is returned. */
  #list(): { nodes: Node[]; end: Action | undefined } {
    const nodes: Node[] = [];
    for (let piece = this.#pieces[this.#next++]; piece !== undefined; piece = this.#pieces[this.#next++]) {
      if (piece.type === 'text') {
        nodes.push(piece);
        continue;
      }
      const [first] = piece.tokens;
      if (first === undefined) throw this.#error('missing value for command', piece.at);
      if (first.type === 'identifier' && (first.text === 'end' || first.text === 'else')) return { nodes, end: piece };
      const node = this.#node(piece, first);
      if (node !== undefined) nodes.push(node);
    }
    return { nodes, end: undefined };
  }

  /** One more level; too many are refused before the stack is. */
  #deeper<T>(at: number, parse: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw this.#error('the template is nested too deeply', at);
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  #node(piece: Action, first: Token): Node | undefined {
    if (first.type !== 'identifier') return { type: 'action', pipeline: this.#pipeline(piece.tokens, piece.at) };
    switch (first.text) {
      case 'if':
      case 'with':
      case 'range': {
        const type: BlockType = first.text;
        return this.#deeper(piece.at, () => this.#block(type, piece.tokens.slice(1), piece.at));
      }
      case 'break':
      case 'continue':
        return this.#jump(first.text, piece);
      case 'define':
        this.#define(piece);
        return undefined;
      case 'block':
        return this.#definedBlock(piece);
      case 'template':
        return this.#templateCall(piece);
      default:
        return { type: 'action', pipeline: this.#pipeline(piece.tokens, piece.at) };
    }
  }

  #jump(type: 'break' | 'continue', { tokens, at }: Action): Node {
    if (tokens.length > 1) throw this.#error(`unexpected ${JSON.stringify(tokens[1]?.text)} in {{${type}}}`, at);
    if (this.#ranges === 0) throw this.#error(`{{${type}}} outside {{range}}`, at);
    return { type: 'jump', jump: type, at };
  }

  #define(piece: Action): void {
    if (this.#depth > 0) throw this.#error('unexpected {{define}}', piece.at);
    if (piece.tokens.length !== 2) throw this.#error('unexpected token in define clause', piece.at);
    const name = this.#templateName(piece, 'define clause');
    this.#deeper(piece.at, () => this.#definition(name, piece));
  }

  /** The body of a template of its own: no variables but `$`, no range around it. */
  #definition(name: string, { at }: Action): void {
    const [variables, ranges] = [this.#variables, this.#ranges];
    this.#variables = ['$'];
    this.#ranges = 0;
    const { nodes, end } = this.#list();
    if (end?.tokens[0]?.text !== 'end') throw this.#error('unexpected EOF: {{define}} has no {{end}}', at);
    this.#variables = variables;
    this.#ranges = ranges;
    const known = this.#defined.get(name);
    const isBlank = nodes.every((node) => node.type === 'text' && node.text.trim() === '');
    if (known === undefined || !isBlank) this.#defined.set(name, nodes);
  }

  #definedBlock(piece: Action): Node {
    const name = this.#templateName(piece, 'block clause');
    const pipeline = this.#pipeline(piece.tokens.slice(2), piece.at);
    this.#deeper(piece.at, () => this.#definition(name, piece));
    return { type: 'template', name, pipeline, at: piece.at };
  }

  #templateCall(piece: Action): Node {
    const name = this.#templateName(piece, 'template clause');
    const rest = piece.tokens.slice(2);
    const pipeline = rest.length === 0 ? undefined : this.#pipeline(rest, piece.at);
    return { type: 'template', name, pipeline, at: piece.at };
  }

  #templateName({ tokens, at }: Action, where: string): string {
    const name = tokens[1];
    if (name?.type !== 'string') throw this.#error(`unexpected ${JSON.stringify(name?.text ?? '}}')} in ${where}`, at);
    return this.#unquote(name);
  }

  #block(type: BlockType, tokens: Token[], at: number): Node {
    const mark = this.#variables.length;
    const pipeline = this.#pipeline(tokens, at, type === 'range');
    if (type === 'range') this.#ranges++;
    const { nodes: body, end } = this.#list();
    if (type === 'range') this.#ranges--;
    if (end === undefined) throw this.#error(`unexpected EOF: {{${type}}} has no {{end}}`, at);
    const otherwise = end.tokens[0]?.text === 'end' ? [] : this.#otherwise(type, end, at);
    this.#variables.length = mark;
    return { type, pipeline, body, otherwise };
  }

  #otherwise(type: BlockType, end: Action, at: number): Node[] {
    const [, chained] = end.tokens;
    if (chained !== undefined) {
      if (chained.text !== type || type === 'range') throw this.#error('unexpected text after {{else', chained.at);
      return [this.#deeper(end.at, () => this.#block(type, end.tokens.slice(2), end.at))];
    }
    const otherwise = this.#list();
    if (otherwise.end?.tokens[0]?.text !== 'end') throw this.#error(`unexpected EOF: {{${type}}} has no {{end}}`, at);
    return otherwise.nodes;
  }

  #pipeline(tokens: readonly Token[], at: number, inRange = false): Pipeline {
    const declaration = this.#declaration(tokens, inRange);
    if (declaration.assigns) for (const name of declaration.variables) this.#requireVariable(name, at);
    else this.#variables.push(...declaration.variables);
    const commands: Operand[][] = [];
    const reader = { tokens: tokens.slice(declaration.length), next: 0 };
    do commands.push(this.#command(reader, at));
    while (this.#takeSymbol(reader, '|'));
    this.#requireFunctions(commands);
    const rest = reader.tokens[reader.next];
    if (rest !== undefined) throw this.#error(`unexpected ${JSON.stringify(rest.text)}`, rest.at);
    return { variables: declaration.variables, assigns: declaration.assigns, commands, at };
  }

  #declaration(tokens: readonly Token[], inRange: boolean): { variables: string[]; assigns: boolean; length: number } {
    const [first, second, third, fourth] = tokens;
    if (first?.type !== 'variable') return { variables: [], assigns: false, length: 0 };
    if (second?.text === ':=' || second?.text === '=') {
      return { variables: [first.text], assigns: second.text === '=', length: 2 };
    }
    const isPair = second?.text === ',' && third?.type === 'variable';
    if (isPair && (fourth?.text === ':=' || fourth?.text === '=')) {
      if (!inRange) throw this.#error('too many declarations in command', first.at);
      return { variables: [first.text, third.text], assigns: fourth.text === '=', length: 4 };
    }
    return { variables: [], assigns: false, length: 0 };
  }

  #requireVariable(name: string, at: number): void {
    if (!this.#variables.includes(name)) throw this.#error(`undefined variable ${JSON.stringify(name)}`, at);
  }

  /** Only functions, methods and fields take what comes through a pipe. */
  #requireFunctions(commands: readonly (readonly Operand[])[]): void {
    for (const [index, [first]] of commands.entries()) {
      if (first?.type === 'literal' && first.value === null) throw this.#error('nil is not a command', first.at);
      if (index === 0 || first === undefined) continue;
      if (first.type === 'literal' || first.type === 'dot') {
        throw this.#error(`non executable command in pipeline stage ${index + 1}`, first.at);
      }
    }
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
    const rest = reader.tokens[reader.next];
    if (rest?.type === 'dot' && !rest.spaced) throw this.#error('unexpected <.> in operand', rest.at);
    return names.length === 0 ? base : { type: 'fields', base, names, at: token.at };
  }

  #base(reader: { tokens: Token[]; next: number }, token: Token): Operand {
    reader.next++;
    const { at } = token;
    switch (token.type) {
      case 'string':
        return { type: 'literal', value: this.#unquote(token), at };
      case 'number': {
        const value = numberOf(token.text);
        if (value === undefined) throw this.#error(`bad number syntax: ${JSON.stringify(token.text)}`, at);
        return { type: 'literal', value, at };
      }
      case 'dot':
      case 'field':
        return { type: 'dot', at };
      case 'variable':
        this.#requireVariable(token.text, at);
        return { type: 'variable', name: token.text, at };
      case 'identifier':
        if (token.text === 'true' || token.text === 'false')
          return { type: 'literal', value: token.text === 'true', at };
        if (token.text === 'nil') return { type: 'literal', value: null, at };
        this.#requireFunction(token);
        return { type: 'function', name: token.text, at };
      case 'symbol':
        return { type: 'pipeline', pipeline: this.#deeper(at, () => this.#parenthesised(reader, token)), at };
    }
  }

  #requireFunction({ text, at }: Token): void {
    if (this.#functions.has(text)) return;
    const refused = REFUSED_FUNCTIONS[text];
    if (refused !== undefined) throw this.#error(`function ${JSON.stringify(text)} is not reproduced: ${refused}`, at);
    throw this.#error(`function ${JSON.stringify(text)} not defined`, at);
  }

  #parenthesised(reader: { tokens: Token[]; next: number }, open: Token): Pipeline {
    const commands: Operand[][] = [];
    do commands.push(this.#command(reader, open.at));
    while (this.#takeSymbol(reader, '|'));
    this.#requireFunctions(commands);
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
    const text = unquoteGo(token.text);
    if (text === undefined) throw this.#error(`invalid string ${token.text}`, token.at);
    return text;
  }

  #error(reason: string, at: number): GoTemplateError {
    return new GoTemplateError(reason, placeOf(this.#template, at));
  }
}
