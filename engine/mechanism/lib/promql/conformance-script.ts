/** Reads upstream's test script language (spec promql §12.1): `load`, `clear`, `eval`, `expect`. */
import { parseDurationMs, parseNumber } from './duration.ts';
import { type LabelPair, Labels, METRIC_NAME } from './labels.ts';
import { unquote } from './string-literal.ts';

/** A point of a series line: a number, nothing at this step, the end of the series, or a native histogram. */
export type Point = number | 'missing' | 'stale' | 'native';

export interface SeriesLine {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered';
  readonly message?: string;
  readonly pattern?: string;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  /** `stepMs` is 0 for an instant query. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expectations: readonly Expectation[];
  readonly expectedSeries: readonly SeriesLine[];
  readonly expectedScalar?: number;
  readonly expectedString?: string;
  readonly expectedRange?: { readonly startMs: number; readonly stepMs: number };
}

export type Command =
  | { readonly kind: 'clear' }
  /** `custom`: classic histograms also become native ones with custom buckets. */
  | {
      readonly kind: 'load';
      readonly line: number;
      readonly stepMs: number;
      readonly custom: boolean;
      readonly series: readonly SeriesLine[];
    }
  | EvalCommand;

/** A script that cannot be read; `line` counts from 1. */
export class ScriptError extends Error {
  readonly line: number;

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.name = 'ScriptError';
    this.line = line;
  }
}

/** @throws ScriptError with the line. */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const head = lines[i]!;
    if (head === '') continue;
    let end = i + 1;
    while (end < lines.length && lines[end] !== '') end += 1;
    const first = i;
    const body = (): readonly NumberedLine[] => {
      const numbered = lines.slice(first + 1, end).map((line, offset) => ({ line, number: first + offset + 2 }));
      i = end;
      return numbered;
    };
    if (head === 'clear') commands.push({ kind: 'clear' });
    else if (head.startsWith('load')) commands.push(parseLoad({ line: head, number: i + 1 }, body()));
    else if (head.startsWith('eval')) commands.push(parseEval({ line: head, number: i + 1 }, body()));
    else throw new ScriptError(i + 1, `unknown command "${head}"`);
  }
  return commands;
}

interface NumberedLine {
  readonly line: string;
  readonly number: number;
}

function parseLoad({ line, number }: NumberedLine, body: readonly NumberedLine[]): Command {
  const match = /^load(?:_(with_nhcb))?\s+(\S+)$/.exec(line);
  if (match === null) throw new ScriptError(number, 'invalid load command: load[_with_nhcb] <step>');
  const series = body.map((row) => parseSeriesLine(row.line, row.number));
  return { kind: 'load', line: number, stepMs: durationMs(match[2]!, number), custom: match[1] !== undefined, series };
}

function parseEval({ line, number }: NumberedLine, body: readonly NumberedLine[]): EvalCommand {
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(\S+)\s+(.+)$/.exec(line);
  const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/.exec(line);
  const match = instant ?? range;
  if (match === null)
    throw new ScriptError(
      number,
      'invalid eval command: eval instant at <t> <query>, or eval range from <a> to <b> step <s> <query>',
    );
  const old = match[1] as Expectation['kind'] | undefined;
  const startMs = durationMs(match[2]!, number);
  const times =
    range === null
      ? { startMs, endMs: startMs, stepMs: 0 }
      : { startMs, endMs: durationMs(range[3]!, number), stepMs: durationMs(range[4]!, number) };
  const command: Mutable<EvalCommand> = {
    kind: 'eval',
    line: number,
    query: match.at(-1)!,
    ...times,
    expectations: [],
    expectedSeries: [],
  };
  const expectations: Expectation[] = old === undefined ? [] : [{ kind: old }];
  const series: SeriesLine[] = [];
  for (const row of body) parseExpected(row, command, expectations, series);
  return { ...command, expectations, expectedSeries: series };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function parseExpected(
  { line, number }: NumberedLine,
  command: Mutable<EvalCommand>,
  expectations: Expectation[],
  series: SeriesLine[],
): void {
  const range = /^expect range vector from (\S+) to (\S+) step (\S+)$/.exec(line);
  const expected = /^expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex):\s*(.*))?$/.exec(line);
  const old = /^expected_fail_(message|regexp)\s+(.*)$/.exec(line);
  if (range !== null)
    command.expectedRange = { startMs: durationMs(range[1]!, number), stepMs: durationMs(range[3]!, number) };
  else if (line.startsWith('expect string'))
    command.expectedString = unquote(line.slice('expect string'.length).trim());
  else if (expected !== null) {
    const kind = expected[1] as Expectation['kind'];
    expectations.push(
      expected[2] === undefined
        ? { kind }
        : expected[2] === 'msg'
          ? { kind, message: expected[3]! }
          : { kind, pattern: expected[3]! },
    );
  } else if (old !== null)
    expectations.push(old[1] === 'message' ? { kind: 'fail', message: old[2]! } : { kind: 'fail', pattern: old[2]! });
  else if (line.startsWith('expect ')) throw new ScriptError(number, `unknown expectation "${line}"`);
  else {
    const scalar = signedNumber(line);
    if (scalar !== undefined) command.expectedScalar = scalar;
    else series.push(parseSeriesLine(line, number));
  }
}

