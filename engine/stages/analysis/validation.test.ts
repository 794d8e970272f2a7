import { expect, it } from 'vitest';
import { runSpecFromTemplates } from './templates.ts';
import type { AnalysisTemplate, Metric } from './types.ts';
import { validateMetrics } from './validation.ts';

const provider = { prometheus: { address: 'http://p', query: 'up' } };
const m = (fields: Partial<Metric>): Metric => ({ name: 'success-rate', provider, ...fields });

it.each<[Metric[], string]>([
  [[], 'no metrics specified'],
  [[m({}), m({})], "metrics[1]: duplicate name 'success-rate'"],
  [
    [m({ count: 1, failureLimit: 2 })],
    'metrics[0]: count (1) must be >= failureLimit + consecutiveSuccessLimit (2 + 0) if both >= 0',
  ],
  [[m({ count: 1, inconclusiveLimit: 2 })], 'metrics[0]: count must be >= inconclusiveLimit'],
  [[m({ count: 2 })], 'metrics[0]: interval must be specified when count > 1'],
  [[m({ failureLimit: -2 })], 'metrics[0]: failureLimit must be >= 0, or -1 to be disabled'],
  [[m({ failureLimit: -1 })], 'metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled'],
  [[m({ inconclusiveLimit: -1 })], 'metrics[0]: inconclusiveLimit must be >= 0'],
  [[m({ consecutiveErrorLimit: -1 })], 'metrics[0]: consecutiveErrorLimit must be >= 0'],
  [[m({ interval: 'x' })], 'metrics[0]: invalid interval string: time: invalid duration "x"'],
  [[m({ provider: {} })], 'metrics[0]: no provider specified'],
  [[m({ provider: { ...provider, web: {} } })], 'metrics[0]: multiple providers specified'],
])('rollouts/A21 %o: %s', (metrics, message) => {
  expect(() => validateMetrics(metrics)).toThrow(message);
});

it('rollouts/A21 count "0" passes', () => expect(() => validateMetrics([m({ count: '0' })])).not.toThrow());

const template = (name: string, spec: AnalysisTemplate['spec']): AnalysisTemplate => ({
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec,
});

it('rollouts/A24 arguments of the rollout win over defaults', () => {
  const a = template('a', {
    metrics: [m({ name: 'x' })],
    args: [{ name: 'host', value: 'default' }, { name: 'repo' }],
  });
  const b = template('b', {
    metrics: [m({ name: 'y' })],
    args: [{ name: 'host' }, { name: 'repo', value: 'default' }],
  });
  const given = [
    { name: 'host', value: 'h' },
    { name: 'repo', value: 'r' },
    { name: 'undeclared', value: 'dropped' },
  ];
  const spec = runSpecFromTemplates([a, b], { args: given });
  expect(spec.metrics?.map(({ name }) => name)).toEqual(['x', 'y']);
  expect(spec.args).toEqual([
    { name: 'host', value: 'h' },
    { name: 'repo', value: 'r' },
  ]);
});

it('rollouts/A25 conflicts', () => {
  const a = template('a', { metrics: [m({})], args: [{ name: 'x', value: 'a' }] });
  const b = template('b', { metrics: [m({ name: 'other' })], args: [{ name: 'x', value: 'b' }] });
  expect(() => runSpecFromTemplates([a, a], { args: [] })).toThrow("two metrics have the same name 'success-rate'");
  expect(() => runSpecFromTemplates([a, b], { args: [] })).toThrow(
    "Argument `x` specified multiple times with different values: 'a', 'b'",
  );
  const open = template('c', { metrics: [m({ name: 'third' })], args: [{ name: 'y' }] });
  expect(() => runSpecFromTemplates([open], { args: [] })).toThrow('args.y was not resolved');
});
