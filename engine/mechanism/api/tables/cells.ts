import { isRecord } from '#core/json.ts';

export type Cell = string | number | boolean | null;

export type Members = Record<string, unknown>;

export function mapOf(value: unknown): Members {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): Members[] {
  return Array.isArray(value) ? value.map(mapOf) : [];
}

export function textOf(value: unknown, fallback = '<none>'): string {
  return value === undefined || value === null || value === '' ? fallback : String(value);
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** Time since `timeText`, as kubectl writes ages. */
export function ageOf(timeText: unknown, nowMs: number): string {
  if (typeof timeText !== 'string') return '<unknown>';
  const timeMs = Date.parse(timeText);
  return Number.isNaN(timeMs) ? '<unknown>' : humanDuration(nowMs - timeMs);
}

/** kubernetes-api.md §8.2, row "Age and durations". */
export function humanDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (durationMs <= -2000) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return withRest(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(main: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${main}${unit}` : `${main}${unit}${rest}${restUnit}`;
}

/** A label selector on one line. */
export function selectorText(selector: unknown): string {
  const { matchLabels, matchExpressions } = mapOf(selector);
  const equal = Object.entries(mapOf(matchLabels)).map(([key, value]) => `${key}=${String(value)}`);
  const sets = listOf(matchExpressions).map((expression) => {
    const values = Array.isArray(expression.values) ? `(${expression.values.join(',')})` : '';
    if (expression.operator === 'Exists') return String(expression.key);
    if (expression.operator === 'DoesNotExist') return `!${String(expression.key)}`;
    return `${String(expression.key)} ${String(expression.operator).toLowerCase()} ${values}`;
  });
  return [...equal, ...sets].sort().join(',');
}

/** A plain label map on one line. */
export function labelsText(labels: unknown): string {
  const pairs = Object.entries(mapOf(labels)).map(([key, value]) => `${key}=${String(value)}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}
