import type { Place } from '../../check/finding.ts';
import type { FieldPath } from '../../check/model/source.ts';
import { isRecord } from '../../engine/vocabulary/core/json.ts';
import { parseQuantity } from '../../engine/vocabulary/kube/quantity.ts';

/** What a field may hold. A shape is data: the reader, the errors and the JSON schema are made from it. */
export type Shape =
  | { is: 'text'; example?: string }
  | { is: 'boolean' }
  | { is: 'number'; least?: number; most?: number }
  /** `90s`, `1h30m`, `2d`; read as milliseconds. */
  | { is: 'duration' }
  /** `8%` or `0.08`; read as a number from 0 to 1. */
  | { is: 'share' }
  /** A Kubernetes quantity of bytes: `128Mi`. */
  | { is: 'bytes' }
  /** RFC 3339; read as milliseconds since the epoch. */
  | { is: 'time' }
  | { is: 'choice'; of: readonly string[] }
  | { is: 'list'; of: Shape }
  | { is: 'map'; of: Shape; keys: string }
  | { is: 'record'; fields: Fields; oneOf?: readonly string[] }
  /** Anything: what another schema describes. */
  | { is: 'any' };

export interface Field {
  shape: Shape;
  summary: string;
  required?: boolean;
}
export type Fields = Readonly<Record<string, Field>>;

export interface Problem {
  at: Place;
  message: string;
  fix?: string;
}

interface Reading {
  placeOf(path: FieldPath): Place;
  problems: Problem[];
}

/** Reads a value by its shape; what does not fit is a problem, and undefined. */
export function readShape(value: unknown, shape: Shape, path: FieldPath, reading: Reading): unknown {
  const fail = (message: string, fix?: string): undefined => {
    reading.problems.push({ at: reading.placeOf(path), message, ...(fix === undefined ? {} : { fix }) });
    return undefined;
  };
  const name = nameOf(path);
  switch (shape.is) {
    case 'any':
      return value;
    case 'text':
      if (typeof value === 'string' && value !== '') return value;
      if (typeof value === 'number') return fail(`${name}: ${value} is a number`, `quote it: "${value}"`);
      return fail(`${name} must be a text`, shape.example === undefined ? undefined : `such as ${shape.example}`);
    case 'boolean':
      return typeof value === 'boolean' ? value : fail(`${name} must be true or false`);
    case 'number':
      return readNumber(value, shape, name, fail);
    case 'duration':
      return parseDuration(value) ?? fail(`${name}: ${show(value)} is not a duration`, 'such as 90s, 15m, 1h30m or 2d');
    case 'share':
      return parseShare(value) ?? fail(`${name}: ${show(value)} is not a share`, 'such as 8% or 0.08, from 0 to 1');
    case 'bytes':
      return parseBytes(value) ?? fail(`${name}: ${show(value)} is not an amount of memory`, 'such as 128Mi');
    case 'time':
      return parseTimeText(value) ?? fail(`${name}: ${show(value)} is not a time`, 'such as 2026-01-05T10:00:00Z');
    case 'choice':
      return readChoice(value, shape.of, name, fail);
    case 'list':
      if (!Array.isArray(value)) return fail(`${name} must be a list`);
      return value.map((item, index) => readShape(item, shape.of, [...path, index], reading));
    case 'map':
      if (!isRecord(value)) return fail(`${name} must be a mapping of ${shape.keys}`);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, readShape(item, shape.of, [...path, key], reading)]),
      );
    case 'record':
      return readRecord(value, shape, path, reading, fail);
  }
}

type Fail = (message: string, fix?: string) => undefined;

function readNumber(value: unknown, shape: { least?: number; most?: number }, name: string, fail: Fail) {
  if (typeof value !== 'number' || Number.isNaN(value)) return fail(`${name}: ${show(value)} is not a number`);
  if (shape.least !== undefined && value < shape.least) return fail(`${name}: ${value} is less than ${shape.least}`);
  if (shape.most !== undefined && value > shape.most) return fail(`${name}: ${value} is more than ${shape.most}`);
  return value;
}

