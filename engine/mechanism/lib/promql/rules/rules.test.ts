import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Labels } from '../labels.ts';
import { SeriesStore } from '../series-store.ts';
import { expandAlertTemplate } from './alert-template.ts';
import { evaluateRuleGroup, type RuleState } from './evaluate-group.ts';
import { readRuleFile } from './rule-file.ts';
import { readRuleTestFile } from './rule-test-file.ts';
import { runRuleTests } from './rule-tests.ts';

const read = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');

function group(text: string) {
  const { groups, problems } = readRuleFile('rules.yaml', `groups:\n- name: g\n  rules:\n${text}`);
  expect(problems).toEqual([]);
  const [first] = groups;
  if (first === undefined) throw new Error('a group was expected');
  return first;
}

const CONTEXT = { externalLabels: {}, externalUrl: '' };
const MINUTE_MS = 60_000;

/** The states of all alerts of the first rule, minute by minute, for an expression that is true where `values` is 1. */
function statesOver(values: string, fields: string): string[] {
  const rules = group(`  - alert: A\n    expr: x == 1\n${fields}`);
  const store = new SeriesStore();
  let states: readonly RuleState[] | undefined;
  return [...values].map((value, minute) => {
    const tMs = minute * MINUTE_MS;
    store.append(Labels.fromObject({ __name__: 'x' }), tMs, Number(value));
    states = evaluateRuleGroup(rules, states, store, tMs, CONTEXT).states;
    return [...(states[0]?.alerts.values() ?? [])].map(({ state }) => state[0]).join('') || '-';
  });
}

