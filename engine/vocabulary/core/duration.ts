const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a Go duration (`300ms`, `1h30m`, `1.5s`), or undefined when the text is not one.
 * As in Go's `time.ParseDuration`, a bare number other than `0` is not a duration and there is no unit for days.
 */
export function parseGoDurationMs(text: string): number | undefined {
  const match = /^([+-]?)(.+)$/.exec(text);
  if (!match) return undefined;
  const body = match[2] as string;
  if (body === '0') return 0;
  let totalMs = 0;
  let end = 0;
  for (const part of body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    if (part.index !== end) return undefined;
    totalMs += Number(part[1]) * (UNIT_MS[part[2] as string] as number);
    end += part[0].length;
  }
  if (end === 0 || end !== body.length) return undefined;
  return match[1] === '-' ? -totalMs : totalMs;
}

/**
 * Milliseconds of the "seconds or duration" strings of Argo (`pause.duration`, `interval`): whole seconds when only
 * digits, a Go duration otherwise; undefined when neither.
 */
export function parseSecondsOrDurationMs(value: string | number): number | undefined {
  if (typeof value === 'number') return value * 1000;
  return /^\d+$/.test(value) ? Number(value) * 1000 : parseGoDurationMs(value);
}

/** A duration the way Go prints it (`1h0m5s`, `1m30s`, `45s`, `0s`, `250ms`). */
export function formatGoDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatGoDuration(-durationMs)}`;
  if (durationMs === 0) return '0s';
  if (durationMs < 1000) return `${durationMs}ms`;
  const seconds = (durationMs % 60_000) / 1000;
  const minutes = Math.floor(durationMs / 60_000) % 60;
  const hours = Math.floor(durationMs / 3_600_000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** A duration for people, the way kubectl shows ages: the two largest units that matter (`95s`, `3m12s`, `5h`, `2d4h`). */
export function formatAge(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  return days < 730 ? `${days}d` : `${Math.floor(days / 365)}y`;
}
