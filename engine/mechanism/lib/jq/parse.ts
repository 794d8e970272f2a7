/** Text of an expression → its tree. */

export type Node =
  | { node: 'identity' }
  | { node: 'recurse' }
  | { node: 'literal'; value: unknown }
  | { node: 'array'; body: Node | undefined }
  /** `base.[index]`; `index` is evaluated against the input of the whole term. */
  | { node: 'index'; base: Node; index: Node }
  | { node: 'slice'; base: Node; from: Node | undefined; to: Node | undefined }
  | { node: 'each'; base: Node }
  | { node: 'optional'; body: Node }
  | { node: 'binary'; operator: Operator; left: Node; right: Node }
  | { node: 'negate'; body: Node }
  | { node: 'if'; condition: Node; then: Node; otherwise: Node }
  | { node: 'call'; name: string; parameters: readonly Node[]; column: number };

export type Operator =
  | '|'
  | ','
  | '//'
  | 'or'
  | 'and'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

/** An expression that cannot be read; `column` counts from 1. */
export class JqSyntaxError extends Error {
  override name = 'JqSyntaxError';
  readonly column: number;

  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

interface Token {
  kind: 'symbol' | 'name' | 'field' | 'string' | 'number' | 'end';
  text: string;
  column: number;
}

const TOKEN =
  /\s+|#[^\n]*|(?<field>\.[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)|(?<name>@?[A-Za-z_][A-Za-z0-9_]*|\$[A-Za-z_]\w*)|(?<string>"(?:[^"\\]|\\.)*")|(?<symbol>\.\.|\/\/=?|\|=|[+\-*/%]=|==|!=|<=|>=|\?\/\/|[.[\]()|,:;?<>+\-*/%={}])/y;
const DEPTH_MAX = 100;
const CHARS_MAX = 2000;

/** Reads an expression. Throws JqSyntaxError for what is wrong and for what is not reproduced. */
export function parseJq(text: string): Node {
  if (text.length > CHARS_MAX) throw new JqSyntaxError(`longer than ${CHARS_MAX} characters`, CHARS_MAX);
  return new Parser(tokensOf(text)).whole();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw new JqSyntaxError(`unexpected ${JSON.stringify(text[at])}`, at + 1);
    for (const kind of ['field', 'number', 'name', 'string', 'symbol'] as const) {
      const found = match.groups?.[kind];
      if (found !== undefined) tokens.push({ kind, text: found, column: at + 1 });
    }
    at += match[0].length;
  }
  tokens.push({ kind: 'end', text: '', column: text.length + 1 });
  return tokens;
}

