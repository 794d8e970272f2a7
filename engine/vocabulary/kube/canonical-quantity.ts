const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)$/;

/** A quantity to compute with: exact, in billionths, and the family of suffixes it was written in. */
export interface Amount {
  nano: bigint;
  format: 'decimal' | 'binary' | 'exponent';
}

export const NO_AMOUNT: Amount = { nano: 0n, format: 'decimal' };

/** The quantity that a value of `resources` stands for, or undefined when it is none. */
export function readAmount(value: unknown): Amount | undefined {
  const match = PATTERN.exec(String(value).trim());
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return undefined;
  const [, sign, whole, fraction = '', suffix = ''] = match as unknown as [string, string, string, string?, string?];
  const nano = toNano(BigInt(`${whole}${fraction}`), fraction.length, suffix);
  const format = /^[eE]./.test(suffix) ? 'exponent' : BINARY.indexOf(suffix) > 0 ? 'binary' : 'decimal';
  return { nano: sign === '-' ? -nano : nano, format };
}

/** The sum, in the suffixes of the first that is not zero. */
export function addAmounts(left: Amount, right: Amount): Amount {
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format };
}

/** An amount as Kubernetes writes it: no fraction, the largest suffix that keeps the value whole. */
export function amountText({ nano, format }: Amount): string {
  const size = nano < 0n ? -nano : nano;
  const body =
    format === 'exponent'
      ? decimalText(size, (exponent) => (exponent === 0 ? '' : `e${exponent}`))
      : format === 'binary'
        ? binaryText(size)
        : decimalText(size, (exponent) => DECIMAL_SUFFIX.get(exponent) as string);
  return nano < 0n ? `-${body}` : body;
}

/**
 * A resource quantity as Kubernetes serialises it after reading it (`0.5` → `500m`, `1000m` → `1`, `1024Mi` → `1Gi`).
 * A text that is no quantity is returned as it is.
 */
export function canonicalQuantity(value: unknown): string {
  if (value === undefined || value === null) return '0';
  const amount = readAmount(value);
  return amount === undefined ? String(value).trim() : amountText(amount);
}

const NANO = 10n ** 9n;

/** The value in billionths, rounded up. */
function toNano(digits: bigint, decimals: number, suffix: string): bigint {
  const power = BINARY.indexOf(suffix);
  const scaled = power > 0 ? digits * 1024n ** BigInt(power) : digits;
  const exponent = power > 0 ? 0 : (DECIMAL[suffix] ?? Number(suffix.slice(1)));
  const shift = 9 + exponent - decimals;
  if (shift >= 0) return scaled * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (scaled + divisor - 1n) / divisor;
}

function decimalText(nano: bigint, suffixOf: (exponent: number) => string): string {
  if (nano === 0n) return '0';
  let mantissa = nano;
  let exponent = -9;
  while (mantissa % 1000n === 0n && exponent < 18) {
    mantissa /= 1000n;
    exponent += 3;
  }
  return `${mantissa}${suffixOf(exponent)}`;
}

/** Binary suffixes need whole values of 1024 and more; anything else is written with decimal suffixes. */
function binaryText(nano: bigint): string {
  const whole = nano / NANO;
  if (nano % NANO !== 0n || whole < 1024n) {
    return decimalText(nano, (exponent) => DECIMAL_SUFFIX.get(exponent) as string);
  }
  let mantissa = whole;
  let power = 0;
  while (mantissa % 1024n === 0n && power < 6) {
    mantissa /= 1024n;
    power++;
  }
  return `${mantissa}${BINARY[power]}`;
}
