/** Number and duration literals of PromQL (spec promql §2). */

const UNIT_MS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of `1h30m`, units in descending order; undefined when the text is no duration. `0` is one. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : DURATION.exec(text);
  if (match === null) return undefined;
  return UNIT_MS.reduce((sum, [, ms], i) => sum + Number(match[i + 1] ?? 0) * ms, 0);
}

/** Value of an unsigned number token: decimal, exponent, hexadecimal, octal (`017`), `Inf`, `NaN`, or a duration in seconds. */
export function parseNumber(token: string): number | undefined {
  const text = token.toLowerCase().replaceAll('_', '');
  if (text === 'inf') return Infinity;
  if (text === 'nan') return Number.NaN;
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  if (/^0x[0-9a-f]+$/.test(text) || /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(text)) return Number(text);
  const ms = parseDurationMs(text);
  return ms === undefined ? undefined : ms / 1000;
}
