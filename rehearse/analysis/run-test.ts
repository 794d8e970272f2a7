import type { Answers } from '../../engine/mechanism/control/plan.ts';
import {
  evaluateInstant,
  evaluateRange,
  formatData,
  PromqlError,
  parseQuery,
  SeriesStore,
} from '../../engine/mechanism/lib/promql/index.ts';
import { AnalysisError } from '../../engine/stages/analysis/arguments.ts';
import { planAnalysisRun } from '../../engine/stages/analysis/plan.ts';
import { collectTemplates, runSpecFromTemplates } from '../../engine/stages/analysis/templates.ts';
import type { AnalysisRun, AnalysisRunStatus, AnalysisTemplate } from '../../engine/stages/analysis/types.ts';
import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import type { Answer, MetricResult, Question } from '../../engine/vocabulary/machine/questions.ts';
import { didYouMean } from '../scenario/shape.ts';
import type { AnalysisTest } from './test-file.ts';

/** Series begin at this time: a Monday, so that functions of the calendar have something to say. */
const EPOCH_MS = Date.parse('2026-01-05T00:00:00Z');
/** Plans at most; a run is planned a few times a measurement. */
const PLANS_MAX = 20_000;

export interface AnalysisTestResult {
  test: AnalysisTest;
  failures: readonly string[];
  phase: string;
  metrics: readonly {
    name: string;
    phase: string;
    measurements: readonly { phase: string; value?: string; message?: string }[];
  }[];
}

/** Runs one test: the controller's own planning, with the real evaluator over the given series. */
export function runAnalysisTest(test: AnalysisTest, templates: readonly AnalysisTemplate[]): AnalysisTestResult {
  const template = templates.find(({ metadata }) => metadata.name === test.template);
  if (template === undefined) {
    const names = templates.map(({ metadata }) => metadata.name);
    const fix = didYouMean(test.template, names) ?? `there are: ${names.join(', ') || 'none'}`;
    return failed(test, `there is no template "${test.template}"; ${fix}`);
  }
  try {
    const { status, seen } = play(test, template, templates);
    const metrics = (status.metricResults ?? []).map(({ name, phase }) => ({
      name,
      phase,
      measurements: seen.get(name) ?? [],
    }));
    const result = { test, phase: status.phase ?? 'Pending', metrics, failures: [] };
    return { ...result, failures: differences(result, status.message ?? '') };
  } catch (error) {
    if (error instanceof AnalysisError) return failed(test, error.message);
    throw error;
  }
}

function failed(test: AnalysisTest, failure: string): AnalysisTestResult {
  return { test, failures: [failure], phase: 'Error', metrics: [] };
}

type Seen = Map<string, { phase: string; value?: string; message?: string }[]>;

function play(test: AnalysisTest, template: AnalysisTemplate, templates: readonly AnalysisTemplate[]) {
  const store = loadSeries(test);
  const args = Object.entries(test.args).map(([name, value]) => ({ name, value }));
  const chosen = collectTemplates(
    [{ templateName: test.template, clusterScope: template.kind === 'ClusterAnalysisTemplate' }],
    (ref) => templates.find(({ metadata }) => metadata.name === ref.templateName),
  );
  let spec = runSpecFromTemplates(chosen, { args });
  let nowMs = EPOCH_MS + test.startMs;
  const endMs = nowMs + test.forMs;
  let status: AnalysisRunStatus = {};
  const seen: Seen = new Map();
  const done = new Set<string>();
  const answers: Answers = { of: (question) => answer(store, question, nowMs) as never };
  for (let plans = 0; plans < PLANS_MAX; plans++) {
    const metadata = {
      name: 'test',
      namespace: 'test',
      uid: 'test',
      resourceVersion: '1',
      creationTimestamp: formatTime(EPOCH_MS),
    };
    const run: AnalysisRun = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata, spec, status };
    const plan = planAnalysisRun({ run, secrets: new Map(), jobs: new Map(), answers }, nowMs);
    const before = JSON.stringify(status);
    status = JSON.parse(JSON.stringify(plan.status ?? status)) as AnalysisRunStatus;
    note(status, seen, done);
    if (['Successful', 'Failed', 'Error', 'Inconclusive'].includes(status.phase ?? '')) break;
    if (JSON.stringify(status) !== before) continue;
    const nextMs = plan.wakeAtMs;
    if (nextMs !== undefined && nextMs <= endMs) nowMs = Math.max(nextMs, nowMs + 1);
    else if (spec.terminate) break;
    else {
      // As a Rollout ends its background analysis.
      nowMs = endMs;
      spec = { ...spec, terminate: true };
    }
  }
  return { status, seen };
}

function loadSeries({ series, intervalMs }: AnalysisTest): SeriesStore {
  const store = new SeriesStore({ retentionMs: Number.POSITIVE_INFINITY });
  for (const { labels, points } of series) {
    points.forEach((point, index) => {
      const tMs = EPOCH_MS + index * intervalMs;
      if (point === 'stale') store.appendStale(labels, tMs);
      else if (typeof point === 'number') store.append(labels, tMs, point);
    });
  }
  return store;
}

function answer(store: SeriesStore, question: Question, nowMs: number): Answer | undefined {
  if (question.ask !== 'query') {
    return { ok: false, failure: { code: 'NotTested', message: 'only Prometheus metrics can be tested with series' } };
  }
  const { query, range } = question.request;
  try {
    const expr = parseQuery(query);
    const result = range === undefined ? evaluateInstant(expr, store, nowMs) : evaluateRange(expr, store, range);
    return { ok: true, value: formatData(result) as MetricResult };
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return { ok: false, failure: { code: error.type, message: error.message } };
  }
}

/** Collects measurements: a status keeps the newest ten only. */
function note(status: AnalysisRunStatus, seen: Seen, done: Set<string>): void {
  for (const { name, measurements = [] } of status.metricResults ?? []) {
    const list = seen.get(name) ?? [];
    seen.set(name, list);
    for (const { startedAt, finishedAt, phase, value, message } of measurements) {
      const id = `${name} ${startedAt}`;
      if (finishedAt === undefined || done.has(id)) continue;
      done.add(id);
      list.push({ phase, ...(value === undefined ? {} : { value }), ...(message === undefined ? {} : { message }) });
    }
  }
}

function differences({ test, phase, metrics }: Omit<AnalysisTestResult, 'failures'>, message: string): string[] {
  const { expect } = test;
  const found: string[] = [];
  if (phase !== expect.phase)
    found.push(`the run is ${phase}, expected ${expect.phase}${message === '' ? '' : ` (${message})`}`);
  if (expect.message !== undefined && !message.includes(expect.message))
    found.push(`the message is "${message}", expected one with "${expect.message}"`);
  for (const [name, wanted] of Object.entries(expect.metrics ?? {})) {
    const metric = metrics.find((one) => one.name === name);
    if (metric === undefined) {
      const names = metrics.map((one) => one.name);
      found.push(`there is no metric "${name}"; ${didYouMean(name, names) ?? `there are: ${names.join(', ')}`}`);
      continue;
    }
    if (wanted.phase !== undefined && metric.phase !== wanted.phase)
      found.push(`${name} is ${metric.phase}, expected ${wanted.phase}`);
    const got = metric.measurements.map((one) => one.phase);
    if (wanted.measurements !== undefined && got.join() !== wanted.measurements.join()) {
      const values = metric.measurements.map((one) => `${one.phase} ${one.value ?? one.message ?? ''}`.trim());
      found.push(`${name} measured ${values.join(', ') || 'nothing'}; expected ${wanted.measurements.join(', ')}`);
    }
  }
  return found;
}
