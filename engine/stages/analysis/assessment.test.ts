import { expect, it } from 'vitest';
import { assessMetric } from './assessment.ts';
import type { Metric, MetricResult, Phase } from './types.ts';

type Counts = Pick<
  MetricResult,
  'failed' | 'inconclusive' | 'consecutiveError' | 'consecutiveSuccess' | 'count' | 'successful'
>;

const done = { phase: 'Successful' } as const;

function assess(metric: Partial<Metric>, counts: Counts, measurements: MetricResult['measurements'] = [done]): string {
  const given: Metric = { name: 'm', interval: '60s', ...metric };
  const result: MetricResult = { name: 'm', phase: 'Running', measurements, ...counts };
  const phases = [false, true].map((terminating) => assessMetric(given, result, terminating));
  return phases[0] === phases[1] ? (phases[0] as string) : phases.join('/');
}

const a07 = { failureLimit: -1 };
const a07counts = { failed: 3, successful: 4, consecutiveSuccess: 3, count: 7 };
const a08 = { failureLimit: 4, consecutiveSuccessLimit: 4 };

it.each<[string, Partial<Metric>, Counts, string]>([
  ['A03 over the failure limit', { failureLimit: 2 }, { failed: 3 }, 'Failed'],
  ['A03 at the failure limit', { failureLimit: 3 }, { failed: 3 }, 'Running/Successful'],
  ['A04 over the inconclusive limit', { inconclusiveLimit: 2 }, { inconclusive: 3 }, 'Inconclusive'],
  ['A04 at the inconclusive limit', { inconclusiveLimit: 3 }, { inconclusive: 3 }, 'Running/Successful'],
  ['A05 over the default error limit', {}, { consecutiveError: 5 }, 'Error'],
  ['A05 at the default error limit', {}, { consecutiveError: 4 }, 'Running/Successful'],
  ['A06 count reached', { count: 10 }, { successful: 10, count: 10 }, 'Successful'],
  ['A06 half inconclusive', { count: 10 }, { successful: 5, inconclusive: 5, count: 10 }, 'Inconclusive'],
  ['A07 limit 3', { ...a07, consecutiveSuccessLimit: 3 }, a07counts, 'Successful'],
  ['A07 limit 5 without count', { ...a07, consecutiveSuccessLimit: 5 }, a07counts, 'Running/Successful'],
  ['A07 limit 5 count 7', { ...a07, consecutiveSuccessLimit: 5, count: 7 }, a07counts, 'Failed'],
  ['A07 limit 3 count 7', { ...a07, consecutiveSuccessLimit: 3, count: 7 }, a07counts, 'Successful'],
  ['A07 limit 3 count 9', { ...a07, consecutiveSuccessLimit: 3, count: 9 }, a07counts, 'Successful'],
  ['A07 limit 5 count 9', { ...a07, consecutiveSuccessLimit: 5, count: 9 }, a07counts, 'Running/Successful'],
  ['A08 neither', a08, { failed: 3, consecutiveSuccess: 3 }, 'Running/Successful'],
  ['A08 failures', a08, { failed: 5, consecutiveSuccess: 0 }, 'Failed'],
  ['A08 successes', a08, { failed: 3, consecutiveSuccess: 4 }, 'Successful'],
  ['A08 both', a08, { failed: 5, consecutiveSuccess: 4 }, 'Failed'],
  ['A08 count: neither', { ...a08, count: 10 }, { failed: 4, consecutiveSuccess: 3, count: 10 }, 'Inconclusive'],
  ['A08 count: failures', { ...a08, count: 10 }, { failed: 5, consecutiveSuccess: 3, count: 10 }, 'Failed'],
  ['A08 count: successes', { ...a08, count: 10 }, { failed: 4, consecutiveSuccess: 4, count: 10 }, 'Successful'],
  ['A08 count: both', { ...a08, count: 10 }, { failed: 5, consecutiveSuccess: 4, count: 10 }, 'Failed'],
  [
    'A08 before count: neither',
    { ...a08, count: 10 },
    { failed: 3, consecutiveSuccess: 3, count: 8 },
    'Running/Successful',
  ],
  ['A08 before count: failures', { ...a08, count: 10 }, { failed: 5, consecutiveSuccess: 3, count: 8 }, 'Failed'],
  ['A08 before count: successes', { ...a08, count: 10 }, { failed: 3, consecutiveSuccess: 4, count: 8 }, 'Successful'],
])('rollouts/%s', (_id, metric, counts, phases) => {
  expect(assess(metric, counts)).toBe(phases);
});

it('rollouts/A01 no measurements', () => expect(assess({}, {}, [])).toBe('Pending/Successful'));

it('rollouts/A02 the last measurement in flight', () => {
  expect(assess({}, { failed: 3 }, [{ phase: 'Running' }])).toBe('Running');
});

it.each<Phase>(['Successful', 'Failed', 'Error', 'Inconclusive'])('a completed phase stays: %s', (phase) => {
  const result: MetricResult = { name: 'm', phase, measurements: [done], failed: 9 };
  expect(assessMetric({ name: 'm' }, result, false)).toBe(phase);
});
