import { deepEqual, isRecord } from '#core/json.ts';
import { isTrue, plus, SELECTORS, VALUE_FUNCTIONS } from './functions.ts';
import { JqSyntaxError, type Node, type Operator, parseJq } from './parse.ts';
import { compareJson, JqError, typeOf } from './values.ts';

export type Path = readonly (string | number | Slice)[];

/** Part of an array, from the first index up to but without the second. */
export interface Slice {
  from: number;
  to: number;
}

/** One output; `path` says which part of the input it is, and is undefined for values that were computed. */
interface Output {
  value: unknown;
  path: Path | undefined;
}

/** Steps of one evaluation before it is given up; upstream gives up after a second. */
const STEPS_MAX = 200_000;

/** How deep `recurse(f)` may go; objects are not nested deeper. */
const REPEAT_DEPTH_MAX = 200;

/** An expression ready for use. */
export interface JqExpression {
  /** All outputs. Throws JqError. */
  outputs(value: unknown): unknown[];
  /** The parts that the expression selects. Throws JqError, also when an output is no part of the value. */
  paths(value: unknown): Path[];
}

/** Reads an expression. Throws JqSyntaxError. */
export function compileJq(text: string): JqExpression {
  const tree = parseJq(text);
  checkCalls(tree);
  const run = (value: unknown) => [...new Evaluation().run(tree, { value, path: [] })];
  return {
    outputs: (value) => run(value).map((output) => output.value),
    paths: (value) =>
      run(value).map(({ path }) => {
        if (path === undefined) throw new JqError('the expression selects a value that is no part of the object');
        return path;
      }),
  };
}

const PATH_CALLS = [
  'empty/0',
  'error/0',
  'error/1',
  'select/1',
  'map/1',
  'recurse/0',
  'recurse/1',
  'first/0',
  'last/0',
  'first/1',
];
const VALUE_CALLS = [
  'any/1',
  'all/1',
  'any/2',
  'all/2',
  'IN/1',
  'IN/2',
  'limit/2',
  'getpath/1',
  'sort_by/1',
  'isempty/1',
];
const KNOWN_CALLS = new Set([
  ...PATH_CALLS,
  ...VALUE_CALLS,
  ...Object.keys(VALUE_FUNCTIONS),
  ...Object.keys(SELECTORS),
]);

function checkCalls(node: Node): void {
  if (node.node === 'call') {
    const { name, parameters, column } = node;
    if (!KNOWN_CALLS.has(`${name}/${parameters.length}`)) {
      throw new JqSyntaxError(`the function ${name}/${parameters.length} is not reproduced`, column);
    }
    for (const parameter of parameters) checkCalls(parameter);
    return;
  }
  for (const part of Object.values(node)) {
    if (isRecord(part) && typeof part.node === 'string') checkCalls(part as unknown as Node);
  }
}

/** One run of one expression over one value. */
class Evaluation {
  #steps = 0;

