/** Tokens to tree: operator precedence, chains, predicates (spec expr §2.3, §2.4). */
import { type Node, PREDICATE_BUILTINS } from './ast.ts';
import { ExprError } from './errors.ts';
import { type Token, tokenize, unquoteToken } from './lexer.ts';

interface Operator {
  readonly precedence: number;
  readonly right?: boolean;
}

const BINARY: Readonly<Record<string, Operator>> = {
  '|': { precedence: 0 },
  or: { precedence: 10 },
  '||': { precedence: 10 },
  and: { precedence: 15 },
  '&&': { precedence: 15 },
  '==': { precedence: 20 },
  '!=': { precedence: 20 },
  '<': { precedence: 20 },
  '>': { precedence: 20 },
  '>=': { precedence: 20 },
  '<=': { precedence: 20 },
  in: { precedence: 20 },
  matches: { precedence: 20 },
  contains: { precedence: 20 },
  startsWith: { precedence: 20 },
  endsWith: { precedence: 20 },
  '..': { precedence: 25 },
  '+': { precedence: 30 },
  '-': { precedence: 30 },
  '*': { precedence: 60 },
  '/': { precedence: 60 },
  '%': { precedence: 60 },
  '**': { precedence: 100, right: true },
  '^': { precedence: 100, right: true },
  '??': { precedence: 500 },
};

const UNARY: Readonly<Record<string, number>> = { not: 50, '!': 50, '-': 90, '+': 90 };
const NEGATABLE: ReadonlySet<string> = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith']);
const ORDER: ReadonlySet<string> = new Set(['<', '>', '<=', '>=']);
/** Spellings that mean the same operator. */
const SAME: Readonly<Record<string, string>> = { or: '||', and: '&&', not: '!', '^': '**' };
/** What error texts call the kinds of tokens. */
const TOKEN_NAMES: Readonly<Record<Exclude<Token['kind'], 'end'>, string>> = {
  int: 'Number',
  float: 'Number',
  string: 'String',
  bytes: 'Bytes',
  name: 'Identifier',
  operator: 'Operator',
  bracket: 'Bracket',
  pointer: 'Operator',
};
const DEPTH_MAX = 200;

/**
 * @param builtins - names that are functions of the language.
 * @throws ExprError at the first token that does not fit.
 */
