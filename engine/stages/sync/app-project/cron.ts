import { utcZone, type Zone, zoneNamed } from './time-zone.ts';

/**
 * A schedule in the dialect of sync windows: five fields as robfig/cron reads them with its plain parser (argo-cd.md
 * §11.2). No seconds, no `@daily`, no 7 for Sunday.
 */
export interface CronSchedule {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  daysOfMonth: ReadonlySet<number>;
  months: ReadonlySet<number>;
  daysOfWeek: ReadonlySet<number>;
  /** Both day fields restrict: one match of the two is enough. Otherwise both must match. */
  eitherDay: boolean;
  /** Of a `CRON_TZ=` prefix; undefined reads the fields in the zone of the time that is asked about. */
  zone: Zone | undefined;
}

/** A schedule that does not parse, in the words of robfig/cron. `column` counts from 1 within the schedule. */
export class CronError extends Error {
  override name = 'CronError';
  readonly column: number;

  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

interface Field {
  name: keyof Pick<CronSchedule, 'minutes' | 'hours' | 'daysOfMonth' | 'months' | 'daysOfWeek'>;
  min: number;
  max: number;
  names: readonly string[];
}

const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { name: 'minutes', min: 0, max: 59, names: [] },
  { name: 'hours', min: 0, max: 23, names: [] },
  { name: 'daysOfMonth', min: 1, max: 31, names: [] },
  { name: 'months', min: 1, max: 12, names: MONTHS },
  { name: 'daysOfWeek', min: 0, max: 6, names: DAYS },
];

const PARSED = new Map<string, CronSchedule | CronError>();
const PARSED_MAX = 500;

/** Parses a schedule. Throws CronError. */
export function parseCron(text: string): CronSchedule {
  const known = PARSED.get(text) ?? remember(text);
  if (known instanceof CronError) throw known;
  return known;
}

function remember(text: string): CronSchedule | CronError {
  if (PARSED.size >= PARSED_MAX) PARSED.clear();
  let parsed: CronSchedule | CronError;
  try {
    parsed = parse(text);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    parsed = error;
  }
  PARSED.set(text, parsed);
  return parsed;
}

function parse(text: string): CronSchedule {
  if (text === '') throw new CronError('empty spec string', 1);
  const { zone, from } = zonePrefix(text);
  const words = [...text.slice(from).matchAll(/\S+/g)].map((match) => ({
    text: match[0],
    column: from + match.index + 1,
  }));
  if (words[0]?.text.startsWith('@')) {
    throw new CronError(`parser does not accept descriptors: ${text.slice(from).trim()}`, words[0].column);
  }
  if (words.length !== FIELDS.length) {
    const found = words.map((word) => word.text).join(' ');
    throw new CronError(`expected exactly 5 fields, found ${words.length}: [${found}]`, words[5]?.column ?? 1);
  }
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = FIELDS.map((field, index) => {
    const word = words[index] as { text: string; column: number };
    return parseField(field, word.text, word.column);
  }) as [Values, Values, Values, Values, Values];
  return {
    minutes: minutes.values,
    hours: hours.values,
    daysOfMonth: daysOfMonth.values,
    months: months.values,
    daysOfWeek: daysOfWeek.values,
    eitherDay: !daysOfMonth.isStar && !daysOfWeek.isStar,
    zone,
  };
}

function zonePrefix(text: string): { zone: Zone | undefined; from: number } {
  const match = /^(?:CRON_)?TZ=([^ ]*)/.exec(text);
  if (match === null) return { zone: undefined, from: 0 };
  const name = match[1] as string;
  const zone = zoneNamed(name);
  if (zone === undefined) throw new CronError(`provided bad location ${name}: unknown time zone ${name}`, 1);
  return { zone, from: match[0].length };
}

interface Values {
  values: Set<number>;
  /** A `*` or `?` without a step greater than one. */
  isStar: boolean;
}

function parseField(field: Field, text: string, column: number): Values {
  const all: Values = { values: new Set(), isStar: false };
  let at = column;
  for (const part of text.split(',')) {
    if (part !== '') addRange(all, field, part, at);
    at += part.length + 1;
  }
  return all;
}

