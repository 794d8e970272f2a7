/** Labels and annotations of alerts: Go templates with Prometheus's functions. */
import { GoTemplateError } from '../../gotemplate/errors.ts';
import { evaluate } from '../../gotemplate/evaluate.ts';
import { fn, type TemplateFunction } from '../../gotemplate/function.ts';
import { FUNCTIONS } from '../../gotemplate/functions.ts';
import { parse } from '../../gotemplate/parser.ts';
import type { Value } from '../../gotemplate/values.ts';
import { compileRegex } from '../../regex/regex.ts';
import { parseDurationMs } from '../duration.ts';
import { formatFloat } from '../numeric.ts';

export interface AlertTemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly value: number;
  /** Evaluation time. */
  readonly tMs: number;
  /** An instant query at the evaluation time. */
  query(text: string): { labels: Readonly<Record<string, string>>; value: number }[];
}

const PRELUDE =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

/** What Go's own templates have; of the others in the shared library Prometheus knows none. */
const BUILT_IN = [
  'and',
  'call',
  'eq',
  'ge',
  'gt',
  'html',
  'index',
  'js',
  'le',
  'len',
  'lt',
  'ne',
  'not',
  'or',
  'print',
  'printf',
  'println',
  'slice',
  'urlquery',
];

/** The text, or `<error expanding template: …>` as Prometheus puts it in its place. */
export function expandAlertTemplate(text: string, data: AlertTemplateData): string {
  if (!text.includes('{{')) return text;
  const template = PRELUDE + text;
  const { labels, externalLabels, externalUrl, value } = data;
  const root = {
    Labels: lenient(labels),
    ExternalLabels: lenient(externalLabels),
    ExternalURL: externalUrl,
    Value: value,
  };
  const functions = functionsFor(data);
  try {
    return evaluate(template, parse(template, functions), root, { missingKey: 'zero', functions });
  } catch (error) {
    return `<error expanding template: ${error instanceof Error ? error.message : String(error)}>`;
  }
}

const NO_DATA: AlertTemplateData = {
  labels: {},
  externalLabels: {},
  externalUrl: '',
  value: 0,
  tMs: 0,
  query: () => [],
};

/** What is wrong with the syntax of a template, or undefined. */
export function checkAlertTemplate(text: string): string | undefined {
  try {
    parse(PRELUDE + text, functionsFor(NO_DATA));
    return undefined;
  } catch (error) {
    if (error instanceof GoTemplateError) return error.message;
    throw error;
  }
}

/** In Go a missing key of a map of texts is the empty text. */
function lenient(labels: Readonly<Record<string, string>>): Value {
  return new Proxy(
    { ...labels },
    {
      get: (target, name) => (typeof name === 'string' ? (target[name] ?? '') : undefined),
      has: () => true,
      getOwnPropertyDescriptor: (target, name) =>
        Reflect.getOwnPropertyDescriptor(target, name) ?? { value: '', configurable: true, enumerable: false },
    },
  );
}

function functionsFor(data: AlertTemplateData): ReadonlyMap<string, TemplateFunction> {
  const known = new Map<string, TemplateFunction>();
  for (const name of BUILT_IN) {
    const shared = FUNCTIONS.get(name);
    if (shared !== undefined) known.set(name, shared);
  }
  for (const [name, own] of STATIC) known.set(name, own);
  known.set(
    'query',
    fn('s', (text: string) => data.query(text).map(({ labels, value }) => ({ Labels: lenient(labels), Value: value }))),
  );
  known.set(
    'now',
    fn('', () => data.tMs / 1000),
  );
  known.set(
    'externalURL',
    fn('', () => data.externalUrl),
  );
  known.set(
    'pathPrefix',
    fn('', () => (URL.canParse(data.externalUrl) ? new URL(data.externalUrl).pathname.replace(/\/$/, '') : '')),
  );
  return known;
}

interface TemplateSample {
  Labels: Record<string, string>;
  Value: number;
}

/** `query` is a path of the expression browser. */
const link = (tab: number) => fn('s', (query: string) => `/graph?g0.expr=${queryEscape(query)}&g0.tab=${tab}`);