export function parseExpression(text: string, builtins: ReadonlySet<string>): Node {
  return new Parser(text, builtins).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #builtins: ReadonlySet<string>;
  readonly #locals: string[] = [];
  #position = 0;
  #predicates = 0;
  #depth = 0;

  constructor(text: string, builtins: ReadonlySet<string>) {
    this.#text = text;
    this.#tokens = tokenize(text);
    this.#builtins = builtins;
  }

  parse(): Node {
    const node = this.#sequence();
    if (this.#current.kind !== 'end') this.#unexpected();
    return node;
  }

  get #current(): Token {
    return this.#tokens[this.#position]!;
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#current;
    return found === text && kind !== 'string' && kind !== 'bytes';
  }

  #take(): Token {
    const token = this.#current;
    this.#position += 1;
    return token;
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#position += 1;
    return true;
  }

  #expect(text: string): Token {
    if (!this.#is(text)) this.#unexpected();
    return this.#take();
  }

  #fail(problem: string, at = this.#current.at): never {
    throw new ExprError('compile', problem, this.#text, at);
  }

  #unexpected(): never {
    const token = this.#current;
    if (token.kind === 'end') this.#fail('unexpected token EOF');
    const text = token.kind === 'string' ? unquoteToken(token, this.#text) : token.text;
    this.#fail(`unexpected token ${TOKEN_NAMES[token.kind]}(${JSON.stringify(text)})`);
  }

  /** `let x = e; body`, else one expression. */
  #sequence(): Node {
    if (!this.#is('let') || this.#tokens[this.#position + 1]?.kind !== 'name') return this.#expression(0);
    this.#take();
    const { text: name, at: nameAt } = this.#take();
    if (this.#builtins.has(name)) this.#fail(`cannot redeclare builtin ${name}`, nameAt);
    this.#expect('=');
    const value = this.#expression(0);
    this.#expect(';');
    this.#locals.push(name);
    const body = this.#sequence();
    this.#locals.pop();
    return { kind: 'let', at: nameAt, name, value, body };
  }

  #expression(precedenceMin: number): Node {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#fail('expression is nested too deeply');
    if (precedenceMin === 0 && this.#is('if') && this.#current.kind === 'name') return this.#leave(this.#ifElse());
    let left = this.#unary();
    let previous = '';
    for (;;) {
      const token = this.#current;
      const negated = token.text === 'not' && NEGATABLE.has(this.#tokens[this.#position + 1]?.text ?? '');
      const operatorToken = negated ? this.#tokens[this.#position + 1]! : token;
      const operator = operatorToken.kind === 'operator' ? BINARY[operatorToken.text] : undefined;
      if (operator === undefined || operator.precedence < precedenceMin) break;
      this.#position += negated ? 2 : 1;
      if (previous === '??' && operatorToken.text !== '??') {
        this.#fail(
          `Operator (${operatorToken.text}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`,
          operatorToken.at,
        );
      }
      left = this.#binary(left, operatorToken, operator);
      if (negated) left = { kind: 'unary', at: token.at, operator: '!', operand: left };
      previous = operatorToken.text;
    }
    return this.#leave(precedenceMin === 0 ? this.#conditional(left) : left);
  }

  #leave(node: Node): Node {
    this.#depth -= 1;
    return node;
  }

  #binary(left: Node, token: Token, operator: Operator): Node {
    const { text, at } = token;
    if (text === '|') return this.#postfix(this.#pipe(left));
    const right = this.#expression(operator.right === true ? operator.precedence : operator.precedence + 1);
    const node: Node = { kind: 'binary', at, operator: SAME[text] ?? text, spelling: text, left, right };
    return ORDER.has(text) && ORDER.has(this.#current.text) && this.#current.kind === 'operator'
      ? this.#comparisonChain(node, right)
      : node;
  }

  /** `1 < x < 5` is `1 < x and x < 5`. */
  #comparisonChain(first: Node, middle: Node): Node {
    let all = first;
    let left = middle;
    while (ORDER.has(this.#current.text) && this.#current.kind === 'operator') {
      const { text, at } = this.#take();
      const right = this.#expression(21);
      all = {
        kind: 'binary',
        at,
        operator: '&&',
        left: all,
        right: { kind: 'binary', at, operator: text, left, right },
      };
      left = right;
    }
    return all;
  }

  #pipe(left: Node): Node {
    const token = this.#take();
    if (token.kind !== 'name') this.#fail('a function was expected after |', token.at);
    if (this.#builtins.has(token.text)) return this.#builtinCall(token, [left]);
    return {
      kind: 'call',
      at: token.at,
      callee: { kind: 'name', at: token.at, name: token.text },
      args: [left, ...this.#arguments()],
    };
  }

  #conditional(test: Node): Node {
    const at = this.#current.at;
    if (this.#accept('?:')) return { kind: 'conditional', at, test, result: test, otherwise: this.#expression(0) };
    if (!this.#accept('?')) return test;
    const result = this.#expression(0);
    this.#expect(':');
    return { kind: 'conditional', at, test, result, otherwise: this.#expression(0) };
  }

  #ifElse(): Node {
    const at = this.#take().at;
    const test = this.#expression(0);
    const block = (): Node => {
      this.#expect('{');
      const body = this.#sequence();
      this.#expect('}');
      return body;
    };
    const result = block();
    this.#expect('else');
    return { kind: 'conditional', at, test, result, otherwise: this.#is('if') ? this.#ifElse() : block() };
  }

  #unary(): Node {
    const token = this.#current;
    const precedence = token.kind === 'operator' ? UNARY[token.text] : undefined;
    if (precedence === undefined) return this.#postfix(this.#primary());
    this.#take();
    const operand = this.#expression(precedence);
    return { kind: 'unary', at: token.at, operator: SAME[token.text] ?? token.text, operand };
  }

  #primary(): Node {
    const token = this.#current;
    if (token.kind === 'pointer') return this.#pointer();
    if (this.#is('.') && this.#predicates > 0) return { kind: 'pointer', at: token.at, name: '' };
    if (this.#is('.')) this.#fail('cannot use pointer accessor outside predicate', token.at);
    if (this.#accept('(')) {
      const inner = this.#sequence();
      this.#expect(')');
      return inner;
    }
    if (this.#is('[')) return this.#list();
    if (this.#is('{')) return this.#map();
    if (token.kind === 'name') return this.#name();
    return this.#literal();
  }

  #pointer(): Node {
    const token = this.#take();
    if (this.#predicates === 0) this.#fail('cannot use pointer accessor outside predicate', token.at);
    const name = token.text.slice(1);
    if (!['', 'index', 'acc'].includes(name)) this.#fail(`unknown pointer ${token.text}`, token.at);
    return { kind: 'pointer', at: token.at, name };
  }

  #literal(): Node {
    const { kind, text, at } = this.#current;
    const digits = text.replaceAll('_', '');
    if (kind === 'int') {
      const value = BigInt(/^0\d/.test(digits) ? digits.replace(/^0+(?=\d)/, '') : digits);
      if (value > 2n ** 63n - 1n) this.#fail(`integer literal is too large: ${text}`);
      this.#take();
      return { kind: 'literal', at, value };
    }
    if (kind === 'float') return { kind: 'literal', at: this.#take().at, value: Number(digits) };
    if (kind === 'string') return { kind: 'literal', at, value: unquoteToken(this.#take(), this.#text) };
    if (kind === 'bytes') {
      const token = this.#take();
      return {
        kind: 'literal',
        at,
        value: new Uint8Array(Buffer.from(unquoteToken({ ...token, text: token.text.slice(1) }, this.#text))),
      };
    }
    return this.#unexpected();
  }

  #name(): Node {
    const token = this.#take();
    const { text: name, at } = token;
    if (name === 'true' || name === 'false') return { kind: 'literal', at, value: name === 'true' };
    if (name === 'nil') return { kind: 'literal', at, value: null };
    if (name === '$env') return { kind: 'env', at };
    if (this.#builtins.has(name) && this.#is('(') && !this.#locals.includes(name)) return this.#builtinCall(token, []);
    return { kind: 'name', at, name };
  }

  #builtinCall({ text: name, at }: Token, first: readonly Node[]): Node {
    if (!PREDICATE_BUILTINS.has(name)) return { kind: 'builtin', at, name, args: [...first, ...this.#arguments()] };
    this.#expect('(');
    const args = [...first];
    while (!this.#is(')')) {
      if (args.length > first.length) this.#expect(',');
      if (this.#is(')')) break;
      args.push(args.length === 1 ? this.#predicate() : this.#expression(0));
    }
    this.#expect(')');
    return { kind: 'builtin', at, name, args };
  }

  #predicate(): Node {
    this.#predicates += 1;
    const braced = this.#accept('{');
    const body = this.#sequence();
    if (braced) this.#expect('}');
    this.#predicates -= 1;
    return body;
  }

  #arguments(): Node[] {
    this.#expect('(');
    const args: Node[] = [];
    while (!this.#is(')')) {
      if (args.length > 0) this.#expect(',');
      if (this.#is(')')) break;
      args.push(this.#expression(0));
    }
    this.#expect(')');
    return args;
  }

  #list(): Node {
    const { at } = this.#take();
    const items: Node[] = [];
    while (!this.#is(']')) {
      if (items.length > 0) this.#expect(',');
      if (this.#is(']')) break;
      items.push(this.#expression(0));
    }
    this.#expect(']');
    return { kind: 'list', at, items };
  }

  #map(): Node {
    const { at } = this.#take();
    const entries: (readonly [Node, Node])[] = [];
    while (!this.#is('}')) {
      if (entries.length > 0) this.#expect(',');
      if (this.#is('}')) break;
      const key = this.#mapKey();
      this.#expect(':');
      entries.push([key, this.#expression(0)]);
    }
    this.#expect('}');
    return { kind: 'map', at, entries };
  }

  #mapKey(): Node {
    const { kind, text, at } = this.#current;
    if (this.#accept('(')) {
      const key = this.#expression(0);
      this.#expect(')');
      return key;
    }
    if (kind === 'string') return this.#literal();
    if (kind !== 'name' && kind !== 'int' && kind !== 'float') {
      this.#fail(
        `a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token ${JSON.stringify(text)})`,
      );
    }
    this.#take();
    return { kind: 'literal', at, value: text };
  }

  #postfix(start: Node): Node {
    let node = start.kind === 'chain' ? start.inner : start;
    let optional = start.kind === 'chain';
    for (;;) {
      const { at } = this.#current;
      if (this.#is('.') || this.#is('?.')) {
        const isOptional = this.#take().text === '?.';
        optional ||= isOptional;
        node = isOptional && this.#is('[') ? this.#index(node, true) : this.#property(node, isOptional);
      } else if (this.#is('[')) node = this.#index(node, false);
      else if (this.#is('(') && (node.kind === 'member' || node.kind === 'name'))
        node = { kind: 'call', at: node.at, callee: node, args: this.#arguments() };
      else return optional ? { kind: 'chain', at, inner: node } : node;
    }
  }

  #property(object: Node, optional: boolean): Node {
    const token = this.#take();
    if (token.kind !== 'name' && !(token.kind === 'operator' && /^\w+$/.test(token.text)))
      this.#fail('expected name', token.at);
    return {
      kind: 'member',
      at: token.at,
      object,
      key: { kind: 'literal', at: token.at, value: token.text },
      property: token.text,
      optional,
    };
  }

  #index(object: Node, optional: boolean): Node {
    const { at } = this.#expect('[');
    if (this.#accept(':')) return this.#slice(object, undefined, at);
    const key = this.#expression(0);
    if (this.#accept(':')) return this.#slice(object, key, at);
    this.#expect(']');
    return { kind: 'member', at, object, key, optional };
  }

  #slice(object: Node, from: Node | undefined, at: number): Node {
    const to = this.#is(']') ? undefined : this.#expression(0);
    this.#expect(']');
    return { kind: 'slice', at, object, from, to };
  }
}
