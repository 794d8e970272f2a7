/** Builtins that run a predicate over a list (spec expr §2.4). */
import type { Node } from './ast.ts';
import { ValueError } from './errors.ts';
import { asBool, type Interpreter } from './interpreter.ts';
import { computeBinary } from './operators.ts';
import { compare, formatValue, typeName } from './values.ts';

export function evaluatePredicate(interpreter: Interpreter, name: string, args: readonly Node[]): unknown {
  const items = interpreter.run(args[0]!);
  if (!Array.isArray(items)) throw new ValueError(`builtin ${name} takes only array (got ${typeName(items)})`);
  const body = args[1];
  const of = (item: unknown, index: number): unknown =>
    body === undefined ? item : interpreter.runFor(body, item, index, null);
  const holds = (item: unknown, index: number): boolean => asBool(of(item, index));
  switch (name) {
    case 'all':
      return items.every(holds);
    case 'any':
      return items.some(holds);
    case 'none':
      return !items.some(holds);
    case 'one':
      return items.filter(holds).length === 1;
    case 'count':
      return BigInt(items.filter(holds).length);
    case 'filter':
      return items.filter(holds);
    case 'map':
      return items.map(of);
    case 'sum':
      return items.map(of).reduce((sum, value) => computeBinary('+', sum, value), 0n);
    case 'find':
      return (items.find(holds) as unknown) ?? null;
    case 'findLast':
      return (items.findLast(holds) as unknown) ?? null;
    case 'findIndex':
      return indexOrNil(items.findIndex(holds));
    case 'findLastIndex':
      return indexOrNil(items.findLastIndex(holds));
    case 'groupBy':
      return groupBy(items, of);
    case 'sortBy':
      return sortBy(items, of, args[2] === undefined ? 'asc' : interpreter.run(args[2]));
    case 'reduce':
      return reduce(interpreter, items, args);
    default:
      throw new ValueError(`unknown builtin ${name}`);
  }
}

function indexOrNil(index: number): bigint | null {
  return index < 0 ? null : BigInt(index);
}

function groupBy(
  items: readonly unknown[],
  keyOf: (item: unknown, index: number) => unknown,
): Record<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  items.forEach((item, i) => {
    const key = formatValue(keyOf(item, i));
    groups.set(key, [...(groups.get(key) ?? []), item]);
  });
  return Object.fromEntries(groups);
}

function sortBy(
  items: readonly unknown[],
  keyOf: (item: unknown, index: number) => unknown,
  order: unknown,
): unknown[] {
  if (order !== 'asc' && order !== 'desc')
    throw new ValueError(`invalid order ${formatValue(order)}, expected asc or desc`);
  const keyed = items.map((item, i) => ({ item, key: keyOf(item, i) }));
  return keyed.sort((a, b) => compare(a.key, b.key, '<') * (order === 'asc' ? 1 : -1)).map(({ item }) => item);
}

/** Without a start value the first element is it. */
function reduce(interpreter: Interpreter, items: readonly unknown[], args: readonly Node[]): unknown {
  const started = args[2] !== undefined;
  if (!started && items.length === 0) throw new ValueError('reduce of empty array with no initial value');
  let accumulator = started ? interpreter.run(args[2]!) : items[0];
  items.forEach((item, i) => {
    if (started || i > 0) accumulator = interpreter.runFor(args[1]!, item, i, accumulator);
  });
  return accumulator;
}
