/**
 * `maxSurge`, `maxUnavailable`, `minAvailable`: a number, or a percentage of `total`. undefined when the text is neither.
 * Source of the rounding: surge and budgets round up, unavailable rounds down.
 */
export function scaledValue(
  value: number | string | undefined,
  total: number,
  rounding: 'up' | 'down',
): number | undefined {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value ?? '')?.[1];
  if (percent === undefined) return undefined;
  const exact = (Number(percent) * total) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
