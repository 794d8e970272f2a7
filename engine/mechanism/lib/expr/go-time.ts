/** Go's times, durations and layout strings, as far as conditions use them (spec expr §3.2, §4, §6). */
import { ValueError } from './errors.ts';

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

export class GoDuration {
  readonly ns: number;

  constructor(ns: number) {
    this.ns = ns;
  }

  /** @throws ValueError unless the text is in Go's syntax: `1h30m`, `300ms`, `-1.5h`. */
  static parse(text: string): GoDuration {
    const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
    if (match === null) throw new ValueError(`time: invalid duration ${JSON.stringify(text)}`);
    let ns = 0;
    for (const [, number, unit] of match[2]!.matchAll(/(\d+\.?\d*|\.\d+)([a-zµμ]+)/g))
      ns += Number(number) * UNIT_NS[unit!]!;
    return new GoDuration(Math.trunc(match[1] === '-' ? -ns : ns));
  }

  toString(): string {
    if (this.ns === 0) return '0s';
    const sign = this.ns < 0 ? '-' : '';
    const ns = Math.abs(this.ns);
    if (ns < 1e3) return `${sign}${ns}ns`;
    if (ns < 1e6) return `${sign}${ns / 1e3}µs`;
    if (ns < 1e9) return `${sign}${ns / 1e6}ms`;
    const hours = Math.floor(ns / 3600e9);
    const minutes = Math.floor((ns % 3600e9) / 60e9);
    const seconds = (ns % 60e9) / 1e9;
    return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
  }
}

/** An instant with millisecond precision, and the offset it is written with. */
export class GoTime {
  readonly ms: number;
  readonly offsetMinutes: number;

  constructor(ms: number, offsetMinutes = 0) {
    this.ms = ms;
    this.offsetMinutes = offsetMinutes;
  }

  add(duration: GoDuration): GoTime {
    return new GoTime(this.ms + duration.ns / 1e6, this.offsetMinutes);
  }

  format(layout: string): string {
    const local = new Date(this.ms + this.offsetMinutes * 60_000);
    return layout.replace(
      LAYOUT_TOKENS,
      (token) => FORMATTERS[token]?.(local, this.offsetMinutes) ?? formatFraction(token, local),
    );
  }

  toString(): string {
    return `${this.format('2006-01-02 15:04:05.999 -0700')} ${this.offsetMinutes === 0 ? 'UTC' : ''}`.trim();
  }
}

export const LAYOUTS: Readonly<Record<string, string>> = {
  Layout: "01/02 03:04:05PM '06 -0700",
  ANSIC: 'Mon Jan _2 15:04:05 2006',
  UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
  RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
  RFC822: '02 Jan 06 15:04 MST',
  RFC822Z: '02 Jan 06 15:04 -0700',
  RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
  RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
  RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
  RFC3339: '2006-01-02T15:04:05Z07:00',
  RFC3339Nano: '2006-01-02T15:04:05.999999999Z07:00',
  Kitchen: '3:04PM',
  Stamp: 'Jan _2 15:04:05',
  StampMilli: 'Jan _2 15:04:05.000',
  StampMicro: 'Jan _2 15:04:05.000000',
  StampNano: 'Jan _2 15:04:05.000000000',
};

/** What `date()` tries without a layout. */
const DATE_LAYOUTS = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  LAYOUTS.RFC3339!,
  LAYOUTS.RFC822!,
  LAYOUTS.RFC850!,
  LAYOUTS.RFC1123!,
];

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const LAYOUT_TOKENS =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|[.,](?:0+|9+)(?!\d)|01|02|03|04|05|06|15|PM|pm|_2|1|2|3|4|5/g;

const two = (value: number): string => String(value).padStart(2, '0');

