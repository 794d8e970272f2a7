import { describe, expect, it } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { formatTime } from '#core/clock.ts';
import type { MetricResult as Answered } from '#machine/questions.ts';
import { goldenTests } from '../../host/golden.ts';
import { analysisRunController } from './controller.ts';
import type { Secret } from './observe.ts';
import { metric, NOW_MS, Run, vector } from './testing/run.ts';
import type { Metric, MetricResult } from './types.ts';

goldenTests(import.meta.dirname, analysisRunController as Controller<never>);

describe('measuring', () => {
  it('stores a measurement as running before it asks, under a name a restart repeats', () => {
    const run = new Run({ metrics: [metric()] });
    const first = run.planOnce();
    expect(first.effects).toEqual([]);
    expect(run.result.measurements).toEqual([{ phase: 'Running', startedAt: '2026-01-05T09:00:00Z' }]);
    const second = run.planOnce();
    expect(second.effects).toEqual([
      {
        effect: 'ask',
        question: {
          ask: 'query',
          measurement: 'u1/m/1',
          request: { provider: 'prometheus', address: 'http://prometheus:9090', query: 'up', timeoutMs: 30_000 },
        },
      },
    ]);
    expect(run.status?.phase).toBe('Successful');
  });

  it('rollouts/A16 first pass with an interval only', () => {
    const run = new Run({ metrics: [metric({ interval: '10s' })] }).settle();
    expect([run.status?.phase, run.result.phase, run.result.measurements?.length]).toEqual(['Running', 'Running', 1]);
    const once = new Run({ metrics: [metric({ interval: '10s', count: 1 })] }).settle();
    expect(once.status?.phase).toBe('Successful');
  });

  it('rollouts/A15 wakes after the interval, the initial delay, or ten seconds after an error', () => {
    const wake = (fields: Partial<Metric>, value?: string) => {
      const run = new Run({ metrics: [metric(fields)] }, value).settle();
      return (run.plans.at(-1)?.wakeAtMs ?? 0) - NOW_MS;
    };
    expect(wake({ interval: '60s' })).toBe(60_001);
    expect(wake({ initialDelay: '40s' })).toBe(40_000);
    expect(wake({ interval: '60s' }, 'no such host')).toBe(10_001);
  });

  it('rollouts/A17 a success after an error resets consecutiveError', () => {
    const run = new Run({ metrics: [metric({ interval: '60s' })] }, 'down').settle();
    expect(run.result.consecutiveError).toBe(1);
    run.answer = () => ({ ok: true, value: vector(1) });
    run.nowMs += 10_001;
    run.settle();
    expect([run.result.consecutiveError, run.result.error, run.result.count]).toEqual([undefined, 1, 1]);
  });

  it('rollouts/A41 an unreachable server is an error after five in a row, about forty seconds', () => {
    const run = new Run({ metrics: [metric()] }, 'connection refused').complete();
    expect(run.status?.phase).toBe('Error');
    expect(run.status?.message).toBe(
      'Metric "m" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: connection refused"',
    );
    expect(Math.round((run.nowMs - NOW_MS) / 1000)).toBe(40);
  });

  it('rollouts/A18 keeps ten measurements, or what the rule says', () => {
    const endless = metric({ interval: '1s' });
    const plain = new Run({ metrics: [endless] }).complete(15);
    expect([plain.result.measurements?.length, plain.result.count]).toEqual([10, 16]);
    const rule = [{ metricName: '^m$', limit: 2 }];
    const ruled = new Run({ metrics: [endless], measurementRetention: rule }).complete(15);
    expect(ruled.result.measurements).toHaveLength(2);
  });

  it('a failed measurement records its value and the query as sent', () => {
    const provider = { prometheus: { address: 'http://prometheus:9090', query: 'up{pod="{{ args.pod }}"}' } };
    const args = [{ name: 'pod', value: 'a"b' }];
    const run = new Run(
      { args, metrics: [metric({ provider, successCondition: 'result[0] > 5' })] },
      vector(1.5),
    ).settle();
    expect(run.result.measurements?.[0]).toEqual({
      phase: 'Failed',
      value: '[1.5]',
      startedAt: '2026-01-05T09:00:00Z',
      finishedAt: '2026-01-05T09:00:00Z',
      metadata: { ResolvedPrometheusQuery: 'up{pod="a"b"}', condition: 'successCondition "result[0] > 5" is false' },
    });
    expect(run.status?.message).toBe('Metric "m" assessed Failed due to failed (1) > failureLimit (0)');
    expect(run.events()).toEqual([
      `MeasurementFailed: Metric 'm' measurement Failed: value [1.5]; successCondition "result[0] > 5" is false; asked: up{pod="a"b"}`,
      "MetricFailed: Metric 'm' Completed. Result: Failed",
      'AnalysisRunFailed: Analysis Completed. Result: Failed',
    ]);
  });

  it('a provider that is not reproduced is an error that says so', () => {
    const run = new Run({ metrics: [metric({ provider: { datadog: { query: 'x' } } })] }).complete();
    expect(run.status?.phase).toBe('Error');
    expect(run.result.measurements?.[0]?.message).toBe('provider "datadog" is not reproduced by this engine');
  });
});