function readChoice(value: unknown, choices: readonly string[], name: string, fail: Fail) {
  if (typeof value === 'string' && choices.includes(value)) return value;
  return fail(`${name}: ${show(value)} is none of ${choices.join(', ')}`, didYouMean(String(value), choices));
}

function readRecord(
  value: unknown,
  { fields, oneOf }: Extract<Shape, { is: 'record' }>,
  path: FieldPath,
  reading: Reading,
  fail: Fail,
) {
  const name = nameOf(path);
  if (!isRecord(value)) return fail(`${name} must be a mapping with ${Object.keys(fields).join(', ')}`);
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const field = fields[key];
    if (field === undefined) {
      const at = reading.placeOf([...path, key]);
      const fix = didYouMean(key, Object.keys(fields)) ?? `there are: ${Object.keys(fields).join(', ')}`;
      reading.problems.push({ at, message: `${name} has no field "${key}"`, fix });
    } else if (item !== null) result[key] = readShape(item, field.shape, [...path, key], reading);
  }
  for (const [key, { required }] of Object.entries(fields)) {
    if (required === true && !(key in value)) fail(`${name} needs "${key}"`);
  }
  if (oneOf !== undefined) {
    const given = oneOf.filter((key) => key in value);
    if (given.length === 0) fail(`${name} needs one of ${oneOf.join(', ')}`);
    if (given.length > 1) fail(`${name} has ${given.join(' and ')}, which exclude each other`, 'make two of it');
  }
  return result;
}

function nameOf(path: FieldPath): string {
  const text = path.reduce<string>(
    (sum, step) => (typeof step === 'number' ? `${sum}[${step}]` : sum === '' ? step : `${sum}.${step}`),
    '',
  );
  return text === '' ? 'the file' : text;
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `1h30m`, `2d`, `250ms`; undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  if (value === 0) return 0;
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(value)) return undefined;
  const parts = value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit as string] as number), 0);
}

function parseShare(value: unknown): number | undefined {
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value) : null;
  const share = percent === null ? value : Number(percent[1]) / 100;
  return typeof share === 'number' && share >= 0 && share <= 1 ? share : undefined;
}

function parseBytes(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  try {
    const bytes = parseQuantity(String(value));
    return bytes !== undefined && bytes >= 0 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function parseTimeText(value: unknown): number | undefined {
  const time = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** The candidate that was most likely meant, as an advice. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1);
      // Two neighbours in the wrong order are one slip.
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      next.push(cost);
    }
    [before, row] = [row, next];
  }
  return row[to.length] as number;
}

/** The JSON schema of a shape, for editors. */
export function jsonSchema(shape: Shape): Record<string, unknown> {
  switch (shape.is) {
    case 'any':
      return {};
    case 'text':
      return { type: 'string', minLength: 1 };
    case 'boolean':
      return { type: 'boolean' };
    case 'number': {
      const { least, most } = shape;
      return {
        type: 'number',
        ...(least === undefined ? {} : { minimum: least }),
        ...(most === undefined ? {} : { maximum: most }),
      };
    }
    case 'duration':
      return { anyOf: [{ type: 'string', pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$' }, { const: 0 }] };
    case 'share':
      return {
        anyOf: [
          { type: 'number', minimum: 0, maximum: 1 },
          { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*%$' },
        ],
      };
    case 'bytes':
      return { type: ['string', 'number'] };
    case 'time':
      return { type: 'string', format: 'date-time' };
    case 'choice':
      return { enum: shape.of };
    case 'list':
      return { type: 'array', items: jsonSchema(shape.of) };
    case 'map':
      return { type: 'object', additionalProperties: jsonSchema(shape.of) };
    case 'record': {
      const entries = Object.entries(shape.fields);
      const required = entries.filter(([, field]) => field.required === true).map(([name]) => name);
      return {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          entries.map(([name, { shape: of, summary }]) => [name, { description: summary, ...jsonSchema(of) }]),
        ),
        ...(required.length === 0 ? {} : { required }),
        ...(shape.oneOf === undefined ? {} : { oneOf: shape.oneOf.map((name) => ({ required: [name] })) }),
      };
    }
  }
}
