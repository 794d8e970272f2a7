/**
 * Runs the part of Go that table-driven tests are made of: constants, variables, literals, loops over tables, calls.
 * What it does not know has the value UNKNOWN, and whoever needs that value reports the case instead of guessing.
 */
import { type Token, tokenize } from './go-tokens.ts';

export const UNKNOWN = Symbol('unknown');

/** Strings, numbers, booleans, arrays, Maps (maps and structs), functions given by the host, closures, UNKNOWN. */
export type Value = unknown;
export type HostFunction = (args: Value[], line: number) => Value;

/** What the names of other packages and the methods of values mean; undefined: not known to the host. */
export interface Host {
  /** The value of `a.b.c` when `a` is not a variable. */
  external(path: string): Value | undefined;
  /** The member of a value. */
  member(value: Value, name: string): Value | undefined;
  /** The value of `value.name = …`. */
  assign(target: Value, name: string, value: Value): void;
}

interface Closure {
  parameters: string[];
  body: Token[];
  scope: Scope;
}

class Scope {
  readonly values = new Map<string, Value>();
  readonly parent: Scope | undefined;
  constructor(parent?: Scope) {
    this.parent = parent;
  }
  owner(name: string): Scope | undefined {
    return this.values.has(name) ? this : this.parent?.owner(name);
  }
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const RETURN = Symbol('return');
const CONTINUE = Symbol('continue');
const CALLS_MAX = 100_000;

/** One package's test files. `functions` are its top-level functions, by name. */
export class GoProgram {
  readonly functions = new Map<string, Closure>();
  private readonly top = new Scope();
  private readonly host: Host;
  private calls = 0;

  constructor(sources: readonly string[], host: Host) {
    this.host = host;
    const files = sources.map((source) => tokenize(source));
    for (const tokens of files) this.declareFunctions(tokens);
    for (const tokens of files) this.declareValues(tokens);
  }

  /** Calls a top-level function. Throws what the host's functions throw. */
  call(name: string, args: Value[]): Value {
    const found = this.functions.get(name);
    return found === undefined ? UNKNOWN : this.apply(found, args);
  }

  private declareFunctions(tokens: Token[]): void {
    for (const statement of statements(tokens)) {
      if (statement[0]?.text !== 'func' || statement[1]?.kind !== 'name') continue;
      const closure = this.closure(statement.slice(1), this.top);
      if (closure !== undefined) this.functions.set(statement[1].text, closure);
    }
  }

  private declareValues(tokens: Token[]): void {
    for (const statement of statements(tokens)) {
      if (statement[0]?.text === 'var' || statement[0]?.text === 'const') this.execute(statement, this.top);
    }
  }

  /** `name(a, b T) R { body }` or `(a, b T) R { body }` */
  private closure(tokens: readonly Token[], scope: Scope): Closure | undefined {
    const open = tokens.findIndex(({ text, kind }) => kind === 'mark' && text === '(');
    const close = matching(tokens, open);
    let begin = close + 1;
    while (
      begin < tokens.length &&
      !(tokens[begin]?.text === '{' && !/^(struct|interface)$/.test(tokens[begin - 1]?.text ?? ''))
    )
      begin++;
    if (open < 0 || begin >= tokens.length) return undefined;
    const parameters = split(tokens.slice(open + 1, close), ',').map((part) => part[0]?.text ?? '_');
    return { parameters, body: tokens.slice(begin + 1, matching(tokens, begin)), scope };
  }

  private apply({ parameters, body, scope }: Closure, args: Value[]): Value {
    if (++this.calls > CALLS_MAX) throw new Error('the test calls functions without end');
    const inner = new Scope(scope);
    parameters.forEach((name, index) => {
      inner.values.set(name, index < args.length ? args[index] : UNKNOWN);
    });
    const result = this.block(body, inner);
    return isReturn(result) ? result.value : undefined;
  }

  private block(tokens: readonly Token[], scope: Scope): unknown {
    for (const statement of statements(tokens)) {
      const result = this.execute(statement, scope);
      if (isReturn(result) || result === CONTINUE) return result;
    }
    return undefined;
  }