const STATIC: readonly (readonly [string, TemplateFunction])[] = [
  [
    'first',
    fn('l', (samples: readonly Value[]) => {
      if (samples.length === 0) throw new Error('first() called on vector with no elements');
      return samples[0];
    }),
  ],
  ['label', fn('sa', (name: string, sample: TemplateSample) => sample.Labels[name] ?? '')],
  ['value', fn('a', (sample: TemplateSample) => sample.Value)],
  ['strvalue', fn('a', (sample: TemplateSample) => sample.Labels.__value__ ?? '')],
  [
    'sortByLabel',
    fn('sl', (name: string, samples: readonly TemplateSample[]) =>
      [...samples].sort((a, b) => ((a.Labels[name] ?? '') < (b.Labels[name] ?? '') ? -1 : 1)),
    ),
  ],
  ['args', fn('a*', (...values: Value[]) => Object.fromEntries(values.map((value, i) => [`arg${i}`, value])))],
  ['reReplaceAll', fn('sss', replaceAll)],
  ['match', fn('ss', (pattern: string, text: string) => compileRegex(pattern).test(text))],
  ['title', fn('s', (text: string) => text.replace(/(?<![\p{L}\p{N}'_])\p{Ll}/gu, (letter) => letter.toUpperCase()))],
  ['toUpper', fn('s', (text: string) => text.toUpperCase())],
  ['toLower', fn('s', (text: string) => text.toLowerCase())],
  ['safeHtml', fn('s', (text: string) => text)],
  ['graphLink', link(0)],
  ['tableLink', link(1)],
  ['stripPort', fn('s', (text: string) => splitHostPort(text)?.host ?? text)],
  ['stripDomain', fn('s', stripDomain)],
  [
    'humanize',
    fn('a', (value: Value) => humanize(toNumber(value), 1000, ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'], true)),
  ],
  [
    'humanize1024',
    fn('a', (value: Value) => humanize(toNumber(value), 1024, ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'], false)),
  ],
  ['humanizeDuration', fn('a', (value: Value) => humanizeDuration(toNumber(value)))],
  ['humanizePercentage', fn('a', (value: Value) => `${fourDigits(toNumber(value) * 100)}%`)],
  ['humanizeTimestamp', fn('a', (value: Value) => humanizeTimestamp(toNumber(value)))],
  [
    'parseDuration',
    fn('s', (text: string) => {
      const ms = parseDurationMs(text.replace(/^-/, ''));
      if (ms === undefined) throw new Error(`not a valid duration string: ${JSON.stringify(text)}`);
      return ((text.startsWith('-') ? -1 : 1) * ms) / 1000;
    }),
  ],
  ['urlQueryEscape', fn('s', queryEscape)],
];

function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function replaceAll(pattern: string, replacement: string, text: string): string {
  const regex = compileRegex(pattern);
  let done = '';
  for (let rest = text; ; ) {
    const found = regex.match(rest);
    const whole = found?.groups[0] ?? '';
    if (found === undefined || whole === '') return done + rest;
    const at = rest.indexOf(whole);
    const expanded = replacement.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (token, short?: string, braced?: string) => {
      if (token === '$$') return '$';
      const name = short ?? braced ?? '';
      return (/^\d+$/.test(name) ? found.groups[Number(name)] : found.named[name]) ?? '';
    });
    done += rest.slice(0, at) + expanded;
    rest = rest.slice(at + whole.length);
  }
}

function splitHostPort(text: string): { host: string; port: string } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  return match === null ? undefined : { host: match[1] ?? match[2] ?? '', port: match[3] ?? '' };
}

function stripDomain(text: string): string {
  const { host, port } = splitHostPort(text) ?? { host: text, port: '' };
  if (/^\d+(\.\d+){3}$/.test(host) || host.includes(':')) return text;
  const first = host.split('.')[0] ?? '';
  return port === '' ? first : `${first}:${port}`;
}

function toNumber(value: Value): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (typeof value !== 'string' || (Number.isNaN(parsed) && !/^nan$/i.test(value)))
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  return parsed;
}

/** Go's `%.4g`. */
function fourDigits(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatFloat(value);
  const [mantissa = '', exponent = '0'] = value.toExponential(3).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 4) return String(Number(value.toPrecision(4)));
  const digits = String(Math.abs(power)).padStart(2, '0');
  return `${Number(mantissa)}e${power < 0 ? '-' : '+'}${digits}`;
}

function humanize(value: number, step: number, larger: readonly string[], small: boolean): string {
  let rest = value;
  let prefix = '';
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  if (Math.abs(value) >= 1) {
    for (const next of larger) {
      if (Math.abs(rest) < step) break;
      prefix = next;
      rest /= step;
    }
    return `${fourDigits(rest)}${prefix}`;
  }
  return small ? smaller(value) : fourDigits(value);
}

function smaller(value: number): string {
  let rest = value;
  let prefix = '';
  for (const next of ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return `${fourDigits(rest)}${prefix}`;
}

function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return fourDigits(seconds);
  if (seconds === 0) return '0s';
  if (Math.abs(seconds) < 1) return `${smaller(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${whole % 60}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${whole % 60}s`;
  if (minutes !== 0) return `${sign}${minutes}m ${whole % 60}s`;
  return `${sign}${fourDigits(Math.abs(seconds))}s`;
}

function humanizeTimestamp(seconds: number): string {
  if (!Number.isFinite(seconds)) return fourDigits(seconds);
  const text = new Date(seconds * 1000).toISOString();
  const fraction = text.slice(19, 23).replace(/\.?0+$/, '');
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction} +0000 UTC`;
}