function addRange(into: Values, field: Field, text: string, column: number): void {
  const fail = (message: string) => new CronError(message, column);
  const [range = '', stepText, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreHighs] = range.split('-');
  const isStar = low === '*' || low === '?';
  const start = isStar ? field.min : parseValue(field, low, fail);
  if (!isStar && moreHighs.length > 0) throw fail(`too many hyphens: ${text}`);
  let end = isStar ? field.max : high === undefined ? start : parseValue(field, high, fail);
  if (moreSteps.length > 0) throw fail(`too many slashes: ${text}`);
  const step = stepText === undefined ? 1 : parseWhole(stepText, fail);
  if (stepText !== undefined && high === undefined) end = field.max;
  if (start < field.min) throw fail(`beginning of range (${start}) below minimum (${field.min}): ${text}`);
  if (end > field.max) throw fail(`end of range (${end}) above maximum (${field.max}): ${text}`);
  if (start > end) throw fail(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw fail(`step of range should be a positive number: ${text}`);
  for (let value = start; value <= end; value += step) into.values.add(value);
  if (isStar && step === 1) into.isStar = true;
}

function parseValue(field: Field, text: string, fail: (message: string) => CronError): number {
  const named = text === '' ? -1 : field.names.indexOf(text.toLowerCase());
  return named >= 0 ? named : parseWhole(text, fail);
}

/** As Go's `strconv.Atoi`, refusing negative numbers. */
function parseWhole(text: string, fail: (message: string) => CronError): number {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?\d+$/.test(text)) {
    throw fail(`failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: invalid syntax`);
  }
  const value = Number(text);
  if (Math.abs(value) > 2 ** 63) {
    throw fail(`failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: value out of range`);
  }
  if (value < 0) throw fail(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const YEARS_MAX = 5;

/**
 * The first time after `afterMs` at which the schedule fires, or undefined when there is none within five years.
 * Without a zone of its own the schedule reads `afterMs` as UTC. In a zone it goes by robfig/cron's rules for clocks
 * that change: a time that is skipped fires not at all, one that comes twice fires twice.
 */
export function nextCronTime(schedule: CronSchedule, afterMs: number): number | undefined {
  const { minutes, hours, daysOfMonth, months, daysOfWeek, zone = utcZone } = schedule;
  if (minutes.size === 0 || hours.size === 0 || months.size === 0) return undefined;
  if (daysOfMonth.size === 0 && daysOfWeek.size === 0) return undefined;
  const walker = new Walker(zone, Math.floor(afterMs / SECOND_MS) * SECOND_MS + SECOND_MS);
  const lastYear = walker.year + YEARS_MAX;
  while (walker.year <= lastYear) {
    if (!months.has(walker.month)) walker.skipMonth();
    else if (!dayMatches(schedule, walker)) walker.skipDay();
    else if (!hours.has(walker.hour)) walker.skipHour();
    else if (!minutes.has(walker.minute) || walker.second !== 0) walker.skipMinute();
    else return walker.atMs;
  }
  return undefined;
}

function dayMatches({ daysOfMonth, daysOfWeek, eitherDay }: CronSchedule, { day, weekday }: Walker): boolean {
  const byMonth = daysOfMonth.has(day);
  const byWeek = daysOfWeek.has(weekday);
  return eitherDay ? byMonth || byWeek : byMonth && byWeek;
}

/** A moment that moves forward by calendar units of a zone; each move ends at the beginning of the next unit. */
class Walker {
  readonly #zone: Zone;
  #wall = new Date(0);
  #skipped = false;
  atMs = 0;

  constructor(zone: Zone, atMs: number) {
    this.#zone = zone;
    this.#moveTo(atMs);
  }

  get year(): number {
    return this.#wall.getUTCFullYear();
  }
  get month(): number {
    return this.#wall.getUTCMonth() + 1;
  }
  get day(): number {
    return this.#wall.getUTCDate();
  }
  get weekday(): number {
    return this.#wall.getUTCDay();
  }
  get hour(): number {
    return this.#wall.getUTCHours();
  }
  get minute(): number {
    return this.#wall.getUTCMinutes();
  }
  get second(): number {
    return this.#wall.getUTCSeconds();
  }

  skipMonth(): void {
    const { year, month } = this;
    this.#moveTo(this.#zone.fromWall(this.#skipped ? this.#wallOn(month, this.day) : Date.UTC(year, month, 1)));
    this.#skipped = true;
  }

  /** Where clocks change at midnight, robfig/cron goes by whole hours to the nearest one, even into the day before. */
  skipDay(): void {
    const { year, month, day } = this;
    const next = this.#skipped ? this.#wallOn(month - 1, day + 1) : Date.UTC(year, month - 1, day + 1);
    this.#moveTo(this.#zone.fromWall(next));
    this.#skipped = true;
    if (this.hour !== 0) this.#moveTo(this.atMs + (this.hour > 12 ? 24 - this.hour : -this.hour) * HOUR_MS);
  }

  skipHour(): void {
    const { year, month, day, hour } = this;
    const start = this.#skipped ? this.atMs : this.#zone.fromWall(Date.UTC(year, month - 1, day, hour));
    this.#skipped = true;
    this.#moveTo(start + HOUR_MS);
  }

  skipMinute(): void {
    this.#skipped = true;
    this.#moveTo(Math.floor(this.atMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS);
  }

  #wallOn(monthIndex: number, day: number): number {
    return Date.UTC(this.year, monthIndex, day, this.hour, this.minute, this.second);
  }

  #moveTo(atMs: number): void {
    this.atMs = atMs;
    this.#wall = new Date(atMs + this.#zone.offsetMs(atMs));
  }
}
