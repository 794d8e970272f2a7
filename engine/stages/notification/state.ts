import { isRecord } from '#core/json.ts';
import type { Destination } from './subscriptions.ts';
import type { ConditionResult } from './triggers.ts';

/** The annotation that remembers who has been told what. */
export const NOTIFIED_ANNOTATION = 'notified.notifications.argoproj.io';

/** Entries an object remembers; the oldest go first. */
const ENTRIES_MAX = 100;

/** What the annotation says of one notification: `[ONCEPER:]TRIGGER:[i].HASH:SERVICE:RECIPIENT` (argo-cd.md §4.3). */
export function notifiedKey(
  trigger: string,
  { key, oncePer }: Pick<ConditionResult, 'key' | 'oncePer'>,
  { service, recipient }: Destination,
): string {
  return `${oncePer === '' ? '' : `${oncePer}:`}${trigger}:${key}:${service}:${recipient}`;
}

/** The state annotation while it is changed: key → unix seconds. Local to one plan. */
export class NotifiedState {
  readonly #entries: Map<string, number>;

  /** Text that is no JSON map counts as empty. */
  constructor(annotation: string | undefined) {
    this.#entries = new Map(parseEntries(annotation));
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Marks a notification as sent. False when it was already. */
  add(key: string, nowMs: number): boolean {
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, Math.floor(nowMs / 1000));
    return true;
  }

  /** Forgets a notification, so that the next time its condition holds it is sent again. */
  remove(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** The condition no longer holds. Entries of conditions with `oncePer` stay: those are told once a value for ever. */
  reset(trigger: string, result: ConditionResult, destination: Destination): boolean {
    return result.oncePer === '' && this.remove(notifiedKey(trigger, result, destination));
  }

  /** The annotation's new text, undefined when nothing is left. Keys in sorted order, as Go writes maps. */
  format(): string | undefined {
    const byAge = [...this.#entries].sort(([leftKey, left], [rightKey, right]) =>
      left === right ? (leftKey < rightKey ? -1 : 1) : left - right,
    );
    const kept = byAge
      .slice(Math.max(0, byAge.length - ENTRIES_MAX))
      .sort(([left], [right]) => (left < right ? -1 : 1));
    return kept.length === 0 ? undefined : JSON.stringify(Object.fromEntries(kept));
  }
}

function parseEntries(annotation: string | undefined): [string, number][] {
  try {
    const value: unknown = JSON.parse(annotation ?? '{}');
    if (!isRecord(value) || Object.values(value).some((time) => typeof time !== 'number')) return [];
    return Object.entries(value) as [string, number][];
  } catch {
    return [];
  }
}
