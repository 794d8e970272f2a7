/** Runs tests of rules, with the semantics of `promtool test rules`. */
import { PromqlError } from '../errors.ts';
import { evaluateInstant } from '../evaluate.ts';
import { compareLabels, Labels } from '../labels.ts';
import { formatFloat } from '../numeric.ts';
import { SeriesStore } from '../series-store.ts';
import { evaluateRuleGroup, type RuleContext, type RuleState } from './evaluate-group.ts';
import type { RuleGroup } from './rule-file.ts';
import type { AlertCase, QueryCase, RuleTest, RuleTestFile } from './rule-test-file.ts';

/** One expectation that was not met, or a rule that could not be evaluated. */
export interface RuleTestFailure {
  readonly test: string;
  /** Of the test in its file. */
  readonly line: number;
  readonly evalMs: number;
  /** `alert NAME`, `query EXPR` or `rule NAME`. */
  readonly subject: string;
  readonly expected: readonly string[];
  readonly got: readonly string[];
}

export interface RuleTestReport {
  readonly file: string;
  readonly tests: number;
  /** Expectations that were looked at. */
  readonly checks: number;
  readonly failures: readonly RuleTestFailure[];
}

/** Runs every test of a file against the groups of its rule files. */
export function runRuleTests(file: RuleTestFile, groups: readonly RuleGroup[]): RuleTestReport {
  const order = (group: RuleGroup) => {
    const index = file.groupOrder.indexOf(group.name);
    return index < 0 ? file.groupOrder.length : index;
  };
  const ordered = groups.toSorted((a, b) => order(a) - order(b));
  const failures = file.tests.flatMap((test, index) => new TestRun(file, test, index, ordered).run());
  const checks = file.tests.reduce((sum, { alerts, queries }) => sum + alerts.length + queries.length, 0);
  return { file: file.file, tests: file.tests.length, checks, failures };
}

class TestRun {
  readonly #file: RuleTestFile;
  readonly #test: RuleTest;
  readonly #name: string;
  readonly #groups: readonly RuleGroup[];
  readonly #states: (readonly RuleState[] | undefined)[] = [];
  readonly #store: SeriesStore;
  readonly #context: RuleContext;
  readonly #failures: RuleTestFailure[] = [];

  constructor(file: RuleTestFile, test: RuleTest, index: number, groups: readonly RuleGroup[]) {
    this.#file = file;
    this.#test = test;
    this.#name = test.name === '' ? `test ${index + 1}` : test.name;
    this.#groups = groups;
    this.#store = load(test);
    const { externalLabels, externalUrl } = test;
    this.#context = { externalLabels, externalUrl, options: { subqueryStepMs: file.intervalMs } };
  }

  run(): readonly RuleTestFailure[] {
    const { alerts, queries, startMs } = this.#test;
    const lastMs = Math.max(0, ...alerts.map(({ evalMs }) => evalMs), ...queries.map(({ evalMs }) => evalMs));
    const { intervalMs } = this.#file;
    for (let atMs = 0; atMs <= lastMs; atMs += intervalMs) {
      if (!this.#evaluate(startMs + atMs)) return this.#failures;
      for (const one of alerts) if (one.evalMs >= atMs && one.evalMs < atMs + intervalMs) this.#checkAlert(one);
    }
    for (const query of queries) this.#checkQuery(query);
    return this.#failures;
  }

  /** False when a rule failed: what would be checked afterwards means nothing. */
  #evaluate(tMs: number): boolean {
    const before = this.#failures.length;
    this.#groups.forEach((group, index) => {
      const { states, errors } = evaluateRuleGroup(group, this.#states[index], this.#store, tMs, this.#context);
      this.#states[index] = states;
      for (const { rule, message } of errors)
        this.#fail(tMs - this.#test.startMs, `rule ${rule}`, ['no error'], [message]);
    });
    return this.#failures.length === before;
  }

  #checkAlert({ evalMs, name, expected }: AlertCase): void {
    const firing = this.#groups.flatMap((group, index) =>
      group.rules.flatMap((rule, place) =>
        rule.kind !== 'alert' || rule.name !== name
          ? []
          : [...(this.#states[index]?.[place]?.alerts.values() ?? [])].filter(({ state }) => state === 'firing'),
      ),
    );
    const show = (alert: { labels: Labels; annotations: Labels }) =>
      `labels ${alert.labels.toBraces()}, annotations ${alert.annotations.toBraces()}`;
    const got = firing
      .map(({ labels, annotations }) => show({ labels, annotations: Labels.fromObject(annotations) }))
      .sort();
    const wanted = expected.map(show).sort();
    if (wanted.join('\n') !== got.join('\n')) this.#fail(evalMs, `alert ${name}`, wanted, got);
  }

  #checkQuery({ evalMs, expr, expected }: QueryCase): void {
    const show = ({ labels, value }: { labels: Labels; value: number }) => `${labels} ${formatFloat(value)}`;
    const wanted = expected.toSorted((a, b) => compareLabels(a.labels, b.labels));
    let got: { labels: Labels; value: number }[];
    try {
      got = this.#query(expr, this.#test.startMs + evalMs).sort((a, b) => compareLabels(a.labels, b.labels));
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      this.#fail(evalMs, `query ${expr}`, wanted.map(show), [`error: ${error.message}`]);
      return;
    }
    const same =
      got.length === wanted.length &&
      wanted.every(({ labels, value }, i) => {
        const other = got[i];
        return other !== undefined && other.labels.key === labels.key && this.#isEqual(value, other.value);
      });
    if (!same) this.#fail(evalMs, `query ${expr}`, wanted.map(show), got.map(show));
  }

  #query(expr: string, tMs: number): { labels: Labels; value: number }[] {
    const result = evaluateInstant(expr, this.#store, tMs, this.#context.options);
    if (result.type === 'vector') return [...result.elements];
    if (result.type === 'scalar') return [{ labels: Labels.EMPTY, value: result.value }];
    throw new PromqlError('execution', 'rule result is not a vector or scalar');
  }

  /** promtool's comparison: NaN equals nothing. */
  #isEqual(a: number, b: number): boolean {
    return a === b || (this.#file.fuzzy && (nextAfter(a, 1) === b || nextAfter(a, -1) === b));
  }

  #fail(evalMs: number, subject: string, expected: readonly string[], got: readonly string[]): void {
    this.#failures.push({ test: this.#name, line: this.#test.line, evalMs, subject, expected, got });
  }
}

function load({ series, startMs, stepMs }: RuleTest): SeriesStore {
  const store = new SeriesStore({ retentionMs: Infinity });
  for (const { labels, points } of series) {
    points.forEach((point, index) => {
      const tMs = startMs + index * stepMs;
      if (point === 'stale') store.appendStale(labels, tMs);
      else if (typeof point === 'number') store.append(labels, tMs, point);
    });
  }
  return store;
}

/** The next double above (1) or below (-1). */
function nextAfter(value: number, direction: 1 | -1): number {
  if (!Number.isFinite(value) || value === 0) return value === 0 ? direction * Number.MIN_VALUE : value;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 === direction > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