  *run(node: Node, input: Output): Generator<Output> {
    if (++this.#steps > STEPS_MAX) throw new JqError('the expression takes too long');
    switch (node.node) {
      case 'identity':
        yield input;
        return;
      case 'literal':
        yield computed(node.value);
        return;
      case 'recurse':
        yield* this.#descend(input);
        return;
      case 'array':
        yield computed(node.body === undefined ? [] : this.#values(node.body, input));
        return;
      case 'each':
        for (const base of this.run(node.base, input)) yield* this.#each(base);
        return;
      case 'index':
        for (const base of this.run(node.base, input)) {
          for (const { value: index } of this.run(node.index, input)) yield member(base, index);
        }
        return;
      case 'slice':
        for (const base of this.run(node.base, input)) yield this.#slice(node, base, input);
        return;
      case 'optional':
        yield* this.#optional(node.body, input);
        return;
      case 'negate':
        for (const { value } of this.run(node.body, input)) yield computed(-numeric(value, 'negated'));
        return;
      case 'if':
        for (const { value } of this.run(node.condition, input)) {
          yield* this.run(isTrue(value) ? node.then : node.otherwise, input);
        }
        return;
      case 'binary':
        yield* this.#binary(node, input);
        return;
      case 'call':
        yield* this.#call(node, input);
    }
  }

  #values(node: Node, input: Output): unknown[] {
    return [...this.run(node, input)].map(({ value }) => value);
  }

  *#each({ value, path }: Output): Generator<Output> {
    const keys = Array.isArray(value) ? value.keys() : isRecord(value) ? Object.keys(value) : undefined;
    if (keys === undefined) throw new JqError(`cannot iterate over ${typeOf(value)}`);
    for (const key of keys) {
      if (++this.#steps > STEPS_MAX) throw new JqError('the expression takes too long');
      yield { value: (value as Record<string | number, unknown>)[key], path: path && [...path, key] };
    }
  }

  *#descend(input: Output): Generator<Output> {
    yield input;
    if (!Array.isArray(input.value) && !isRecord(input.value)) return;
    for (const child of this.#each(input)) yield* this.#descend(child);
  }

  *#optional(body: Node, input: Output): Generator<Output> {
    try {
      yield* this.run(body, input);
    } catch (error) {
      if (!(error instanceof JqError) || this.#steps > STEPS_MAX) throw error;
    }
  }

  #slice(node: Extract<Node, { node: 'slice' }>, { value, path }: Output, input: Output): Output {
    if (value === null || value === undefined) return { value: null, path };
    if (!Array.isArray(value) && typeof value !== 'string') throw new JqError(`cannot slice ${typeOf(value)}`);
    const bound = (part: Node | undefined, otherwise: number) => {
      if (part === undefined) return otherwise;
      const index = Math.trunc(numeric(this.#values(part, input)[0], 'an index'));
      return Math.min(value.length, Math.max(0, index < 0 ? value.length + index : index));
    };
    const [from, to] = [bound(node.from, 0), bound(node.to, value.length)];
    return { value: value.slice(from, Math.max(from, to)), path: path && [...path, { from, to }] };
  }

  *#binary({ operator, left, right }: Extract<Node, { node: 'binary' }>, input: Output): Generator<Output> {
    switch (operator) {
      case '|':
        for (const output of this.run(left, input)) yield* this.run(right, output);
        return;
      case ',':
        yield* this.run(left, input);
        yield* this.run(right, input);
        return;
      case '//':
        yield* this.#alternative(left, right, input);
        return;
      case 'and':
      case 'or':
        for (const { value } of this.run(left, input)) {
          if (isTrue(value) === (operator === 'or')) yield computed(operator === 'or');
          else for (const other of this.run(right, input)) yield computed(isTrue(other.value));
        }
        return;
      default:
        for (const { value: second } of this.run(right, input)) {
          for (const { value: first } of this.run(left, input)) yield computed(combine(operator, first, second));
        }
    }
  }

  *#alternative(left: Node, right: Node, input: Output): Generator<Output> {
    let any = false;
    for (const output of this.#optional(left, input)) {
      if (!isTrue(output.value)) continue;
      any = true;
      yield output;
    }
    if (!any) yield* this.run(right, input);
  }

