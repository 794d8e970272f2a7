import type { Facts, Release } from '../run/facts.ts';

/** `97 min`, `1 h 37 min`, `2 d 3 h`, `45 s`. */
export function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `+01:37:12` since the start. */
export function offsetText(ms: number): string {
  const pad = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const sign = ms < 0 ? '-' : '+';
  const abs = Math.abs(ms);
  return `${sign}${pad(abs / 3_600_000)}:${pad((abs / 60_000) % 60)}:${pad((abs / 1000) % 60)}`;
}

/** `Mon 10:08`: when it would be on the calendar, UTC. */
export function clockText(ms: number): string {
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(ms).getUTCDay()];
  return `${day} ${new Date(ms).toISOString().slice(11, 16)}`;
}

/** Whole numbers with separators, small ones with the digits that matter. */
export function countText(value: number): string {
  if (value > 0 && value < 1) return '< 1';
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A measured number, short. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const abs = Math.abs(value);
  if (abs !== 0 && (abs < 0.0001 || abs >= 1e7)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

export function percentText(share: number): string {
  return `${numberText(share * 100)} %`;
}

/** The numbers of a measurement's value: `[0.97]` → [0.97]. */
export function numbersOf(value: string | undefined): number[] {
  if (value === undefined) return [];
  return value
    .replace(/^\[|\]$/g, '')
    .split(',')
    .filter((text) => text !== '')
    .map((text) =>
      text === 'NaN' ? Number.NaN : Number(text.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity')),
    );
}

export function isExpected(facts: Facts): boolean {
  return facts.checks.every(({ ok }) => ok);
}

/** How a rehearsal ended, in one sentence. */
export function headline(facts: Facts): string {
  const failed = facts.checks.filter(({ ok }) => !ok);
  if (failed.length > 0) return failed.map(({ text, got }) => `expected that ${text}, but: ${got}`).join('; ');
  if (facts.releases.length === 0) {
    const open = facts.environments.find(({ sync }) => sync !== 'Synced');
    return open === undefined
      ? 'nothing was released'
      : `nothing was released; ${open.environment} is ${open.sync}${open.message === undefined ? '' : `: ${open.message}`}`;
  }
  return facts.releases.map(releaseSentence).join('; ');
}

export function releaseSentence(release: Release): string {
  const { component, to, environment, outcome, startMs, endMs, exposure } = release;
  const took = endMs === undefined ? '' : ` after ${spanText(endMs - startMs)}`;
  const harm = exposure.wrongAnswers >= 0.5 ? `, ${countText(exposure.wrongAnswers)} wrong answers` : '';
  return `${component} ${to} ${outcome} in ${environment}${took}${harm}`;
}

export function toneOf(outcome: Release['outcome']): 'ok' | 'bad' | 'warn' | 'dim' {
  if (outcome === 'promoted') return 'ok';
  if (outcome === 'aborted' || outcome === 'degraded') return 'bad';
  return outcome === 'paused' ? 'warn' : 'dim';
}

/** Successive entries that tell the same about the same thing are one, with their number. */
export function condensed(timeline: Facts['timeline']): (Facts['timeline'][number] & { times: number })[] {
  const result: (Facts['timeline'][number] & { times: number })[] = [];
  for (const entry of timeline) {
    const last = result.at(-1);
    const isSame =
      last !== undefined &&
      last.text === entry.text &&
      last.environment === entry.environment &&
      last.component === entry.component;
    if (isSame) last.times++;
    else result.push({ ...entry, times: 1 });
  }
  return result;
}
