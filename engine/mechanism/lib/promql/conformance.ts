/** Runs test scripts in upstream's language against this evaluator (spec promql §12). */
import type { Expr, VectorSelector } from './ast.ts';
import {
  type Command,
  type EvalCommand,
  type Expectation,
  type Point,
  parseScript,
  type SeriesLine,
} from './conformance-script.ts';
import { PromqlError } from './errors.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from './evaluate.ts';
import { type Labels, METRIC_NAME } from './labels.ts';
import { parseQuery } from './parse.ts';
import type { QueryResult } from './result.ts';
import { SeriesStore } from './series-store.ts';

export interface EvalOutcome {
  readonly line: number;
  readonly query: string;
  /** `unsupported`: the eval needs what is not reproduced (native histograms above all); neither passed nor failed. */
  readonly status: 'passed' | 'failed' | 'unsupported';
  readonly reason?: string;
}

/** The settings of upstream's test engine. */
const OPTIONS: QueryOptions = { delayedNameRemoval: true, experimentalFunctions: true, maxSamples: 1_000_000 };

/** @throws ScriptError when the script itself cannot be read. */
export function runScript(text: string): EvalOutcome[] {
  const run = new ScriptRun();
  return parseScript(text).flatMap((command) => run.execute(command));
}

class ScriptRun {
  #store = newStore();
  #native: Labels[] = [];

  execute(command: Command): EvalOutcome[] {
    if (command.kind === 'eval') return [this.#evaluate(command)];
    if (command.kind === 'clear') {
      this.#store = newStore();
      this.#native = [];
    } else {
      const byKey = new Map(command.series.map((series) => [series.labels.key, series]));
      for (const series of byKey.values()) this.#load(series, command.stepMs);
      if (command.custom) this.#native.push(...command.series.flatMap(({ labels }) => customHistogram(labels)));
    }
    return [];
  }

  #load({ labels, points }: SeriesLine, stepMs: number): void {
    points.forEach((point, i) => {
      if (point === 'native') this.#native.push(labels);
      else if (point === 'stale') this.#store.appendStale(labels, i * stepMs);
      else if (point !== 'missing') this.#store.append(labels, i * stepMs, point);
    });
  }

  #evaluate(command: EvalCommand): EvalOutcome {
    const { line, query } = command;
    const unsupported = this.#needsNative(command);
    if (unsupported !== undefined) return { line, query, status: 'unsupported', reason: unsupported };
    let reason: string | undefined;
    try {
      const result = this.#run(command);
      reason = compare(command, result) ?? this.#compareWithRange(command, result);
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      const fails = command.expectations.filter((expectation) => expectation.kind === 'fail');
      const expected = fails.length > 0 && fails.every((fail) => matches(fail, error.problem));
      if (!expected && error.unsupported) return { line, query, status: 'unsupported', reason: error.message };
      reason = expected
        ? undefined
        : `${fails.length === 0 ? 'unexpected error' : 'another error than expected'}: ${error.message}`;
    }
    return reason === undefined ? { line, query, status: 'passed' } : { line, query, status: 'failed', reason };
  }

  #run({ query, startMs, endMs, stepMs }: EvalCommand): QueryResult {
    return stepMs === 0
      ? evaluateInstant(query, this.#store, startMs, OPTIONS)
      : evaluateRange(query, this.#store, { startMs, endMs, stepMs }, OPTIONS);
  }

  /** As upstream does: the middle step of a range query must show what the instant query shows. */
  #compareWithRange({ query, startMs, stepMs }: EvalCommand, instant: QueryResult): string | undefined {
    if (stepMs !== 0 || instant.type !== 'vector' || /\b(?:start|end|sort\w*)\s*\(/.test(query)) return undefined;
    const minuteMs = 60_000;
    const range = evaluateRange(
      query,
      this.#store,
      { startMs: startMs - minuteMs, endMs: startMs + minuteMs, stepMs: minuteMs },
      OPTIONS,
    );
    const middle = new Map<string, number>();
    for (const { labels, timesMs, values } of range.type === 'matrix' ? range.series : []) {
      const index = timesMs.indexOf(startMs);
      if (index >= 0) middle.set(labels.key, values[index]!);
    }
    const same =
      middle.size === instant.elements.length &&
      instant.elements.every(
        ({ labels, value }) => middle.has(labels.key) && almostEqual(value, middle.get(labels.key)!),
      );
    return same ? undefined : 'the same query inside a range query gives another result';
  }

  #needsNative({ query, expectedSeries }: EvalCommand): string | undefined {
    if (expectedSeries.some(({ points }) => points.includes('native'))) return 'expects a native histogram';
    let expr: Expr;
    try {
      expr = parseQuery(query, { experimentalFunctions: true });
    } catch {
      return undefined;
    }
    const selected = selectorsOf(expr).some(({ matchers }) =>
      this.#native.some((labels) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))),
    );
    return selected ? 'selects a native histogram' : undefined;
  }
}

function newStore(): SeriesStore {
  return new SeriesStore({ retentionMs: Infinity });
}

/** The native series that `load_with_nhcb` makes of a classic bucket. */
function customHistogram(labels: Labels): Labels[] {
  const name = labels.metricName;
  return name.endsWith('_bucket') && labels.has('le')
    ? [labels.without(['le']).with(METRIC_NAME, name.slice(0, -'_bucket'.length))]
    : [];
}

