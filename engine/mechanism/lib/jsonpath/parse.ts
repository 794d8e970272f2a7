import { unescapeGo } from '../go-literals/escapes.ts';

/** A template of kubectl's JSONPath dialect, parsed: texts and actions in order. */
export type Node =
  | { node: 'text'; text: string }
  | { node: 'list'; nodes: Node[] }
  | { node: 'field'; name: string }
  | { node: 'array'; params: readonly [Bound, Bound, Bound] }
  | { node: 'filter'; left: Node; right: Node; operator: string }
  | { node: 'number'; value: number; isInteger: boolean }
  | { node: 'boolean'; value: boolean }
  | { node: 'wildcard' }
  | { node: 'recursive' }
  | { node: 'union'; lists: Node[] }
  | { node: 'identifier'; name: string };

/** One of start, end and step. `isDerived`: the end of a single index. */
export interface Bound {
  isKnown: boolean;
  value: number;
  isDerived?: boolean;
}

/** The template is no JSONPath, or leads nowhere; the message is client-go's. */
export class JsonPathError extends Error {
  override name = 'JsonPathError';
}

type List = Extract<Node, { node: 'list' }>;

/** Parses a template: text outside of braces, `{…}` actions. Throws JsonPathError. */
export function parseJsonPath(text: string): Node[] {
  const parser = new Parser(text);
  return parser.parse().nodes;
}

const END = '';

function isLineEnd(char: string): boolean {
  return char === '\r' || char === '\n';
}

/** Ends an identifier or a field name. */
function isTerminator(char: string): boolean {
  return char === END || ' \t\r\n.,[]$@{}'.includes(char);
}

function isWord(char: string): boolean {
  return /^[_\p{L}\p{Nd}]$/u.test(char);
}

class Parser {
  readonly #input: readonly string[];
  readonly #root: List = { node: 'list', nodes: [] };
  #at = 0;
  #start = 0;

  constructor(text: string) {
    this.#input = [...text];
  }

  parse(): List {
    this.#parseText();
    return this.#root;
  }