  private execute(statement: Token[], scope: Scope): unknown {
    const first = statement[0];
    if (first === undefined) return undefined;
    switch (first.kind === 'name' ? first.text : '') {
      case 'return':
        return { [RETURN]: true, value: this.list(statement.slice(1), scope)[0] };
      case 'continue':
        return CONTINUE;
      case 'if':
        return this.branch(statement, scope);
      case 'for':
        return this.loop(statement, scope);
      case 'var':
      case 'const':
        return this.declaration(statement.slice(1), scope);
      case 'type':
      case 'import':
      case 'package':
      case 'defer':
        return undefined;
      default:
        return this.assignment(statement, scope);
    }
  }

  private declaration(tokens: Token[], scope: Scope): void {
    const parts = tokens[0]?.text === '(' ? statements(tokens.slice(1, matching(tokens, 0))) : [tokens];
    for (const part of parts) {
      const equals = indexOf(part, '=');
      if (part[0] === undefined) continue;
      const isBool = part[1]?.text === 'bool';
      scope.values.set(part[0].text, equals < 0 ? (isBool ? false : '') : this.list(part.slice(equals + 1), scope)[0]);
    }
  }

  private assignment(statement: Token[], scope: Scope): void {
    const operator = [':=', '=', '+='].find((text) => indexOf(statement, text) >= 0);
    if (operator === undefined) {
      this.list(statement, scope);
      return;
    }
    const at = indexOf(statement, operator);
    const targets = split(statement.slice(0, at), ',');
    const values = this.list(statement.slice(at + 1), scope);
    const spread = values.length === 1 && targets.length > 1 && Array.isArray(values[0]) ? values[0] : values;
    targets.forEach((target, index) => {
      const value: Value = index < spread.length ? spread[index] : UNKNOWN;
      this.store(target, operator, value, scope);
    });
  }

  private store(target: Token[], operator: string, value: Value, scope: Scope): void {
    const name = target[0]?.text ?? '_';
    if (target.length === 1) {
      const owner = operator === ':=' ? scope : (scope.owner(name) ?? scope);
      owner.values.set(name, operator === '+=' ? add(owner.values.get(name), value) : value);
    } else if (target.at(-2)?.text === '.') {
      this.host.assign(this.list(target.slice(0, -2), scope)[0], target.at(-1)?.text ?? '', value);
    }
  }

  private branch(statement: Token[], scope: Scope): unknown {
    const inner = new Scope(scope);
    const open = blockStart(statement, 1);
    const close = matching(statement, open);
    const head = split(statement.slice(1, open), ';');
    for (const setup of head.slice(0, -1)) this.execute(setup, inner);
    const condition = this.list(head.at(-1) ?? [], inner)[0];
    if (condition === true) return this.block(statement.slice(open + 1, close), new Scope(inner));
    if (statement[close + 1]?.text !== 'else' || condition === UNKNOWN) return undefined;
    const rest = statement.slice(close + 2);
    return rest[0]?.text === 'if' ? this.branch(rest, inner) : this.block(rest.slice(1, -1), new Scope(inner));
  }

  private loop(statement: Token[], scope: Scope): unknown {
    const open = blockStart(statement, 1);
    const head = statement.slice(1, open);
    const range = head.findIndex(({ text, kind }) => kind === 'name' && text === 'range');
    if (range < 0) return undefined;
    const over = this.list(head.slice(range + 1), scope)[0];
    const names = split(head.slice(0, Math.max(0, range - 1)), ',').map((part) => part[0]?.text ?? '_');
    const body = statement.slice(open + 1, matching(statement, open));
    for (const [key, value] of entriesOf(over)) {
      const inner = new Scope(scope);
      if (names[0] !== undefined) inner.values.set(names[0], key);
      if (names[1] !== undefined) inner.values.set(names[1], value);
      const result = this.block(body, inner);
      if (isReturn(result)) return result;
    }
    return undefined;
  }

  private list(tokens: readonly Token[], scope: Scope): Value[] {
    return split(tokens, ',')
      .filter((part) => part.length > 0)
      .map((part) => this.expression(part, scope));
  }