describe('the run', () => {
  const finished = (name: string, phase: MetricResult['phase'], extra: Partial<MetricResult> = {}): MetricResult => ({
    name,
    phase,
    measurements: [{ phase, startedAt: formatTime(NOW_MS), finishedAt: formatTime(NOW_MS) }],
    ...extra,
  });

  it('rollouts/A09 waits for every metric', () => {
    const metrics = [metric({ name: 'a' }), metric({ name: 'b', interval: '60s' })];
    const run = new Run({ metrics }).settle();
    expect([run.status?.phase, run.status?.message]).toEqual(['Running', undefined]);
  });

  it('rollouts/A10 and A11 one failure ends the others', () => {
    const metrics = [metric({ name: 'failed-metric' }), metric({ name: 'other', interval: '60s' })];
    const status = {
      phase: 'Running' as const,
      startedAt: formatTime(NOW_MS),
      metricResults: [
        finished('failed-metric', 'Running', {
          failed: 1,
          count: 1,
          measurements: [{ phase: 'Failed', message: 'Provider Error', finishedAt: formatTime(NOW_MS) }],
        }),
        finished('other', 'Running', { measurements: [{ phase: 'Running', startedAt: formatTime(NOW_MS) }] }),
      ],
    };
    const run = new Run({ metrics }, vector(1), status);
    run.answer = () => undefined;
    run.planOnce();
    expect(run.status?.phase).toBe('Running');
    run.settle();
    expect(run.status?.phase).toBe('Failed');
    expect(run.status?.message).toBe(
      'Metric "failed-metric" assessed Failed due to failed (1) > failureLimit (0): "Error Message: Provider Error"',
    );
    expect(run.status?.runSummary).toEqual({ count: 2, failed: 1, successful: 1 });
  });

  it('rollouts/A12 a dry-run metric fails without consequence', () => {
    const metrics = [metric({ name: 'a' }), metric({ name: 'b', successCondition: 'result[0] > 5' })];
    const run = new Run({ metrics, dryRun: [{ metricName: '.*' }] }).settle();
    expect([run.status?.phase, run.status?.message]).toEqual(['Successful', undefined]);
    expect(run.status?.dryRunSummary).toEqual({ count: 2, successful: 1, failed: 1 });
    expect(run.status?.metricResults?.[1]?.message).toBe('Metric assessed Failed due to failed (1) > failureLimit (0)');
  });

  it('rollouts/A13 terminate', () => {
    const run = new Run({ metrics: [metric({ interval: '60s' })] }).settle();
    run.spec = { ...run.spec, terminate: true };
    run.settle();
    expect([run.status?.phase, run.status?.message]).toEqual(['Successful', 'Run Terminated']);
    expect(run.status?.completedAt).toBe('2026-01-05T09:00:00Z');
  });

  it('terminate does not wait for a query that is under way', () => {
    const run = new Run({ metrics: [metric()] });
    run.answer = () => undefined;
    run.settle();
    run.spec = { ...run.spec, terminate: true };
    run.settle();
    expect([run.status?.phase, run.result.measurements]).toEqual(['Successful', []]);
    expect(run.plans.at(-1)?.effects).toEqual([]);
  });

  it.each([
    ['dryRun', { dryRun: [{ metricName: 'x' }] }],
    ['measurementRetention', { measurementRetention: [{ metricName: 'x', limit: 1 }] }],
  ])('rollouts/A14 a %s rule that matches nothing', (field, rules) => {
    const run = new Run({ metrics: [metric()], ...rules }).settle();
    expect(run.status).toEqual({
      phase: 'Error',
      message: `Analysis spec invalid: ${field}[0]: Rule didn't match any metric name(s)`,
    });
  });

  it.each([
    [86_401, 'secondsAfterCompletion', 'Error', true],
    [86_400, 'secondsAfterCompletion', 'Error', false],
    [86_401, 'secondsAfterSuccess', 'Successful', true],
    [86_401, 'secondsAfterFailure', 'Failed', true],
    [86_401, 'secondsAfterFailure', 'Successful', false],
  ] as const)('rollouts/A19 %i s after the end, %s, %s: deleted %s', (ageSeconds, field, phase, deleted) => {
    const status = { phase, completedAt: formatTime(NOW_MS - ageSeconds * 1000) };
    const run = new Run({ metrics: [metric()], ttlStrategy: { [field]: 86_400 } }, vector(1), status);
    expect(run.planOnce().effects.map(({ effect }) => effect)).toEqual(deleted ? ['delete'] : []);
  });
});