  #peek(): string {
    return this.#input[this.#at] ?? END;
  }

  #next(): string {
    const char = this.#peek();
    if (char !== END) this.#at++;
    return char;
  }

  #consume(): string {
    const text = this.#input.slice(this.#start, this.#at).join('');
    this.#start = this.#at;
    return text;
  }

  #startsWith(prefix: string): boolean {
    return [...prefix].every((char, index) => this.#input[this.#at + index] === char);
  }

  #skip(count: number): void {
    this.#at += count;
    this.#consume();
  }

  #parseText(): void {
    while (this.#at < this.#input.length) {
      if (this.#peek() !== '{') {
        this.#at++;
        continue;
      }
      this.#keepText();
      this.#skip(1);
      const list: List = { node: 'list', nodes: [] };
      this.#root.nodes.push(list);
      this.#parseAction(list.nodes);
    }
    this.#keepText();
  }

  #keepText(): void {
    if (this.#at > this.#start) this.#root.nodes.push({ node: 'text', text: this.#consume() });
  }

  #parseAction(nodes: Node[]): void {
    for (;;) {
      if (this.#startsWith('[?(')) this.#parseFilter(nodes);
      else if (this.#startsWith('..')) this.#parseRecursive(nodes);
      else if (this.#peek() === '}') {
        this.#skip(1);
        return;
      } else this.#parseTerm(nodes);
    }
  }

  #parseTerm(nodes: Node[]): void {
    const char = this.#next();
    if (char === END || isLineEnd(char)) throw new JsonPathError('unclosed action');
    if (char === ' ' || char === '@' || char === '$') this.#consume();
    else if (char === '[') this.#parseArray(nodes);
    else if (char === '"' || char === "'") this.#parseQuote(nodes, char);
    else if (char === '.') this.#parseField(nodes);
    else if (/^[+\-\p{Nd}]$/u.test(char)) this.#parseNumber(nodes);
    else if (isWord(char)) this.#parseIdentifier(nodes);
    else {
      const code = char.codePointAt(0) as number;
      const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      throw new JsonPathError(`unrecognized character in action: ${name} '${char}'`);
    }
  }

  #parseIdentifier(nodes: Node[]): void {
    while (!isTerminator(this.#peek())) this.#at++;
    const name = this.#consume();
    if (name === 'true' || name === 'false') nodes.push({ node: 'boolean', value: name === 'true' });
    else nodes.push({ node: 'identifier', name });
  }

  #parseRecursive(nodes: Node[]): void {
    if (nodes.at(-1)?.node === 'recursive') throw new JsonPathError('invalid multiple recursive descent');
    this.#skip(2);
    nodes.push({ node: 'recursive' });
    if (isWord(this.#peek())) this.#parseField(nodes);
  }

  #parseNumber(nodes: Node[]): void {
    while (/^[.\p{Nd}]$/u.test(this.#peek())) this.#at++;
    const text = this.#consume();
    const isInteger = /^[+-]?\d+$/.test(text);
    if (!isInteger && !/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) throw new JsonPathError(`cannot parse number ${text}`);
    nodes.push({ node: 'number', value: Number(text), isInteger });
  }

  #parseField(nodes: Node[]): void {
    this.#consume();
    while (!isTerminator(this.#peek())) {
      if (this.#next() === '\\') this.#next();
    }
    const name = this.#consume();
    nodes.push(name === '*' ? { node: 'wildcard' } : { node: 'field', name: name.replaceAll('\\', '') });
  }

  #parseQuote(nodes: Node[], end: string): void {
    for (;;) {
      const char = this.#next();
      if (char === END || char === '\n') throw new JsonPathError('unterminated quoted string');
      if (char === end && this.#input[this.#at - 2] !== '\\') break;
    }
    nodes.push({ node: 'text', text: unquote(this.#consume()) });
  }

  #parseArray(nodes: Node[]): void {
    for (let char = this.#next(); char !== ']'; char = this.#next()) {
      if (char === END || char === '\n') throw new JsonPathError('unterminated array');
    }
    const inner = this.#consume().slice(1, -1);
    const text = inner === '*' ? ':' : inner;
    const parts = text.split(',');
    if (parts.length > 1) {
      nodes.push({ node: 'union', lists: parts.map((part) => parseAction(`[${part.replace(/^ +| +$/g, '')}]`)) });
      return;
    }
    const key = /^'([^']*)'$/.exec(text)?.[1];
    if (key !== undefined) nodes.push(...parseAction(`.${key}`).nodes);
    else nodes.push({ node: 'array', params: parseSlice(text) });
  }

  #parseFilter(nodes: Node[]): void {
    this.#skip(3);
    this.#scanFilter();
    if (this.#next() !== ']') throw new JsonPathError('unclosed array expect ]');
    const text = this.#consume().slice(0, -2);
    const comparison = /^([^!<>=]+)([!<>=]+)(.+?)$/s.exec(text);
    if (comparison === null) {
      nodes.push({ node: 'filter', left: parseAction(text), right: { node: 'list', nodes: [] }, operator: 'exists' });
      return;
    }
    const [, left, operator, right] = comparison as unknown as [string, string, string, string];
    nodes.push({ node: 'filter', left: parseAction(left), right: parseAction(right), operator });
  }

  /** Up to the `)` that is not inside of a quoted text. */
  #scanFilter(): void {
    let quote = '';
    let isOpen = false;
    let isClosed = false;
    for (;;) {
      const char = this.#next();
      if (char === END || char === '\n') throw new JsonPathError('unterminated filter');
      if (char === ')' && isOpen === isClosed) return;
      if (char !== '"' && char !== "'") continue;
      if (!isOpen) {
        isOpen = true;
        quote = char;
      } else if (this.#input[this.#at - 2] !== '\\' && char === quote) isClosed = true;
    }
  }
}

function parseAction(text: string): List {
  const [first] = new Parser(`{${text}}`).parse().nodes;
  return first as List;
}

function parseSlice(text: string): [Bound, Bound, Bound] {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (match === null) throw new JsonPathError(`invalid array index ${text}`);
  const [start = '', end = '', step = ''] = match.slice(1);
  const first = start === '' ? unknown() : known(start);
  const second = end === '' ? { isKnown: true, value: first.value + 1, isDerived: true } : after(end);
  return [first, second, step === '' ? unknown() : after(step)];
}

function after(text: string): Bound {
  return text === ':' ? unknown() : known(text.slice(1));
}

function known(text: string): Bound {
  if (text === '-') throw new JsonPathError(`array index ${text} is not a number`);
  return { isKnown: true, value: Number(text) };
}

function unknown(): Bound {
  return { isKnown: false, value: 0 };
}

/** A quoted text of Go, in single or double quotes. */
function unquote(quoted: string): string {
  const unescaped = unescapeGo(quoted.slice(1, -1), quoted[0] as string);
  if ('text' in unescaped) return unescaped.text;
  throw new JsonPathError(`unquote string ${quoted} error invalid syntax`);
}