function selectorsOf(expr: Expr): VectorSelector[] {
  switch (expr.kind) {
    case 'selector':
      return [expr];
    case 'matrix':
      return [expr.selector];
    case 'number':
    case 'string':
      return [];
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    case 'aggregate':
      return [...(expr.param === undefined ? [] : selectorsOf(expr.param)), ...selectorsOf(expr.expr)];
    default:
      return selectorsOf(expr.expr);
  }
}

/** What is wrong with a result, or undefined. */
function compare(command: EvalCommand, result: QueryResult): string | undefined {
  if (command.expectations.some(({ kind }) => kind === 'fail')) return 'expected an error';
  const annotations = compareAnnotations(command.expectations, result);
  if (annotations !== undefined) return annotations;
  switch (result.type) {
    case 'string':
      return result.value === command.expectedString
        ? undefined
        : `expected string ${JSON.stringify(command.expectedString)}, got ${JSON.stringify(result.value)}`;
    case 'scalar':
      return command.expectedScalar !== undefined && almostEqual(command.expectedScalar, result.value)
        ? undefined
        : `expected ${command.expectedScalar}, got ${result.value}`;
    case 'vector':
      return compareVector(command, result.elements);
    case 'matrix':
      return compareMatrix(command, result);
  }
}

function compareAnnotations(
  expectations: readonly Expectation[],
  { warnings, infos }: QueryResult,
): string | undefined {
  for (const [kind, actual] of [
    ['warn', warnings],
    ['info', infos],
  ] as const) {
    if (expectations.some((expectation) => expectation.kind === `no_${kind}`) && actual.length > 0)
      return `expected no ${kind}, got ${actual.join('; ')}`;
    const expected = expectations.filter((expectation) => expectation.kind === kind);
    const missing = expected.find((expectation) => !actual.some((text) => matches(expectation, text)));
    if (missing !== undefined)
      return `expected ${kind} ${missing.message ?? missing.pattern ?? ''}, got ${actual.join('; ') || 'none'}`;
    const surplus = actual.find(
      (text) => expected.length > 0 && !expected.some((expectation) => matches(expectation, text)),
    );
    if (surplus !== undefined) return `unexpected ${kind} ${surplus}`;
  }
  return undefined;
}

function matches({ message, pattern }: Expectation, text: string): boolean {
  if (message !== undefined) return text === message;
  return pattern === undefined || new RegExp(pattern).test(text);
}

function compareVector(
  { expectations, expectedSeries }: EvalCommand,
  elements: readonly { labels: Labels; value: number }[],
): string | undefined {
  const got = elements.map(({ labels, value }) => `${labels} ${value}`).join('; ') || 'nothing';
  if (elements.length !== expectedSeries.length)
    return `expected ${expectedSeries.length} elements, got ${elements.length}: ${got}`;
  const ordered = expectations.some(({ kind }) => kind === 'ordered');
  const byKey = new Map(elements.map((element) => [element.labels.key, element]));
  for (const [i, { labels, points }] of expectedSeries.entries()) {
    const element = ordered ? elements[i] : byKey.get(labels.key);
    if (element === undefined || element.labels.key !== labels.key)
      return `expected ${labels}${ordered ? ` at position ${i + 1}` : ''}, got ${got}`;
    if (!almostEqual(points[0], element.value)) return `expected ${points[0]} for ${labels}, got ${element.value}`;
  }
  return undefined;
}

function compareMatrix(command: EvalCommand, { series }: Extract<QueryResult, { type: 'matrix' }>): string | undefined {
  const { startMs, stepMs } = command.expectedRange ?? command;
  const got =
    series
      .map(
        ({ labels, timesMs, values }) =>
          `${labels} ${values.map((value, i) => `${value}@${timesMs[i]! / 1000}`).join(' ')}`,
      )
      .join('; ') || 'nothing';
  const expected = command.expectedSeries.filter(({ points }) => points.some((point) => point !== 'missing'));
  if (series.length !== expected.length) return `expected ${expected.length} series, got ${series.length}: ${got}`;
  for (const { labels, points } of expected) {
    const actual = series.find((one) => one.labels.key === labels.key);
    if (actual === undefined) return `expected ${labels}, got ${got}`;
    const wanted = points.flatMap((point, i) => (point === 'missing' ? [] : [[startMs + i * stepMs, point] as const]));
    const same =
      wanted.length === actual.values.length &&
      wanted.every(([tMs, point], i) => actual.timesMs[i] === tMs && almostEqual(point, actual.values[i]!));
    if (!same)
      return `expected ${labels} ${wanted.map(([tMs, point]) => `${point}@${tMs / 1000}`).join(' ')}, got ${got}`;
  }
  return undefined;
}

/** Relative tolerance 1e-6, as upstream; NaN equals NaN. */
function almostEqual(expected: Point | undefined, actual: number): boolean {
  if (typeof expected !== 'number') return false;
  if (Number.isNaN(expected) || Number.isNaN(actual)) return Number.isNaN(expected) && Number.isNaN(actual);
  if (expected === actual) return true;
  const size = Math.abs(expected) + Math.abs(actual);
  return (
    Math.abs(expected - actual) / Math.min(size, Number.MAX_VALUE) < 1e-6 ||
    (size < 1e-300 && Math.abs(expected - actual) < 1e-306)
  );
}
