import { fn, type TemplateFunction } from './function.ts';
import { format, type Value } from './values.ts';

/** Numbers a function may list. */
const NUMBERS_MAX = 100_000;

/** spf13/cast's ToInt64: what is no number counts as 0. */
function whole(value: Value): bigint {
  switch (typeof value) {
    case 'bigint':
      return value;
    case 'number':
      return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
    case 'boolean':
      return value ? 1n : 0n;
    case 'string': {
      const text = value.replace(/\.0+$/, '');
      if (/^[+-]?0\d+$/.test(text)) return /^[+-]?[0-7]+$/.test(text) ? octal(text) : 0n;
      return /^[+-]?(\d+|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(text) ? signed(text) : 0n;
    }
    default:
      return 0n;
  }
}

function signed(text: string): bigint {
  const digits = BigInt(text.replace(/^[+-]/, ''));
  return text.startsWith('-') ? -digits : digits;
}

function octal(text: string): bigint {
  const digits = BigInt(`0o${text.replace(/^[+-]/, '')}`);
  return text.startsWith('-') ? -digits : digits;
}

function real(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? Number(value) : 0;
  return Number(whole(value));
}

function divided(left: bigint, right: bigint): bigint {
  if (right === 0n) throw new Error('runtime error: integer divide by zero');
  return left / right;
}

function larger(left: bigint, right: bigint): bigint {
  return right > left ? right : left;
}

function smaller(left: bigint, right: bigint): bigint {
  return right < left ? right : left;
}

const foldWhole = (combine: (left: bigint, right: bigint) => bigint) =>
  fn('aa*', (first: Value, ...others: Value[]) => others.map(whole).reduce(combine, whole(first)));

/** A decimal number: `units` times ten to the minus `places`. Upstream computes in decimals, so 0.1 + 0.2 is 0.3. */
interface Decimal {
  units: bigint;
  places: number;
}

/** Places a quotient is rounded to. */
const QUOTIENT_PLACES = 16;
/** Numbers with more digits than this are computed as floats: nobody writes them, and they would take for ever. */
const PLACES_MAX = 400;

function decimalOf(value: number): Decimal {
  const [, sign = '', digits = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value)) ?? [];
  const units = BigInt(sign + digits + fraction);
  const places = fraction.length - Number(exponent);
  return places < 0 ? { units: units * 10n ** BigInt(-places), places: 0 } : { units, places };
}

function aligned(left: Decimal, right: Decimal): { one: bigint; other: bigint; places: number } {
  const places = Math.max(left.places, right.places);
  const scale = ({ units, places: own }: Decimal) => units * 10n ** BigInt(places - own);
  return { one: scale(left), other: scale(right), places };
}

function toNumber({ units, places }: Decimal): number {
  return Number(`${units}e-${places}`);
}

function quotient(left: Decimal, right: Decimal): Decimal {
  const { one, other } = aligned(left, right);
  if (other === 0n) throw new Error('decimal division by 0');
  const scaled = one * 10n ** BigInt(QUOTIENT_PLACES + 1);
  const raw = scaled / other;
  return { units: (raw + (raw < 0n ? -5n : 5n)) / 10n, places: QUOTIENT_PLACES };
}

const plus = (left: Decimal, right: Decimal, sign: bigint): Decimal => {
  const { one, other, places } = aligned(left, right);
  return { units: one + sign * other, places };
};

const foldDecimal =
  (combine: (left: Decimal, right: Decimal) => Decimal) =>
  (first: Value, ...others: Value[]): number => {
    let total = decimalOf(real(first));
    for (const other of others) {
      total = combine(total, decimalOf(real(other)));
      if (total.places > PLACES_MAX) throw new Error('the number has too many digits');
    }
    return toNumber(total);
  };

const foldReal = (combine: (left: number, right: number) => number) =>
  fn('aa*', (first: Value, ...others: Value[]) => others.map(real).reduce(combine, real(first)));

const sum = foldDecimal((left, right) => plus(left, right, 1n));

function untilStep(start: bigint, stop: bigint, step: bigint): bigint[] {
  const result: bigint[] = [];
  if ((stop < start && step >= 0n) || (stop >= start && step <= 0n)) return result;
  for (let at = start; stop < start ? at > stop : at < stop; at += step) {
    if (result.push(at) > NUMBERS_MAX) throw new Error(`more than ${NUMBERS_MAX} numbers`);
  }
  return result;
}

function sequence(params: readonly bigint[]): string {
  const [first = 0n, second = 0n, third = 0n] = params;
  const listed = (start: bigint, end: bigint, step: bigint, direction: bigint) =>
    untilStep(start, end + direction, step).join(' ');
  if (params.length === 1) {
    const direction = first < 1n ? -1n : 1n;
    return listed(1n, first, direction, direction);
  }
  if (params.length === 2) {
    const direction = second < first ? -1n : 1n;
    return listed(first, second, direction, direction);
  }
  if (params.length !== 3) return '';
  if (third < first) return second > 0n ? '' : listed(first, third, second, -1n);
  return listed(first, third, second, 1n);
}

function rounded(value: Value, places: bigint, ...on: number[]): number {
  const power = 10 ** Number(places);
  const digit = power * real(value);
  const fraction = digit - Math.trunc(digit);
  return (fraction >= (on[0] ?? 0.5) ? Math.ceil(digit) : Math.floor(digit)) / power;
}

export const numberFunctions: Readonly<Record<string, TemplateFunction>> = {
  int: fn('a', whole),
  int64: fn('a', whole),
  atoi: fn('s', (value: string) => (/^[+-]?\d+$/.test(value) ? signed(value) : 0n)),
  float64: fn('a', real),
  toDecimal: fn('a', (value: Value) => (/^[+-]?[0-7]+$/.test(format(value)) ? octal(format(value)) : 0n)),
  add: fn('a*', (...values: Value[]) => values.map(whole).reduce((left, right) => left + right, 0n)),
  add1: fn('a', (value: Value) => whole(value) + 1n),
  sub: fn('aa', (left: Value, right: Value) => whole(left) - whole(right)),
  mul: foldWhole((left, right) => left * right),
  div: fn('aa', (left: Value, right: Value) => divided(whole(left), whole(right))),
  mod: fn('aa', (left: Value, right: Value) => {
    const [one, other] = [whole(left), whole(right)];
    return one - divided(one, other) * other;
  }),
  max: foldWhole(larger),
  biggest: foldWhole(larger),
  min: foldWhole(smaller),
  addf: fn('a*', (...values: Value[]) => sum(0, ...values)),
  add1f: fn('a', (value: Value) => sum(value, 1)),
  subf: fn(
    'aa*',
    foldDecimal((left, right) => plus(left, right, -1n)),
  ),
  mulf: fn(
    'aa*',
    foldDecimal((left, right) => ({ units: left.units * right.units, places: left.places + right.places })),
  ),
  divf: fn('aa*', foldDecimal(quotient)),
  maxf: foldReal((left, right) => Math.max(left, right)),
  minf: foldReal((left, right) => Math.min(left, right)),
  ceil: fn('a', (value: Value) => Math.ceil(real(value))),
  floor: fn('a', (value: Value) => Math.floor(real(value))),
  round: fn('aif*', rounded),
  until: fn('i', (count: bigint) => untilStep(0n, count, count < 0n ? -1n : 1n)),
  untilStep: fn('iii', untilStep),
  seq: fn('i*', (...params: bigint[]) => sequence(params)),
};
