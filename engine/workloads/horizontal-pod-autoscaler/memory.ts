import { formatTime, parseTime } from '#core/clock.ts';
import { isRecord } from '#core/json.ts';

/** Where an autoscaler keeps what it must know of the past, so that a restart does not make it forget. */
export const MEMORY_ANNOTATION = 'autoscaling.pern-gitops.dev/memory';

/** An amount of replicas and a time, ms since the epoch. */
export interface Entry {
  atMs: number;
  replicas: number;
}

/**
 * The past of one autoscaler. Upstream keeps a sample a look in memory; here a recommendation is written when it differs
 * from the one before, and holds until the next.
 */
export interface Memory {
  recommendations: readonly Entry[];
  /** Replicas added, and taken away, by this autoscaler. */
  scaleUps: readonly Entry[];
  scaleDowns: readonly Entry[];
}

export const NO_MEMORY: Memory = { recommendations: [], scaleUps: [], scaleDowns: [] };

/** What the annotation holds; text that is not ours counts as no memory. */
export function readMemory(text: string | undefined): Memory {
  if (text === undefined) return NO_MEMORY;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return NO_MEMORY;
    return {
      recommendations: readEntries(value.recommendations),
      scaleUps: readEntries(value.scaleUps),
      scaleDowns: readEntries(value.scaleDowns),
    };
  } catch {
    return NO_MEMORY;
  }
}

function readEntries(value: unknown): Entry[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const [time, replicas] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const atMs = typeof time === 'string' ? parseTime(time) : undefined;
    return atMs === undefined || typeof replicas !== 'number' ? [] : [{ atMs, replicas }];
  });
}

export function memoryText(memory: Memory): string {
  const list = (entries: readonly Entry[]) => entries.map(({ atMs, replicas }) => [formatTime(atMs), replicas]);
  return JSON.stringify({
    recommendations: list(memory.recommendations),
    scaleUps: list(memory.scaleUps),
    scaleDowns: list(memory.scaleDowns),
  });
}

/** The recommendations with one more; a new one drops those that ended before `keepMs` ago, the same changes nothing. */
export function withRecommendation(
  entries: readonly Entry[],
  replicas: number,
  nowMs: number,
  keepMs: number,
): readonly Entry[] {
  if (entries.at(-1)?.replicas === replicas) return entries;
  const next = [...entries, { atMs: nowMs, replicas }];
  return next.filter((_, index) => (next[index + 1]?.atMs ?? nowMs) >= nowMs - keepMs);
}

/**
 * Recommendations of which a look fell within the last `windowMs`, the look of now not included.
 * @param lookMs Time between two looks.
 */
export function recentRecommendations(
  entries: readonly Entry[],
  nowMs: number,
  windowMs: number,
  lookMs: number,
): number[] {
  return entries
    .filter(({ atMs }, index) => {
      const lastLookMs = Math.max(atMs, (entries[index + 1]?.atMs ?? nowMs) - lookMs);
      return lastLookMs > nowMs - windowMs;
    })
    .map(({ replicas }) => replicas);
}

/** Replicas changed within the last `periodMs`. */
export function changedWithin(entries: readonly Entry[], nowMs: number, periodMs: number): number {
  return entries.reduce((sum, { atMs, replicas }) => (atMs > nowMs - periodMs ? sum + replicas : sum), 0);
}
