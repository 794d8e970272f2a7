import { isRecord } from '#core/json.ts';
import { type Bound, JsonPathError, type Node, parseJsonPath } from './parse.ts';

/** A whole number that the template itself holds. JSON's numbers are floats to client-go, and the two do not compare. */
class Integer {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

type Value = unknown;

/**
 * What a template of kubectl's JSONPath dialect finds in a JSON value: one list for each text or action. Members of an object
 * come in the order of their names (client-go: in no order). Throws JsonPathError for a bad template or a path that leads nowhere.
 */
export function findJsonPath(template: string, data: unknown): unknown[][] {
  const walk = new Walk(parseJsonPath(template));
  return walk.find(data).map((values) => values.map((value) => (value instanceof Integer ? value.value : value)));
}

class Walk {
  readonly #nodes: readonly Node[];

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
  }

  find(data: Value): Value[][] {
    return this.#block(data, 0, 0).results;
  }

  /** Evaluates from `index` to the `{end}` of this range, or to the end. Returns where it stopped. */
  #block(data: Value, index: number, depth: number): { results: Value[][]; endsAt: number } {
    const results: Value[][] = [];
    for (let at = index; at < this.#nodes.length; at++) {
      const node = this.#nodes[at] as Node;
      if (isKeyword(node, 'end')) {
        if (depth === 0) throw new JsonPathError('not in range, nothing to end');
        return { results, endsAt: at };
      }
      const found = evaluate([data], node);
      if (!isKeyword(node, 'range')) {
        results.push(found);
        continue;
      }
      let endsAt = this.#nodes.length;
      // Without values the block is walked all the same, to find its end.
      if (found.length === 0) endsAt = this.#block(undefined, at + 1, depth + 1).endsAt;
      for (const value of found) {
        const inner = this.#block(value, at + 1, depth + 1);
        results.push(...inner.results);
        endsAt = inner.endsAt;
      }
      at = endsAt;
    }
    return { results, endsAt: this.#nodes.length };
  }
}

function isKeyword(node: Node, name: string): boolean {
  return node.node === 'list' && node.nodes.some((inner) => inner.node === 'identifier' && inner.name === name);
}

function evaluate(input: readonly Value[], node: Node): Value[] {
  switch (node.node) {
    case 'list':
      return node.nodes.reduce<Value[]>((values, inner) => evaluate(values, inner), [...input]);
    case 'text':
      return [node.text];
    case 'number':
      return input.map(() => (node.isInteger ? new Integer(node.value) : node.value));
    case 'boolean':
      return input.map(() => node.value);
    case 'field':
      return findField(input, node.name);
    case 'array':
      return input.filter(isPresent).flatMap((value) => slice(value, node.params));
    case 'wildcard':
      return input.flatMap(childrenOf);
    case 'recursive':
      return descend(input);
    case 'union':
      return node.lists.flatMap((list) => evaluate(input, list));
    case 'filter':
      return input.flatMap((value) => filter(value, node));
    case 'identifier':
      if (node.name === 'range') return [...input];
      if (node.name === 'end') return [];
      throw new JsonPathError(`unrecognized identifier ${node.name}`);
  }
}

function isPresent(value: Value): boolean {
  return value !== null && value !== undefined;
}

function findField(input: readonly Value[], name: string): Value[] {
  if (input.length === 0) return [];
  const found = input.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
  if (found.length === 0) throw new JsonPathError(`${name} is not found`);
  return found;
}

function isObject(value: Value): value is Record<string, unknown> {
  return isRecord(value) && !(value instanceof Integer);
}

function childrenOf(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [...new TextEncoder().encode(value)].map((byte) => new Integer(byte));
  if (!isObject(value)) return [];
  return Object.keys(value)
    .sort()
    .map((name) => value[name]);
}

/** Every value that has something inside of it, parents before their children. */
function descend(input: readonly Value[]): Value[] {
  return input.flatMap((value) => {
    const children = childrenOf(value);
    return children.length === 0 ? [] : [value, ...descend(children)];
  });
}

function slice(value: Value, [first, second, third]: readonly [Bound, Bound, Bound]): Value[] {
  if (!Array.isArray(value)) throw new JsonPathError(`${goType(value)} is not array or slice`);
  const { length } = value;
  let start = first.isKnown ? first.value : 0;
  if (start < 0) start += length;
  let end = second.isKnown ? second.value : length;
  if (end < 0 || (end === 0 && second.isDerived === true)) end += length;
  if (start === end) return [];
  const outside = (index: number) => new JsonPathError(`array index out of bounds: index ${index}, length ${length}`);
  if (start >= length || start < 0) throw outside(start);
  if (end > length || end < 0) throw outside(end - 1);
  if (start > end) throw new JsonPathError(`starting index ${start} is greater than ending index ${end}`);
  if (third.isKnown && third.value <= 0) throw new JsonPathError('step must be > 0');
  const step = third.isKnown ? third.value : 1;
  return value.slice(start, end).filter((_item, index) => index % step === 0);
}

type Filter = Extract<Node, { node: 'filter' }>;

function filter(value: Value, node: Filter): Value[] {
  if (!Array.isArray(value)) {
    throw new JsonPathError(`${goText(value)} is not array or slice and cannot be filtered`);
  }
  return value.filter((item: Value) => (node.operator === 'exists' ? exists(item, node.left) : passes(item, node)));
}

function exists(item: Value, left: Node): boolean {
  try {
    return evaluate([item], left).length > 0;
  } catch (error) {
    if (error instanceof JsonPathError) return false;
    throw error;
  }
}

function passes(item: Value, { left, right, operator }: Filter): boolean {
  const single = (node: Node) => {
    const found = evaluate([item], node);
    if (found.length > 1) throw new JsonPathError('can only compare one element at a time');
    return found;
  };
  const lefts = single(left);
  if (lefts.length === 0) return false;
  const rights = single(right);
  if (rights.length === 0) return false;
  return compare(operator, lefts[0], rights[0]);
}

function compare(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case '<':
      return isLess(left, right);
    case '<=':
      return isLess(left, right) || isEqual(left, right);
    case '>':
      return !(isLess(left, right) || isEqual(left, right));
    case '>=':
      return !isLess(left, right);
    default:
      throw new JsonPathError(`unrecognized filter operator ${operator}`);
  }
}

type Basic = number | string | boolean;

/** Two values of one basic kind; anything else does not compare. */
function comparable(left: Value, right: Value): [Basic, Basic] {
  const kindOf = (value: Value) => {
    if (value instanceof Integer) return 'integer';
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return typeof value;
    throw new JsonPathError('invalid type for comparison');
  };
  if (kindOf(left) !== kindOf(right)) throw new JsonPathError('incompatible types for comparison');
  const plain = (value: Value) => (value instanceof Integer ? value.value : value) as Basic;
  return [plain(left), plain(right)];
}

function isEqual(left: Value, right: Value): boolean {
  const [a, b] = comparable(left, right);
  return a === b;
}

function isLess(left: Value, right: Value): boolean {
  const [a, b] = comparable(left, right);
  if (typeof a === 'boolean') throw new JsonPathError('invalid type for comparison');
  return a < b;
}

function goType(value: Value): string {
  if (value instanceof Integer) return 'int';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? 'float64' : 'map[string]interface {}';
}

/** A value as Go prints it with %v. */
function goText(value: Value): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (value instanceof Integer) return String(value.value);
  if (!isRecord(value)) return String(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${name}:${goText(value[name])}`);
  return `map[${members.join(' ')}]`;
}