  private expression(tokens: readonly Token[], scope: Scope): Value {
    for (const operator of ['||', '&&', '==', '!=', '+']) {
      const at = indexOf(tokens, operator);
      if (at <= 0) continue;
      return binary(operator, this.expression(tokens.slice(0, at), scope), () =>
        this.expression(tokens.slice(at + 1), scope),
      );
    }
    const [first] = tokens;
    if (first?.text === '!' && first.kind === 'mark') {
      const value = this.expression(tokens.slice(1), scope);
      return typeof value === 'boolean' ? !value : UNKNOWN;
    }
    if (first?.kind === 'mark' && (first.text === '&' || first.text === '*'))
      return this.expression(tokens.slice(1), scope);
    return this.operand(tokens, scope);
  }

  /** A primary expression with everything that is appended to it: members, calls, elements. */
  private operand(tokens: readonly Token[], scope: Scope): Value {
    const [first] = tokens;
    if (first === undefined) return UNKNOWN;
    if (first.kind === 'string') return this.suffixes(first.text, tokens.slice(1), scope);
    if (first.kind === 'number') return this.suffixes(Number(first.text), tokens.slice(1), scope);
    if (first.text === '(') {
      const close = matching(tokens, 0);
      return this.suffixes(this.expression(tokens.slice(1, close), scope), tokens.slice(close + 1), scope);
    }
    if (first.text === 'func') {
      const body = tokens.findIndex(({ kind, text }) => kind === 'mark' && text === '{');
      return this.suffixes(this.closure(tokens, scope), tokens.slice(matching(tokens, body) + 1), scope);
    }
    const brace = literalStart(tokens);
    if (brace >= 0) {
      const close = matching(tokens, brace);
      return this.suffixes(
        this.literal(tokens.slice(0, brace), tokens.slice(brace + 1, close), scope),
        tokens.slice(close + 1),
        scope,
      );
    }
    if (first.text === '[') {
      // A conversion such as []byte(text).
      const open = tokens.findIndex(({ text, kind }) => kind === 'mark' && text === '(');
      return open < 0 ? UNKNOWN : this.expression(tokens.slice(open + 1, -1), scope);
    }
    return this.named(tokens, scope);
  }

  private named(tokens: readonly Token[], scope: Scope): Value {
    const name = tokens[0]?.text ?? '';
    const owner = scope.owner(name);
    if (owner !== undefined) return this.suffixes(owner.values.get(name), tokens.slice(1), scope);
    const known = this.functions.get(name);
    if (known !== undefined) return this.suffixes(known, tokens.slice(1), scope);
    let path = name;
    let at = 1;
    while (tokens[at]?.text === '.' && tokens[at + 1]?.kind === 'name') {
      path += `.${tokens[at + 1]?.text}`;
      at += 2;
      const value = this.host.external(path);
      if (value !== undefined) return this.suffixes(value, tokens.slice(at), scope);
    }
    return this.suffixes(this.host.external(name) ?? UNKNOWN, tokens.slice(1), scope);
  }

  private suffixes(start: Value, tokens: readonly Token[], scope: Scope): Value {
    let value = start;
    for (let at = 0; at < tokens.length; ) {
      const token = tokens[at];
      if (token?.text === '.' && tokens[at + 1]?.kind === 'name') {
        value = this.member(value, tokens[at + 1]?.text ?? '');
        at += 2;
      } else if (token?.text === '(' || token?.text === '[') {
        const close = matching(tokens, at);
        const args = this.list(tokens.slice(at + 1, close), scope);
        value = token.text === '(' ? this.invoke(value, args, token.line) : element(value, args[0]);
        at = close + 1;
      } else return UNKNOWN;
    }
    return value;
  }

  private member(value: Value, name: string): Value {
    if (value instanceof Map) return value.has(name) ? value.get(name) : (this.host.member(value, name) ?? '');
    return this.host.member(value, name) ?? UNKNOWN;
  }

  private invoke(value: Value, args: Value[], line: number): Value {
    if (typeof value === 'function')
      return (value as HostFunction)(
        args.map((arg) => this.callable(arg)),
        line,
      );
    return isClosure(value) ? this.apply(value, args) : UNKNOWN;
  }

  /** Closures become functions before the host gets them. */
  private callable(value: Value): Value {
    return isClosure(value) ? (args: Value[]) => this.apply(value, args) : value;
  }

