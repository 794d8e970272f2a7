/** Unary and binary operators on values (spec expr §5.2-§5.5). */
import { compileRegex } from '../regex/regex.ts';
import { ValueError } from './errors.ts';
import { GoDuration, GoTime } from './go-time.ts';
import { compare, entryOf, equals, isMap, isNil, isNumber, toFloat, typeName, wrapInt } from './values.ts';

export function computeUnary(operator: string, value: unknown): unknown {
  if (operator === '!') {
    if (typeof value === 'boolean') return !value;
    throw new ValueError(`interface conversion: interface {} is ${typeName(value)}, not bool`);
  }
  if (!isNumber(value)) throw new ValueError(`invalid operation: ${operator} ${typeName(value)}`);
  return operator === '-' ? (typeof value === 'bigint' ? wrapInt(-value) : -value) : value;
}

export function computeBinary(operator: string, left: unknown, right: unknown): unknown {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case '<':
      return compare(left, right, operator) < 0;
    case '>':
      return compare(left, right, operator) > 0;
    case '<=':
      return compare(left, right, operator) <= 0;
    case '>=':
      return compare(left, right, operator) >= 0;
    case 'in':
      return contains(left, right);
    case 'matches':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return computeText(operator, left, right);
    case '..':
      return computeRange(left, right);
    default:
      return computeArithmetic(operator, left, right);
  }
}

function contains(item: unknown, collection: unknown): boolean {
  if (isNil(collection)) return false;
  if (Array.isArray(collection)) return collection.some((other) => equals(item, other));
  if (isMap(collection)) return typeof item === 'string' && entryOf(collection, item) !== undefined;
  throw new ValueError(`operator "in" not defined on ${typeName(collection)}`);
}

function computeText(operator: string, left: unknown, right: unknown): boolean {
  if (typeof left !== 'string') throw notString(left);
  if (typeof right !== 'string') throw notString(right);
  if (operator === 'contains') return left.includes(right);
  if (operator === 'startsWith') return left.startsWith(right);
  if (operator === 'endsWith') return left.endsWith(right);
  try {
    return compileRegex(right).test(left);
  } catch (error) {
    throw new ValueError(error instanceof Error ? error.message : String(error));
  }
}

function notString(value: unknown): ValueError {
  return new ValueError(`interface conversion: interface {} is ${typeName(value)}, not string`);
}

function computeRange(left: unknown, right: unknown): bigint[] {
  if (typeof left !== 'bigint' || typeof right !== 'bigint')
    throw new ValueError(`invalid operation: ${typeName(left)} .. ${typeName(right)}`);
  const size = right - left + 1n;
  if (size > 1_000_000n) throw new ValueError('memory budget exceeded');
  return size <= 0n ? [] : Array.from({ length: Number(size) }, (_, i) => left + BigInt(i));
}

function computeArithmetic(operator: string, left: unknown, right: unknown): unknown {
  if (isNumber(left) && isNumber(right)) return computeNumbers(operator, left, right);
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
  const time = computeTime(operator, left, right);
  if (time !== undefined) return time;
  throw new ValueError(`invalid operation: ${typeName(left)} ${operator} ${typeName(right)}`);
}

function computeNumbers(operator: string, left: number | bigint, right: number | bigint): unknown {
  if (operator === '/') return toFloat(left) / toFloat(right);
  if (operator === '**') return toFloat(left) ** toFloat(right);
  if (operator === '%') {
    if (typeof left !== 'bigint' || typeof right !== 'bigint')
      throw new ValueError(`invalid operation: ${typeName(left)} % ${typeName(right)}`);
    if (right === 0n) throw new ValueError('integer divide by zero');
    return left % right;
  }
  if (typeof left === 'bigint' && typeof right === 'bigint')
    return wrapInt(operator === '+' ? left + right : operator === '-' ? left - right : left * right);
  const [a, b] = [toFloat(left), toFloat(right)];
  return operator === '+' ? a + b : operator === '-' ? a - b : a * b;
}

function computeTime(operator: string, left: unknown, right: unknown): GoTime | GoDuration | undefined {
  if (operator === '+') {
    if (left instanceof GoTime && right instanceof GoDuration) return left.add(right);
    if (left instanceof GoDuration && right instanceof GoTime) return right.add(left);
    if (left instanceof GoDuration && right instanceof GoDuration) return new GoDuration(left.ns + right.ns);
  }
  if (operator === '-') {
    if (left instanceof GoTime && right instanceof GoTime) return new GoDuration((left.ms - right.ms) * 1e6);
    if (left instanceof GoTime && right instanceof GoDuration) return left.add(new GoDuration(-right.ns));
    if (left instanceof GoDuration && right instanceof GoDuration) return new GoDuration(left.ns - right.ns);
  }
  if (operator === '*') {
    if (left instanceof GoDuration && isNumber(right)) return new GoDuration(Math.trunc(left.ns * toFloat(right)));
    if (isNumber(left) && right instanceof GoDuration) return new GoDuration(Math.trunc(toFloat(left) * right.ns));
  }
  if (operator === '/' && left instanceof GoDuration && isNumber(right))
    return new GoDuration(Math.trunc(left.ns / toFloat(right)));
  return undefined;
}