/** Levels of binding, weakest first; `|` groups to the right. */
const LEVELS: readonly (readonly Operator[])[] = [
  ['|'],
  [','],
  ['//'],
  ['or'],
  ['and'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];
const REFUSED = new Set(['def', 'reduce', 'foreach', 'try', 'catch', 'as', 'label', 'import', 'include']);
const RESERVED = new Set(['then', 'elif', 'else', 'end', 'and', 'or']);

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Node {
    const node = this.#binary(0);
    if (this.#next().kind !== 'end') throw this.#unexpected();
    return node;
  }

  #next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #take(text: string): boolean {
    const token = this.#next();
    if (token.text !== text || (token.kind !== 'symbol' && token.kind !== 'name')) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new JqSyntaxError(`expected "${text}"`, this.#next().column);
  }

  #unexpected(): JqSyntaxError {
    const { kind, text, column } = this.#next();
    if (kind === 'end') return new JqSyntaxError('unexpected end', column);
    const refused = REFUSED.has(text) || /^(\|=|\/\/=|[+\-*/%]?=|\{|\?\/\/|@.*|\$.*)$/.test(text);
    return new JqSyntaxError(refused ? `${text} is not reproduced` : `unexpected ${text}`, column);
  }

  #binary(level: number): Node {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    if (++this.#depth > DEPTH_MAX * LEVELS.length) throw new JqSyntaxError('nested too deeply', this.#next().column);
    let left = this.#binary(level + 1);
    for (let operator = this.#operatorOf(operators); operator !== undefined; operator = this.#operatorOf(operators)) {
      const right = this.#binary(operator === '|' ? level : level + 1);
      left = { node: 'binary', operator, left, right };
      if (level === 5) break;
    }
    this.#depth--;
    return left;
  }

  #operatorOf(operators: readonly Operator[]): Operator | undefined {
    return operators.find((operator) => this.#take(operator));
  }

  #unary(): Node {
    if (this.#take('-')) return { node: 'negate', body: this.#unary() };
    let node = this.#primary();
    for (;;) {
      const next = this.#suffix(node);
      if (next === undefined) return node;
      node = next;
    }
  }

  #suffix(base: Node): Node | undefined {
    const token = this.#next();
    if (token.kind === 'field') {
      this.#at++;
      return { node: 'index', base, index: literal(token.text.slice(1)) };
    }
    if (this.#take('?')) return { node: 'optional', body: base };
    if (this.#take('[')) return this.#bracket(base);
    const after = this.#tokens[this.#at + 1];
    if (token.text !== '.' || token.kind !== 'symbol') return undefined;
    if (after?.kind === 'string') {
      this.#at += 2;
      return { node: 'index', base, index: literal(stringOf(after)) };
    }
    if (after?.text !== '[') return undefined;
    this.#at += 2;
    return this.#bracket(base);
  }

  #bracket(base: Node): Node {
    if (this.#take(']')) return { node: 'each', base };
    if (this.#take(':')) {
      const to = this.#binary(0);
      this.#expect(']');
      return { node: 'slice', base, from: undefined, to };
    }
    const index = this.#binary(0);
    if (!this.#take(':')) {
      this.#expect(']');
      return { node: 'index', base, index };
    }
    if (this.#take(']')) return { node: 'slice', base, from: index, to: undefined };
    const to = this.#binary(0);
    this.#expect(']');
    return { node: 'slice', base, from: index, to };
  }

  #primary(): Node {
    const token = this.#next();
    switch (token.kind) {
      case 'number':
        this.#at++;
        return literal(Number(token.text));
      case 'string':
        this.#at++;
        return literal(stringOf(token));
      case 'field':
        this.#at++;
        return { node: 'index', base: { node: 'identity' }, index: literal(token.text.slice(1)) };
      case 'name':
        return this.#named(token);
      default:
        return this.#symbol();
    }
  }

  #symbol(): Node {
    if (this.#take('..')) return { node: 'recurse' };
    if (this.#take('(')) {
      const node = this.#binary(0);
      this.#expect(')');
      return node;
    }
    if (this.#take('[')) {
      if (this.#take(']')) return { node: 'array', body: undefined };
      const body = this.#binary(0);
      this.#expect(']');
      return { node: 'array', body };
    }
    if (!this.#take('.')) throw this.#unexpected();
    const after = this.#next();
    if (after.kind !== 'string') return { node: 'identity' };
    this.#at++;
    return { node: 'index', base: { node: 'identity' }, index: literal(stringOf(after)) };
  }

  #named(token: Token): Node {
    if (REFUSED.has(token.text) || RESERVED.has(token.text) || /^[@$]/.test(token.text)) throw this.#unexpected();
    this.#at++;
    if (token.text === 'true' || token.text === 'false') return literal(token.text === 'true');
    if (token.text === 'null') return literal(null);
    if (token.text === 'if') return this.#conditional();
    const parameters: Node[] = [];
    if (this.#take('(')) {
      do parameters.push(this.#binary(0));
      while (this.#take(';'));
      this.#expect(')');
    }
    return { node: 'call', name: token.text, parameters, column: token.column };
  }

  #conditional(): Node {
    const condition = this.#binary(0);
    this.#expect('then');
    const then = this.#binary(0);
    if (this.#take('elif')) return { node: 'if', condition, then, otherwise: this.#conditional() };
    const otherwise: Node = this.#take('else') ? this.#binary(0) : { node: 'identity' };
    this.#expect('end');
    return { node: 'if', condition, then, otherwise };
  }
}

function literal(value: unknown): Node {
  return { node: 'literal', value };
}

function stringOf({ text, column }: Token): string {
  if (text.includes('\\(')) throw new JqSyntaxError('string interpolation is not reproduced', column);
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new JqSyntaxError(`invalid string ${text}`, column);
  }
}
