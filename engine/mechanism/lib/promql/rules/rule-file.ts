/** Rule files: `groups:` as Prometheus reads them, or PrometheusRule manifests. */
import type { Node } from 'yaml';
import type { Expr } from '../ast.ts';
import { parseDurationMs } from '../duration.ts';
import { PromqlError } from '../errors.ts';
import { parseQuery } from '../parse.ts';
import { checkAlertTemplate } from './alert-template.ts';
import { type Problem, YamlReader } from './yaml-reader.ts';

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  readonly queryOffsetMs: number;
  /** Most alerts or series of one rule; 0: any number. */
  readonly limit: number;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly kind: 'record' | 'alert';
  /** The metric that is recorded, or the name of the alert. */
  readonly name: string;
  readonly expr: Expr;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

const GROUP_FIELDS = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules', 'partial_response_strategy'];
const RULE_FIELDS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

/** All groups of a file and everything that is wrong with it. Manifests of other kinds are passed over. */
export function readRuleFile(
  file: string,
  text: string,
): { groups: readonly RuleGroup[]; problems: readonly Problem[] } {
  const reader = new YamlReader(file, text);
  const groups = reader.documents.flatMap((document) =>
    groupNodes(reader, document).map((node) => readGroup(reader, node)),
  );
  const names = new Set<string>();
  for (const { name } of groups) {
    if (names.has(name)) reader.fail(reader.documents[0], `group "${name}" is there twice`);
    names.add(name);
  }
  return { groups, problems: reader.problems };
}

function groupNodes(reader: YamlReader, document: Node): readonly Node[] {
  const top = reader.fields(document, 'the file');
  const kind = reader.text(top.get('kind'), 'kind');
  if (kind === '') return reader.list(reader.fields(document, 'the file', ['groups']).get('groups'), 'groups');
  if (kind !== 'PrometheusRule') return [];
  return reader.list(reader.fields(top.get('spec'), 'spec', ['groups']).get('groups'), 'spec.groups');
}

function readGroup(reader: YamlReader, node: Node): RuleGroup {
  const fields = reader.fields(node, 'a group', GROUP_FIELDS);
  const name = reader.text(fields.get('name'), 'name');
  if (name === '') reader.fail(node, 'a group needs a name');
  readDuration(reader, fields.get('interval'), 'interval');
  const labels = reader.texts(fields.get('labels'), 'labels');
  const limit = Number(reader.text(fields.get('limit'), 'limit') || '0');
  if (!Number.isInteger(limit)) reader.fail(fields.get('limit'), 'limit must be a whole number');
  return {
    name,
    file: reader.file,
    queryOffsetMs: readDuration(reader, fields.get('query_offset'), 'query_offset'),
    limit,
    rules: reader.list(fields.get('rules'), 'rules').flatMap((rule) => readRule(reader, rule, labels) ?? []),
  };
}

function readRule(reader: YamlReader, node: Node, groupLabels: Record<string, string>): Rule | undefined {
  const fields = reader.fields(node, 'a rule', RULE_FIELDS);
  const record = reader.text(fields.get('record'), 'record');
  const alert = reader.text(fields.get('alert'), 'alert');
  if ((record === '') === (alert === '')) return reader.fail(node, 'a rule has either "record" or "alert"');
  const kind = record === '' ? 'alert' : 'record';
  if (kind === 'record') {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(record))
      reader.fail(fields.get('record'), `"${record}" is not a metric name`);
    for (const name of ['for', 'keep_firing_for', 'annotations'])
      if (fields.has(name)) reader.fail(fields.get(name), `"${name}" belongs to alerts, not to recording rules`);
  }
  const labels = { ...groupLabels, ...reader.texts(fields.get('labels'), 'labels') };
  const annotations = reader.texts(fields.get('annotations'), 'annotations');
  checkTexts(reader, kind, fields, labels, annotations);
  const expr = readExpr(reader, node, fields.get('expr'));
  if (expr === undefined) return undefined;
  return {
    kind,
    name: kind === 'record' ? record : alert,
    expr,
    labels,
    annotations,
    forMs: readDuration(reader, fields.get('for'), 'for'),
    keepFiringForMs: readDuration(reader, fields.get('keep_firing_for'), 'keep_firing_for'),
  };
}

function checkTexts(
  reader: YamlReader,
  kind: Rule['kind'],
  fields: ReadonlyMap<string, Node>,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name === '__name__')
      reader.fail(fields.get('labels'), `"${name}" is not a name for a label of a rule`);
  }
  if (kind === 'record') return;
  for (const [name, text] of [...Object.entries(labels), ...Object.entries(annotations)]) {
    const problem = checkAlertTemplate(text);
    if (problem !== undefined)
      reader.fail(fields.get(name in annotations ? 'annotations' : 'labels'), `template of "${name}": ${problem}`);
  }
}

function readExpr(reader: YamlReader, rule: Node, node: Node | undefined): Expr | undefined {
  const text = reader.text(node, 'expr');
  if (text === '') return reader.fail(rule, 'a rule needs an "expr"');
  try {
    return parseQuery(text);
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return reader.fail(node, `expr: ${error.message}`);
  }
}

/** Milliseconds of an optional duration. */
export function readDuration(reader: YamlReader, node: Node | undefined, what: string): number {
  const text = reader.text(node, what);
  if (text === '') return 0;
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  reader.fail(node, `${what}: "${text}" is not a duration such as 5m or 1h30m`);
  return 0;
}