describe('evaluateRuleGroup', () => {
  it.each([
    ['111', '', 'f f f'],
    ['0111101', '    for: 2m\n', '- p p f f - p'],
    ['1100001', '    keep_firing_for: 2m\n', 'f f f f - - f'],
    ['1110100', '    for: 1m\n    keep_firing_for: 3m\n', 'p f f f f f f'],
    ['1010', '    for: 1m\n    keep_firing_for: 1h\n', 'p - p -'],
  ])('an alert over %s with %j is %s', (values, fields, expected) => {
    expect(statesOver(values, fields).join(' ')).toBe(expected);
  });

  it('marks what a rule no longer writes as stale, and keeps its state when it fails', () => {
    const rules = group('  - record: y\n    expr: x\n  - record: z\n    expr: x * on () x\n');
    const store = new SeriesStore();
    const x = (pod: string) => Labels.fromObject({ __name__: 'x', pod });
    store.append(x('a'), 0, 1);
    const first = evaluateRuleGroup(rules, undefined, store, 0, CONTEXT);
    expect(first.errors).toEqual([]);
    store.appendStale(x('a'), MINUTE_MS);
    store.append(x('b'), MINUTE_MS, 1);
    store.append(x('c'), MINUTE_MS, 1);
    const second = evaluateRuleGroup(rules, first.states, store, MINUTE_MS, CONTEXT);
    expect(second.errors).toEqual([
      { rule: 'z', message: expect.stringContaining('many-to-many matching not allowed') },
    ]);
    expect(second.states[1]).toBe(first.states[1]);
    const last = store.allSeries().filter(({ labels }) => labels.metricName === 'y');
    expect(last.map((series) => [series.labels.get('pod'), series.isStale(series.end - 1)])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
  });

  it.each([
    ['  - record: y\n    expr: x\n    labels: { pod: same }\n', 'same labelset after applying rule labels'],
    ['  - alert: A\n    expr: x\n    labels: { pod: same }\n', 'same labelset after applying alert labels'],
  ])('refuses equal label sets of %j', (text, message) => {
    const store = new SeriesStore();
    for (const pod of ['a', 'b']) store.append(Labels.fromObject({ __name__: 'x', pod }), 0, 1);
    expect(evaluateRuleGroup(group(text), undefined, store, 0, CONTEXT).errors[0]?.message).toContain(message);
  });

  it('a limit of a group is an error of the rule', () => {
    const limited = { ...group('  - record: y\n    expr: x\n'), limit: 1 };
    const store = new SeriesStore();
    for (const pod of ['a', 'b']) store.append(Labels.fromObject({ __name__: 'x', pod }), 0, 1);
    expect(evaluateRuleGroup(limited, undefined, store, 0, CONTEXT).errors[0]?.message).toBe(
      'exceeded limit of 1 with 2 series',
    );
  });
});

describe('rule files', () => {
  it('reads PrometheusRule manifests as well as plain groups', () => {
    const plain =
      'groups:\n- name: g\n  interval: 30s\n  labels: { team: shop }\n  rules:\n  - record: a:b\n    expr: x\n';
    const manifest = `apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: { name: n }\nspec:\n${plain.replace(/^/gm, '  ')}`;
    const [one, two] = [plain, `kind: ConfigMap\ndata: {}\n---\n${manifest}`].map((text) => readRuleFile('f', text));
    expect(one?.problems).toEqual([]);
    expect(two?.groups.map(({ name, rules }) => [name, rules[0]?.name, rules[0]?.labels])).toEqual([
      ['g', 'a:b', { team: 'shop' }],
    ]);
    expect(two?.problems).toEqual([]);
  });

  it.each([
    [
      'groups:\n- name: g\n  rules:\n  - record: a\n    expr: "rate(x[5m"\n',
      '5:11: expr: 1:10: parse error: unexpected end of input',
    ],
    ['groups:\n- name: g\n  rules:\n  - alert: a\n    expr: x\n    four: 5m\n', '6:5: a rule: unknown field "four"'],
    ['groups:\n- name: g\n  rules:\n  - alert: a\n    expr: x\n    for: soon\n', '6:10: for: "soon" is not a duration'],
    ['groups:\n- name: g\n  rules:\n  - record: a b\n    expr: x\n', '4:13: "a b" is not a metric name'],
    ['groups:\n- name: g\n  rules:\n  - record: a\n    expr: x\n    for: 5m\n', '6:10: "for" belongs to alerts'],
    ['groups:\n- name: g\n  rules:\n  - expr: x\n', '4:5: a rule has either "record" or "alert"'],
    ['groups:\n- name: g\n  rules:\n  - alert: a\n', '4:5: a rule needs an "expr"'],
    [
      'groups:\n- name: g\n  rules:\n  - alert: a\n    expr: x\n    annotations: { b: "{{ nope }}" }\n',
      'function "nope" not defined',
    ],
    ['groups:\n- name: g\n- name: g\n', 'group "g" is there twice'],
    ['groups: [\n', 'Flow sequence'],
    ['5\n', '1:1: the file must be a mapping'],
  ])('%j is refused with its place', (text, expected) => {
    const { problems } = readRuleFile('f', text);
    expect(problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n')).toContain(expected);
  });
});

describe('tests of rules', () => {
  it('passes what promtool passes (testdata/shop.test.yaml, verified by rules.e2e.test.ts)', () => {
    const { tests, problems } = readRuleTestFile('shop.test.yaml', read('shop.test.yaml'));
    expect(problems).toEqual([]);
    const { groups } = readRuleFile('shop.rules.yaml', read('shop.rules.yaml'));
    expect(runRuleTests(tests, groups)).toEqual({ file: 'shop.test.yaml', tests: 1, checks: 13, failures: [] });
  });

  it('says what came instead', () => {
    const text =
      'tests:\n- input_series: [{ series: "x", values: "1 2" }]\n  promql_expr_test: [{ expr: "x + 1", eval_time: 1m, exp_samples: [{ value: 2 }] }]\n';
    const { tests } = readRuleTestFile('t.yaml', text);
    expect(runRuleTests(tests, []).failures).toEqual([
      { test: 'test 1', line: 2, evalMs: MINUTE_MS, subject: 'query x + 1', expected: ['{} 2'], got: ['{} 3'] },
    ]);
  });

  it('fuzzy_compare forgives the last binary digit', () => {
    const text = (fuzzy: string) =>
      `${fuzzy}tests:\n- promql_expr_test: [{ expr: "0.1 + 0.2", eval_time: 0m, exp_samples: [{ value: 0.3 }] }]\n`;
    const failures = ['', 'fuzzy_compare: true\n'].map(
      (fuzzy) => runRuleTests(readRuleTestFile('t', text(fuzzy)).tests, []).failures.length,
    );
    expect(failures).toEqual([1, 0]);
  });

  it('tells mistakes with their place', () => {
    const { problems } = readRuleTestFile(
      't',
      'tests:\n- input_series:\n  - series: x{\n    values: 1\n  alert_rule_test:\n  - eval_time: 1m\n',
    );
    expect(problems.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '3: invalid labels in "x{ 1"',
      '6: an alert test needs "alertname"',
    ]);
  });
});

it.each([
  ['{{ humanize 1234567.0 }} {{ humanize 0.00012 }} {{ humanize 0.0 }}', '1.235M 120u 0'],
  ['{{ humanize1024 1048576.0 }} {{ humanizePercentage 0.12345 }}', '1Mi 12.35%'],
  [
    '{{ humanizeDuration 90061.0 }} {{ humanizeDuration 3661.5 }} {{ humanizeDuration 0.0321 }}',
    '1d 1h 1m 1s 1h 1m 1s 32.1ms',
  ],
  ['{{ humanizeTimestamp 1700000000.5 }}', '2023-11-14 22:13:20.5 +0000 UTC'],
  ['{{ $labels.a }}-{{ $labels.none }}-{{ $value }}', '1--0.05'],
  ['{{ range query "x" | sortByLabel "pod" }}{{ .Labels.pod }}={{ .Value }};{{ end }}', 'a=1;b=2;'],
  ['{{ range query "x" }}{{ label "pod" . }}{{ end }}', 'ba'],
  ['{{ parseDuration "1h30m" }} {{ toUpper "a" }} {{ match "^a+$" "aaa" }}', '5400 A true'],
  ['{{ first (query "none") }}', /^<error expanding template: .*first\(\) called on vector with no elements/],
])('alert template %s', (text, expected) => {
  const got = expandAlertTemplate(text, {
    labels: { a: '1' },
    externalLabels: {},
    externalUrl: '',
    value: 0.05,
    tMs: 0,
    query: (query) =>
      query === 'none'
        ? []
        : [
            { labels: { pod: 'b' }, value: 2 },
            { labels: { pod: 'a' }, value: 1 },
          ],
  });
  if (typeof expected === 'string') expect(got).toBe(expected);
  else expect(got).toMatch(expected);
});