  *#call({ name, parameters }: Extract<Node, { node: 'call' }>, input: Output): Generator<Output> {
    const id = `${name}/${parameters.length}`;
    const [first, second] = parameters as [Node, Node];
    const selector = SELECTORS[id];
    if (selector !== undefined) {
      if (selector(input.value ?? null)) yield input;
      return;
    }
    switch (id) {
      case 'empty/0':
        return;
      case 'error/0':
      case 'error/1':
        throw new JqError('error');
      case 'select/1':
        for (const { value } of this.run(first, input)) if (isTrue(value)) yield input;
        return;
      case 'map/1':
        yield computed([...this.#each(input)].flatMap((item) => this.#values(first, item)));
        return;
      case 'recurse/0':
        yield* this.#descend(input);
        return;
      case 'recurse/1':
        yield* this.#repeat(first, input);
        return;
      case 'first/0':
        yield member(input, 0);
        return;
      case 'last/0':
        yield member(input, -1);
        return;
      case 'first/1':
        yield* this.#limit(1, first, input);
        return;
      case 'limit/2':
        for (const { value } of this.run(first, input)) yield* this.#limit(numeric(value, 'a limit'), second, input);
        return;
      case 'getpath/1':
        for (const { value } of this.run(first, input)) yield along(input, value);
        return;
      case 'any/1':
      case 'all/1':
      case 'any/2':
      case 'all/2':
        yield computed(this.#quantified(id, parameters, input));
        return;
      case 'IN/1':
        yield computed(this.#values(first, input).some((value) => deepEqual(value, input.value)));
        return;
      case 'IN/2': {
        const wanted = this.#values(second, input);
        yield computed(this.#values(first, input).some((value) => wanted.some((other) => deepEqual(value, other))));
        return;
      }
      case 'isempty/1':
        yield computed(this.run(first, input).next().done === true);
        return;
      case 'sort_by/1':
        yield computed(this.#sortedBy(first, input));
        return;
    }
    yield* this.#valueCall(id, parameters, input);
  }

  *#valueCall(id: string, parameters: readonly Node[], input: Output): Generator<Output> {
    const call = VALUE_FUNCTIONS[id] as (input: unknown, ...parameters: unknown[]) => unknown;
    const combinations = parameters.reduce<unknown[][]>(
      (before, parameter) => this.#values(parameter, input).flatMap((value) => before.map((list) => [...list, value])),
      [[]],
    );
    for (const list of combinations) yield computed(call(input.value ?? null, ...list));
  }

  *#repeat(step: Node, input: Output, depth = 0): Generator<Output> {
    if (depth > REPEAT_DEPTH_MAX) throw new JqError('recurse does not end');
    yield input;
    for (const next of this.run(step, input)) yield* this.#repeat(step, next, depth + 1);
  }

  *#limit(count: number, body: Node, input: Output): Generator<Output> {
    let left = count;
    if (left <= 0) return;
    for (const output of this.run(body, input)) {
      yield output;
      if (--left <= 0) return;
    }
  }

  #quantified(id: string, parameters: readonly Node[], input: Output): boolean {
    const isAny = id.startsWith('any');
    const items = parameters.length === 2 ? this.run(parameters[0] as Node, input) : this.#each(input);
    const condition = parameters.at(-1) as Node;
    for (const item of items) {
      for (const { value } of this.run(condition, item)) if (isTrue(value) === isAny) return isAny;
    }
    return !isAny;
  }

  #sortedBy(key: Node, input: Output): unknown[] {
    const keyed = [...this.#each(input)].map((item) => ({ value: item.value, key: this.#values(key, item) }));
    return keyed.sort((left, right) => compareJson(left.key, right.key)).map(({ value }) => value);
  }
}

function computed(value: unknown): Output {
  return { value, path: undefined };
}

/** A member, which is null when there is none; its path is there all the same, as jq has it. */
function member({ value, path }: Output, index: unknown): Output {
  const at = (key: string | number, found: unknown): Output => ({ value: found ?? null, path: path && [...path, key] });
  if (typeof index === 'string') {
    if (value === null || value === undefined) return at(index, null);
    if (!isRecord(value)) throw new JqError(`cannot index ${typeOf(value)} with "${index}"`);
    return at(index, Object.hasOwn(value, index) ? value[index] : null);
  }
  if (typeof index !== 'number') throw new JqError(`cannot index ${typeOf(value)} with ${typeOf(index)}`);
  if (value === null || value === undefined) return at(index, null);
  if (!Array.isArray(value)) throw new JqError(`cannot index ${typeOf(value)} with a number`);
  const position = index < 0 ? value.length + Math.floor(index) : Math.floor(index);
  return at(position, value[position]);
}

function along(input: Output, path: unknown): Output {
  if (!Array.isArray(path)) throw new JqError('getpath: a path is an array');
  return path.reduce<Output>((output, step) => member(output, step), input);
}

function combine(operator: Operator, left: unknown, right: unknown): unknown {
  switch (operator) {
    case '==':
      return compareJson(left, right) === 0;
    case '!=':
      return compareJson(left, right) !== 0;
    case '<':
      return compareJson(left, right) < 0;
    case '<=':
      return compareJson(left, right) <= 0;
    case '>':
      return compareJson(left, right) > 0;
    case '>=':
      return compareJson(left, right) >= 0;
    case '+':
      return plus(left ?? null, right ?? null);
    case '-':
      if (Array.isArray(left) && Array.isArray(right)) {
        return left.filter((item) => !right.some((other) => deepEqual(item, other)));
      }
      return numeric(left, 'subtracted from') - numeric(right, 'subtracted');
    case '*':
      return numeric(left, 'multiplied') * numeric(right, 'multiplied');
    case '/':
      if (typeof left === 'string' && typeof right === 'string') return left.split(right);
      if (right === 0) throw new JqError('division by zero');
      return numeric(left, 'divided') / numeric(right, 'a divisor');
    default:
      if (right === 0) throw new JqError('division by zero');
      return Math.trunc(numeric(left, 'divided')) % Math.trunc(numeric(right, 'a divisor'));
  }
}

function numeric(value: unknown, as: string): number {
  if (typeof value === 'number') return value;
  throw new JqError(`${typeOf(value)} cannot be ${as}`);
}
