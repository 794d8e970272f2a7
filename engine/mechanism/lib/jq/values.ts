import { isRecord } from '#core/json.ts';

/** An expression that fails on a value: indexing a number, adding a string to a list, too many steps. */
export class JqError extends Error {
  override name = 'JqError';
}

const ORDER = ['null', 'false', 'true', 'number', 'string', 'array', 'object'];

export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' ? 'object' : typeof value;
}

/** jq's order of all values: null, false, true, numbers, strings, arrays, objects (by keys, then by values). */
export function compareJson(left: unknown, right: unknown): number {
  const rank = (value: unknown) => ORDER.indexOf(typeof value === 'boolean' ? String(value) : typeOf(value));
  const byType = rank(left) - rank(right);
  if (byType !== 0) return byType;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right);
  if (!isRecord(left) || !isRecord(right)) return 0;
  const [leftKeys, rightKeys] = [Object.keys(left).sort(), Object.keys(right).sort()];
  return (
    compareLists(leftKeys, rightKeys) ||
    compareLists(
      leftKeys.map((key) => left[key]),
      leftKeys.map((key) => right[key]),
    )
  );
}

function compareLists(left: readonly unknown[], right: readonly unknown[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareJson(left[index], right[index]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
