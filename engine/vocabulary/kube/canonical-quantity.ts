const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)$/;

/**
 * A resource quantity as Kubernetes serialises it after reading it: no fraction, the largest suffix that keeps the
 * value whole (`0.5` → `500m`, `1000m` → `1`, `1024Mi` → `1Gi`). A text that is no quantity is returned as it is.
 */
export function canonicalQuantity(value: unknown): string {
  if (value === undefined || value === null) return '0';
  const text = String(value).trim();
  const match = PATTERN.exec(text);
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return text;
  const [, sign, whole, fraction = '', suffix] = match as unknown as [string, string, string, string?, string?];
  const nano = toNano(BigInt(`${whole}${fraction}`), fraction.length, suffix ?? '');
  const body = /^[eE]./.test(suffix ?? '')
    ? decimalText(nano, (exponent) => (exponent === 0 ? '' : `e${exponent}`))
    : BINARY.indexOf(suffix ?? '') > 0
      ? binaryText(nano)
      : decimalText(nano, (exponent) => DECIMAL_SUFFIX.get(exponent) as string);
  return sign === '-' && nano !== 0n ? `-${body}` : body;
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
