/** Test files of rules, in the format of `promtool test rules`. */
import type { Node } from 'yaml';
import { parseSeriesLine, ScriptError, type SeriesLine } from '../conformance-script.ts';
import { Labels } from '../labels.ts';
import { readDuration } from './rule-file.ts';
import { type Problem, YamlReader } from './yaml-reader.ts';

export interface RuleTestFile {
  readonly file: string;
  /** As written: relative to the test file, `*` allowed. */
  readonly ruleFiles: readonly string[];
  readonly intervalMs: number;
  readonly groupOrder: readonly string[];
  /** Numbers one step of their last binary digit apart are equal. */
  readonly fuzzy: boolean;
  readonly tests: readonly RuleTest[];
}

export interface RuleTest {
  readonly name: string;
  readonly line: number;
  readonly startMs: number;
  readonly stepMs: number;
  readonly series: readonly SeriesLine[];
  readonly alerts: readonly AlertCase[];
  readonly queries: readonly QueryCase[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

export interface AlertCase {
  readonly evalMs: number;
  readonly name: string;
  readonly expected: readonly { readonly labels: Labels; readonly annotations: Labels }[];
}

export interface QueryCase {
  readonly evalMs: number;
  readonly expr: string;
  readonly expected: readonly { readonly labels: Labels; readonly value: number }[];
}

const FILE_FIELDS = ['rule_files', 'evaluation_interval', 'group_eval_order', 'tests', 'fuzzy_compare'];
const TEST_FIELDS = [
  'name',
  'interval',
  'input_series',
  'alert_rule_test',
  'promql_expr_test',
  'external_labels',
  'external_url',
  'start_timestamp',
];
const MINUTE_MS = 60_000;

/** The tests of a file, and everything that is wrong with it. */
export function readRuleTestFile(file: string, text: string): { tests: RuleTestFile; problems: readonly Problem[] } {
  const reader = new YamlReader(file, text);
  const fields = reader.fields(reader.documents[0], 'the test file', FILE_FIELDS);
  const intervalMs = readDuration(reader, fields.get('evaluation_interval'), 'evaluation_interval') || MINUTE_MS;
  const texts = (name: string) => reader.list(fields.get(name), name).map((node) => reader.text(node, name));
  const tests = {
    file,
    ruleFiles: texts('rule_files'),
    intervalMs,
    groupOrder: texts('group_eval_order'),
    fuzzy: reader.text(fields.get('fuzzy_compare'), 'fuzzy_compare') === 'true',
    tests: reader.list(fields.get('tests'), 'tests').map((node) => readTest(reader, node, intervalMs)),
  };
  return { tests, problems: reader.problems };
}

function readTest(reader: YamlReader, node: Node, intervalMs: number): RuleTest {
  const fields = reader.fields(node, 'a test', TEST_FIELDS);
  return {
    name: reader.text(fields.get('name'), 'name'),
    line: reader.lineOf(node),
    startMs: readStart(reader, fields.get('start_timestamp')),
    stepMs: readDuration(reader, fields.get('interval'), 'interval') || intervalMs,
    series: reader.list(fields.get('input_series'), 'input_series').flatMap((one) => readSeries(reader, one) ?? []),
    alerts: reader.list(fields.get('alert_rule_test'), 'alert_rule_test').map((one) => readAlertCase(reader, one)),
    queries: reader.list(fields.get('promql_expr_test'), 'promql_expr_test').map((one) => readQueryCase(reader, one)),
    externalLabels: reader.texts(fields.get('external_labels'), 'external_labels'),
    externalUrl: reader.text(fields.get('external_url'), 'external_url'),
  };
}

/** Seconds since the epoch or RFC 3339. */
function readStart(reader: YamlReader, node: Node | undefined): number {
  const text = reader.text(node, 'start_timestamp');
  if (text === '') return 0;
  const timeMs = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (!Number.isNaN(timeMs)) return timeMs;
  reader.fail(node, `start_timestamp: "${text}" is neither seconds since 1970 nor a time such as 2026-01-05T09:00:00Z`);
  return 0;
}

function readSeries(reader: YamlReader, node: Node): SeriesLine | undefined {
  const fields = reader.fields(node, 'a series', ['series', 'values']);
  const series = reader.text(fields.get('series'), 'series');
  const values = reader.text(fields.get('values'), 'values');
  const line = parseLine(reader, fields.get('series') ?? node, `${series} ${values}`);
  if (line?.points.includes('native') === true)
    return reader.fail(fields.get('values'), 'native histograms are not supported');
  return line;
}

function readAlertCase(reader: YamlReader, node: Node): AlertCase {
  const fields = reader.fields(node, 'an alert test', ['eval_time', 'alertname', 'exp_alerts']);
  const name = reader.text(fields.get('alertname'), 'alertname');
  if (name === '') reader.fail(node, 'an alert test needs "alertname"');
  const expected = reader.list(fields.get('exp_alerts'), 'exp_alerts').map((one) => {
    const alert = reader.fields(one, 'an expected alert', ['exp_labels', 'exp_annotations']);
    const labels = reader.texts(alert.get('exp_labels'), 'exp_labels');
    const annotations = reader.texts(alert.get('exp_annotations'), 'exp_annotations');
    return { labels: Labels.fromObject({ ...labels, alertname: name }), annotations: Labels.fromObject(annotations) };
  });
  return { evalMs: readDuration(reader, fields.get('eval_time'), 'eval_time'), name, expected };
}

function readQueryCase(reader: YamlReader, node: Node): QueryCase {
  const fields = reader.fields(node, 'a query test', ['expr', 'eval_time', 'exp_samples']);
  const expected = reader.list(fields.get('exp_samples'), 'exp_samples').flatMap((one) => {
    const sample = reader.fields(one, 'an expected sample', ['labels', 'value', 'histogram']);
    if (sample.has('histogram')) reader.fail(sample.get('histogram'), 'native histograms are not supported');
    const line = parseLine(reader, sample.get('labels') ?? one, reader.text(sample.get('labels'), 'labels') || '{}');
    const value = readNumber(reader, sample.get('value'));
    return line === undefined ? [] : [{ labels: line.labels, value }];
  });
  const expr = reader.text(fields.get('expr'), 'expr');
  if (expr === '') reader.fail(node, 'a query test needs "expr"');
  return { evalMs: readDuration(reader, fields.get('eval_time'), 'eval_time'), expr, expected };
}

/** YAML writes `.inf` and `.nan`, PromQL `Inf` and `NaN`; both are taken. */
function readNumber(reader: YamlReader, node: Node | undefined): number {
  const text = reader
    .text(node, 'value')
    .toLowerCase()
    .replace(/^([+-]?)\./, '$1');
  const special = /^([+-]?)(inf|nan)$/.exec(text);
  if (special?.[2] === 'nan') return Number.NaN;
  if (special !== null) return special[1] === '-' ? -Infinity : Infinity;
  const fraction = reader.text(node, 'value');
  const value = fraction === '' ? 0 : Number(fraction);
  if (Number.isNaN(value)) reader.fail(node, `value: "${fraction}" is not a number`);
  return value;
}

function parseLine(reader: YamlReader, node: Node, text: string): SeriesLine | undefined {
  try {
    return parseSeriesLine(text, 1);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return reader.fail(node, error.message.replace(/^line 1: /, ''));
  }
}