/** `name{label="value"} points`. */
export function parseSeriesLine(line: string, number: number): SeriesLine {
  const head = /^([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*/.exec(line)!;
  const pairs: LabelPair[] = head[1] === undefined ? [] : [[METRIC_NAME, head[1]]];
  let position = head[0].length;
  if (line[position] === '{' && line[position + 1] !== '{') position = parseBraces(line, position + 1, number, pairs);
  const rest = line.slice(position);
  if (rest.startsWith('@st')) throw new ScriptError(number, 'start timestamps are not supported');
  if (position === 0) throw new ScriptError(number, `a series was expected, found "${line}"`);
  return { labels: Labels.fromPairs(pairs), points: parsePoints(rest, number) };
}

function parseBraces(line: string, start: number, number: number, pairs: LabelPair[]): number {
  const label =
    /\s*(?:([a-zA-Z_][a-zA-Z0-9_]*)|("(?:[^"\\]|\\.)*"))\s*(?:=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`))?\s*,?\s*/y;
  let position = start;
  for (;;) {
    if (/^\s*\}/.test(line.slice(position))) return line.indexOf('}', position) + 1;
    label.lastIndex = position;
    const match = label.exec(line);
    if (match === null) throw new ScriptError(number, `invalid labels in "${line}"`);
    const name = match[1] ?? unquote(match[2]!);
    pairs.push(match[3] === undefined ? [METRIC_NAME, name] : [name, unquote(match[3])]);
    position = label.lastIndex;
  }
}

/** No hexadecimal here: `0x10` is eleven zeros. */
const NUMBER = '(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?|inf|nan)';
const POINT = new RegExp(`^([+-]?${NUMBER})(?:([+-])(${NUMBER}))?(?:x(\\d+))?$`, 'i');

function parsePoints(text: string, number: number): Point[] {
  const points: Point[] = [];
  for (const token of text.match(/\{\{.*?\}\}(?:[+-]\{\{.*?\}\})?(?:x\d+)?|\S+/g) ?? []) {
    const missing = /^_(?:x(\d+))?$/.exec(token);
    const match = POINT.exec(token);
    if (token.startsWith('{{')) points.push('native');
    else if (missing !== null)
      points.push(...Array.from({ length: Number(missing[1] ?? 1) }, () => 'missing' as const));
    else if (token === 'stale') points.push('stale');
    else if (match === null) throw new ScriptError(number, `invalid point "${token}"`);
    else points.push(...expandPoint(match));
  }
  return points;
}

function expandPoint([, first = '', sign, step, times]: RegExpExecArray): number[] {
  const start = signedNumber(first)!;
  const delta = step === undefined ? 0 : signedNumber(`${sign}${step}`)!;
  const values = [start];
  for (let i = 0; i < Number(times ?? 0); i += 1) values.push(values.at(-1)! + delta);
  return values;
}

function signedNumber(text: string): number | undefined {
  const match = /^([+-]?)(\S+)$/.exec(text);
  const value = match === null ? undefined : parseNumber(match[2]!);
  return value === undefined || /[a-z]$/i.test(text.replace(/inf|nan|0x[0-9a-f]+/gi, ''))
    ? undefined
    : match![1] === '-'
      ? -value
      : value;
}

function durationMs(text: string, number: number): number {
  const negative = text.startsWith('-');
  const ms = parseDurationMs(text.replace(/^[+-]/, ''));
  if (ms === undefined) throw new ScriptError(number, `invalid duration "${text}"`);
  return negative ? -ms : ms;
}