describe('arguments', () => {
  const args = [{ name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
  const headers = [{ key: 'Authorization', value: 'Bearer {{args.token}}' }];
  const provider = { prometheus: { address: 'http://p:9090', query: 'up{t="{{args.token}}"}', headers } };

  it('rollouts/A20 secrets are used and never shown', () => {
    const missing = new Run({ args, metrics: [metric({ provider })] }).settle();
    expect(missing.status?.message).toBe('Unable to resolve metric arguments: secrets "s" not found');
    const noKey = new Run({ args, metrics: [metric({ provider })] });
    noKey.secrets.set('s', { data: {} } as unknown as Secret);
    expect(noKey.settle().status?.message).toBe(
      "Unable to resolve metric arguments: key 'k' does not exist in secret 's'",
    );
    const run = new Run({ args, metrics: [metric({ provider })] }, 'denied for hunter2');
    run.secrets.set('s', { data: { k: btoa('hunter2') } } as unknown as Secret);
    run.settle();
    expect(JSON.stringify(run.plans.flatMap(({ effects }) => effects))).toContain('Bearer hunter2');
    expect(JSON.stringify(run.status)).not.toContain('hunter2');
    expect(run.result.measurements?.[0]?.message).toBe('denied for *****');
  });

  it.each([
    ['{{args.nope}}', 'failed to resolve {{args.nope}}'],
    ['{{ other }}', 'failed to resolve {{ other }}'],
  ])('an unknown tag %s is an error', (query, message) => {
    const unknown = { prometheus: { address: 'http://p:9090', query } };
    const run = new Run({ metrics: [metric({ provider: unknown })] }).settle();
    expect(run.status?.message).toBe(`Unable to resolve metric arguments: ${message}`);
  });

  it('an argument without a value is an error', () => {
    const run = new Run({ args: [{ name: 'x' }], metrics: [metric()] }).settle();
    expect(run.status?.message).toBe('Unable to resolve metric arguments: argument "x" was not supplied');
  });
});

describe('prometheus answers', () => {
  it.each<[string, Answered | string, Partial<Metric>, string, string | undefined]>([
    [
      'A28 scalar',
      { resultType: 'scalar', result: [0, '10'] },
      { successCondition: 'result == 10' },
      'Successful',
      '10',
    ],
    ['A28 scalar', { resultType: 'scalar', result: [0, '10'] }, { successCondition: 'result != 10' }, 'Failed', '10'],
    [
      'A28 NaN',
      { resultType: 'scalar', result: [0, 'NaN'] },
      { successCondition: 'result >= 0.9', failureCondition: 'result < 0.9' },
      'Inconclusive',
      'NaN',
    ],
    ['A28 NaN', { resultType: 'scalar', result: [0, 'NaN'] }, { successCondition: 'result >= 0.9' }, 'Failed', 'NaN'],
    [
      'A28 NaN',
      { resultType: 'scalar', result: [0, 'NaN'] },
      { successCondition: 'result >= 0.9 || isNaN(result)' },
      'Successful',
      'NaN',
    ],
    [
      'A28 Inf',
      { resultType: 'scalar', result: [0, '+Inf'] },
      { successCondition: 'result >= 0.9' },
      'Successful',
      '+Inf',
    ],
    ['A28 Inf', { resultType: 'scalar', result: [0, '+Inf'] }, { failureCondition: 'isInf(result)' }, 'Failed', '+Inf'],
    [
      'A28 vector',
      vector(10, 11),
      { successCondition: '10 in result', failureCondition: 'len(result) != 2' },
      'Successful',
      '[10,11]',
    ],
    ['A28 string', { resultType: 'string', result: [0, 'x'] }, {}, 'Error', undefined],
    ['A28 query error', 'bad query', {}, 'Error', undefined],
    ['A30 empty vector', vector(), { successCondition: 'result[0] >= 0.95' }, 'Error', '[]'],
    [
      'empty vector guarded',
      vector(),
      { successCondition: 'len(result) == 0 || result[0] >= 0.95' },
      'Successful',
      '[]',
    ],
    ['small numbers', vector(1e-7), {}, 'Successful', '[0.0000001]'],
  ])('rollouts/%s', (_id, answer, fields, phase, value) => {
    const run = new Run({ metrics: [metric(fields)] }, answer).settle();
    const measurement = run.result.measurements?.[0];
    expect([measurement?.phase, measurement?.value]).toEqual([phase, value]);
  });

  it('rollouts/A30 says that there was no data', () => {
    const run = new Run({ metrics: [metric({ successCondition: 'result[0] >= 0.95' })] }, vector()).settle();
    expect(run.result.measurements?.[0]?.message).toBe(
      'could not evaluate successCondition "result[0] >= 0.95": metric result is nil or empty: no data returned from the metric provider',
    );
  });

  it('rollouts/A28 warnings', () => {
    const run = new Run({ metrics: [metric()] }, { ...vector(1), warnings: ['warning', 'warning2'] }).settle();
    expect(run.result.measurements?.[0]?.metadata).toEqual({ warnings: '"warning", "warning2"' });
  });

  it('rollouts/A29 range query', () => {
    const matrix: Answered = {
      resultType: 'matrix',
      result: [
        {
          metric: {},
          values: [
            [0, '11'],
            [1, '12'],
          ],
        },
        {
          metric: {},
          values: [
            [0, '13'],
            [1, '14'],
          ],
        },
      ],
    };
    const range = (start: string, step = '1m') => ({
      prometheus: { address: 'http://p:9090', query: 'up', rangeQuery: { start, end: 'now()', step } },
    });
    const condition = { successCondition: 'all(result, # > 10)' };
    const run = new Run(
      { metrics: [metric({ ...condition, provider: range('now() - duration("1h")') })] },
      matrix,
    ).settle();
    expect([run.status?.phase, run.result.measurements?.[0]?.value]).toEqual(['Successful', '[11,12,13,14]']);
    const badStart = new Run({ metrics: [metric({ provider: range('now() - duration("??")') })] }).settle();
    expect(badStart.result.measurements?.[0]?.message).toMatch(/^failed to parse rangeQuery.start as time: .*\?\?/);
    const badStep = new Run({ metrics: [metric({ provider: range('now()', 'x') })] }).settle();
    expect(badStep.result.measurements?.[0]?.message).toBe(
      'failed to parse rangeQuery.step as duration: time: invalid duration "x"',
    );
  });

  it.each([
    [{ query: 'up' }, 'prometheus address is not configured'],
    [{ address: 'prometheus', query: 'up' }, 'prometheus address is not is url format'],
    [{ address: 'http://p', query: 'up', timeout: -1 }, 'prometheus timeout should not be negative'],
    [
      { address: 'http://p', query: 'up', authentication: { oauth2: { tokenUrl: 'x' } } },
      'prometheus authentication "oauth2" is not reproduced by this engine',
    ],
  ])('refuses %o', (prometheus, message) => {
    const run = new Run({ metrics: [metric({ provider: { prometheus } })] }).settle();
    expect(run.result.measurements?.[0]?.message).toBe(message);
  });
});