  private literal(type: readonly Token[], body: readonly Token[], scope: Scope): Value {
    const element =
      type[0]?.text === '[' ? type.slice(2) : type[0]?.text === 'map' ? type.slice(matching(type, 1) + 1) : [];
    const item = (tokens: readonly Token[]) =>
      tokens[0]?.text === '{' ? this.literal(element, tokens.slice(1, -1), scope) : this.expression(tokens, scope);
    const parts = split(body, ',').filter((part) => part.length > 0);
    if (type[0]?.text === '[') return parts.map(item);
    const fields = new Map<unknown, Value>();
    parts.forEach((part, index) => {
      const colon = indexOf(part, ':');
      if (colon < 0) fields.set(index, item(part));
      else {
        const isMap = type[0]?.text === 'map' || part[0]?.kind === 'string';
        const key = isMap ? this.expression(part.slice(0, colon), scope) : part[0]?.text;
        fields.set(key, item(part.slice(colon + 1)));
      }
    });
    return fields;
  }
}

function isClosure(value: Value): value is Closure {
  return typeof value === 'object' && value !== null && 'body' in value && 'parameters' in value;
}

function isReturn(value: unknown): value is { value: Value } {
  return typeof value === 'object' && value !== null && RETURN in value;
}

function binary(operator: string, left: Value, right: () => Value): Value {
  if (operator === '&&' && left === false) return false;
  if (operator === '||' && left === true) return true;
  const other = right();
  if (left === UNKNOWN || other === UNKNOWN) return UNKNOWN;
  if (operator === '+') return add(left, other);
  if (operator === '==') return left === other;
  if (operator === '!=') return left !== other;
  return other;
}

function add(left: Value, right: Value): Value {
  return typeof left === 'string' && typeof right === 'string' ? left + right : UNKNOWN;
}

function element(value: Value, key: Value): Value {
  if (value instanceof Map) return value.has(key) ? value.get(key) : UNKNOWN;
  return Array.isArray(value) && typeof key === 'number' ? value[key] : UNKNOWN;
}

function entriesOf(value: Value): [Value, Value][] {
  if (value instanceof Map) return [...value];
  return Array.isArray(value) ? value.map((item, index) => [index, item]) : [];
}

/** The place of the bracket that closes the one at `open`. */
function matching(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = Math.max(0, open); at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token;
    if (kind !== 'mark') continue;
    if (text in CLOSING) depth++;
    else if (Object.values(CLOSING).includes(text) && --depth === 0) return at;
  }
  return tokens.length;
}

/** The last place of an operator outside of all brackets for `+` (left to right), the first for others. */
function indexOf(tokens: readonly Token[], text: string): number {
  let found = -1;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind !== 'mark') continue;
    if (token.text === text) {
      found = at;
      if (text !== '+') return at;
    }
    if (token.text in CLOSING) at = matching(tokens, at);
  }
  return found;
}

function split(tokens: readonly Token[], separator: string): Token[][] {
  const parts: Token[][] = [];
  let from = 0;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind !== 'mark') continue;
    if (token.text === separator) {
      parts.push(tokens.slice(from, at));
      from = at + 1;
    } else if (token.text in CLOSING) at = matching(tokens, at);
  }
  parts.push(tokens.slice(from));
  return parts;
}

function statements(tokens: readonly Token[]): Token[][] {
  const parts = split(tokens, ';').filter((part) => part.length > 0);
  return parts.map((part) => (part.at(-1)?.text === ';' ? part.slice(0, -1) : part));
}

/** The brace that opens the block of an `if` or `for`: the last one outside of brackets, as literals come before it. */
function blockStart(tokens: readonly Token[], from: number): number {
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind !== 'mark' || !(token.text in CLOSING)) continue;
    const close = matching(tokens, at);
    const next = tokens[close + 1]?.text;
    if (token.text === '{' && (next === undefined || next === 'else')) return at;
    at = close;
  }
  return tokens.length;
}

/** Where the braces of a composite literal begin, or -1: `T{`, `pkg.T{`, `[]T{`, `map[K]V{`, `[]struct{…}{`. */
function literalStart(tokens: readonly Token[]): number {
  for (let at = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token;
    if (kind === 'name' && text === 'struct') at = matching(tokens, at + 1);
    else if (text === '[') at = matching(tokens, at);
    else if (text === '{' && kind === 'mark') return at;
    else if (kind === 'string' || (kind === 'mark' && !['.', '*'].includes(text))) return -1;
  }
  return -1;
}