function formatOffset(minutes: number, separator: string): string {
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${separator}${two(Math.abs(minutes) % 60)}`;
}

const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;

const FORMATTERS: Readonly<Record<string, (date: Date, offsetMinutes: number) => string>> = {
  January: (date) => MONTHS[date.getUTCMonth()]!,
  Jan: (date) => MONTHS[date.getUTCMonth()]!.slice(0, 3),
  Monday: (date) => DAYS[date.getUTCDay()]!,
  Mon: (date) => DAYS[date.getUTCDay()]!.slice(0, 3),
  MST: (_, offset) => (offset === 0 ? 'UTC' : formatOffset(offset, '')),
  '2006': (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  '06': (date) => two(date.getUTCFullYear() % 100),
  '01': (date) => two(date.getUTCMonth() + 1),
  '1': (date) => String(date.getUTCMonth() + 1),
  '02': (date) => two(date.getUTCDate()),
  _2: (date) => String(date.getUTCDate()).padStart(2, ' '),
  '2': (date) => String(date.getUTCDate()),
  '15': (date) => two(date.getUTCHours()),
  '03': (date) => two(hour12(date)),
  '3': (date) => String(hour12(date)),
  '04': (date) => two(date.getUTCMinutes()),
  '4': (date) => String(date.getUTCMinutes()),
  '05': (date) => two(date.getUTCSeconds()),
  '5': (date) => String(date.getUTCSeconds()),
  PM: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  pm: (date) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  'Z07:00': (_, offset) => (offset === 0 ? 'Z' : formatOffset(offset, ':')),
  Z0700: (_, offset) => (offset === 0 ? 'Z' : formatOffset(offset, '')),
  '-07:00': (_, offset) => formatOffset(offset, ':'),
  '-0700': (_, offset) => formatOffset(offset, ''),
  '-07': (_, offset) => formatOffset(offset, '').slice(0, 3),
};

function formatFraction(token: string, date: Date): string {
  const digits = String(date.getUTCMilliseconds())
    .padStart(3, '0')
    .padEnd(9, '0')
    .slice(0, token.length - 1);
  if (token[1] === '0') return `${token[0]}${digits}`;
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? '' : `${token[0]}${trimmed}`;
}

/** `date(text)` and `date(text, layout)`; `zone` counts when the layout has none. */
export function parseDate(text: string, layout: string | undefined, zone: string): GoTime {
  if (layout !== undefined) return parseTime(text, layout, zone);
  for (const candidate of DATE_LAYOUTS) {
    const parsed = tryParse(text, candidate, zone);
    if (parsed !== undefined) return parsed;
  }
  throw new ValueError(`invalid date ${text}`);
}

/** @throws ValueError when the text is not in the layout. */
export function parseTime(text: string, layout: string, zone = 'UTC'): GoTime {
  const parsed = tryParse(text, layout, zone);
  if (parsed === undefined)
    throw new ValueError(
      `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text)}`,
    );
  return parsed;
}

const READERS: Readonly<Record<string, string>> = {
  January: `(?<month>${MONTHS.join('|')})`,
  Jan: `(?<month>${MONTHS.map((name) => name.slice(0, 3)).join('|')})`,
  Monday: `(?:${DAYS.join('|')})`,
  Mon: `(?:${DAYS.map((name) => name.slice(0, 3)).join('|')})`,
  MST: '(?<zone>[A-Z]{3,4})',
  '2006': '(?<year>\\d{4})',
  '06': '(?<shortYear>\\d{2})',
  '01': '(?<monthNumber>\\d{2})',
  '1': '(?<monthNumber>\\d{1,2})',
  '02': '(?<day>\\d{2})',
  _2: ' ?(?<day>\\d{1,2})',
  '2': '(?<day>\\d{1,2})',
  '15': '(?<hour>\\d{2})',
  '03': '(?<hour>\\d{2})',
  '3': '(?<hour>\\d{1,2})',
  '04': '(?<minute>\\d{2})',
  '4': '(?<minute>\\d{1,2})',
  '05': '(?<second>\\d{2})(?:[.,](?<fraction>\\d+))?',
  '5': '(?<second>\\d{1,2})(?:[.,](?<fraction>\\d+))?',
  PM: '(?<half>AM|PM)',
  pm: '(?<half>am|pm)',
  'Z07:00': '(?<offset>Z|[+-]\\d{2}:\\d{2})',
  Z0700: '(?<offset>Z|[+-]\\d{4})',
  '-07:00': '(?<offset>[+-]\\d{2}:\\d{2})',
  '-0700': '(?<offset>[+-]\\d{4})',
  '-07': '(?<offset>[+-]\\d{2})',
};

function tryParse(text: string, layout: string, zone: string): GoTime | undefined {
  let pattern = '';
  let position = 0;
  for (const match of layout.matchAll(LAYOUT_TOKENS)) {
    pattern += escapePattern(layout.slice(position, match.index)) + (READERS[match[0]] ?? '');
    position = match.index + match[0].length;
  }
  const groups = new RegExp(`^${pattern}${escapePattern(layout.slice(position))}$`).exec(text)?.groups;
  return groups === undefined ? undefined : assemble(groups, zone);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function assemble(groups: Readonly<Record<string, string | undefined>>, zone: string): GoTime | undefined {
  const year = groups.year === undefined ? shortYear(groups.shortYear) : Number(groups.year);
  const month =
    groups.month === undefined
      ? Number(groups.monthNumber ?? 1)
      : MONTHS.findIndex((name) => name.startsWith(groups.month!)) + 1;
  const day = Number(groups.day ?? 1);
  const hour =
    (Number(groups.hour ?? 0) % (groups.half === undefined ? 24.5 : 12)) + (/^pm$/i.test(groups.half ?? '') ? 12 : 0);
  const [minute, second] = [Number(groups.minute ?? 0), Number(groups.second ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (month < 1 || month > 12 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return undefined;
  const localMs =
    date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + Number(`0.${groups.fraction ?? 0}`) * 1000;
  const offset = groups.offset === undefined ? zoneOffsetMinutes(zone, localMs) : parseOffset(groups.offset);
  return new GoTime(localMs - offset * 60_000, offset);
}

function shortYear(text: string | undefined): number {
  if (text === undefined) return 0;
  return Number(text) + (Number(text) >= 69 ? 1900 : 2000);
}

function parseOffset(text: string): number {
  if (text === 'Z') return 0;
  const digits = text.replace(/[^\d]/g, '').padEnd(4, '0');
  return (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * (text.startsWith('-') ? -1 : 1);
}

/** Offset of an IANA zone at a local time. @throws ValueError for an unknown zone. */
export function zoneOffsetMinutes(zone: string, localMs: number): number {
  if (zone === '' || zone === 'UTC') return 0;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    const read = (ms: number): number => {
      const name = format.formatToParts(new Date(ms)).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
      return name === 'GMT' ? 0 : parseOffset(name.slice(3));
    };
    return read(localMs - read(localMs) * 60_000);
  } catch {
    throw new ValueError(`unknown time zone ${zone}`);
  }
}
