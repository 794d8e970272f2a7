import { describe, expect, it } from 'vitest';
import type { Answer } from '#machine/questions.ts';
import { metric, Run } from './testing/run.ts';
import type { Metric, WebProvider } from './types.ts';

const URL = 'http://metrics.shop.svc/health';

function web(provider: WebProvider, answer: Answer, fields: Partial<Metric> = {}): Run {
  const run = new Run({ metrics: [metric({ provider: { web: { url: URL, ...provider } }, ...fields })] });
  run.answer = () => answer;
  return run.settle();
}

const answered = (body: unknown, status = 200): Answer => ({
  ok: true,
  value: { status, body: typeof body === 'string' ? body : JSON.stringify(body) },
});

const failed = (message: string): Answer => ({ ok: false, failure: { code: 'Web', message } });

const nested = (value: unknown) => ({ key: [{ key2: { value } }] });
const PATH = '{$.key[0].key2.value}';

describe('web metrics: what the answer means', () => {
  it.each<[string, unknown, string, Partial<Metric>, string, string | undefined]>([
    ['A31 text', nested('1'), PATH, { successCondition: 'asInt(result) > 0' }, 'Successful', '"1"'],
    [
      'A31 failure wins',
      nested('1.2'),
      PATH,
      { successCondition: 'asFloat(result) > 1.1', failureCondition: 'asFloat(result) < 1.3' },
      'Failed',
      '"1.2"',
    ],
    ['A31 number', nested(1), PATH, { successCondition: 'result > 0' }, 'Successful', '1'],
    ['A31 float', nested(1.5), PATH, { successCondition: 'result > 1.4' }, 'Successful', '1.5'],
    ['A31 bool', nested(true), PATH, { successCondition: 'result' }, 'Successful', 'true'],
    ['A31 list', nested([1, 7]), PATH, { successCondition: 'any(result, {# > 5})' }, 'Successful', '[1,7]'],
    [
      'A31 object neither',
      nested({ b: 1, a: '<' }),
      PATH,
      { successCondition: 'result.a == "x"', failureCondition: 'result.b > 5' },
      'Inconclusive',
      '{"a":"\\u003c","b":1}',
    ],
    ['A31 without conditions', nested(null), PATH, {}, 'Successful', 'null'],
    ['A31 whole body', { ok: true }, '', { successCondition: 'result.ok' }, 'Successful', '{"ok":true}'],
    ['A31 no JSON (1.9.1 does not evaluate)', 'ok', '', { successCondition: 'result == "no"' }, 'Successful', 'ok'],
    ['A31 empty list', nested([]), '{$.key[0].key2.value[*]}', {}, 'Error', undefined],
    ['A31 index of nothing', nested([]), '{$.key[0].key2.value[0]}', {}, 'Error', undefined],
    ['A31 unknown member', nested(1), '{$.nope}', {}, 'Error', undefined],
  ])('rollouts/%s', (_id, body, jsonPath, fields, phase, value) => {
    const [measurement] = web({ jsonPath }, answered(body), fields).result.measurements ?? [];
    expect([measurement?.phase, measurement?.value]).toEqual([phase, value]);
  });

  it.each([
    ['A31 non-2xx', {}, answered('gone', 404), 'received non 2xx response code: 404'],
    ['A31 no value', { jsonPath: '{$.list[*]}' }, answered({ list: [] }), 'result of web metric produced no value'],
    ['A31 no path', { jsonPath: '{$.a}' }, answered({}), 'Could not find JSONPath in body: a is not found'],
    ['A31 bad path', { jsonPath: '{$.a' }, answered({}), 'unclosed action'],
    ['A31 time-out', {}, failed(`Get "${URL}": context deadline exceeded`), `Get "${URL}": context deadline exceeded`],
    [
      'A31 two bodies',
      { method: 'POST', body: 'x', jsonBody: { a: 1 } },
      answered({}),
      'use either Body or JSONBody; both cannot exists for WebMetric payload',
    ],
    [
      'A31 body with GET',
      { body: 'x' },
      answered({}),
      'Body/JSONBody can only be used with POST or PUT WebMetric Method types',
    ],
    ['A31 address', { url: 'ftp://x' }, answered({}), 'Get "ftp://x": unsupported protocol scheme "ftp"'],
    [
      'A31 oauth2',
      { authentication: { oauth2: { tokenUrl: 'http://t' } } },
      answered({}),
      'missing mandatory parameter in metric for OAuth2 setup',
    ],
    [
      'A31 sigv4',
      { authentication: { sigv4: { region: 'x' } } },
      answered({}),
      'web authentication "sigv4" is not reproduced by this engine',
    ],
  ])('rollouts/%s is an error that says so', (_id, provider, answer, message) => {
    const [measurement] = web(provider, answer).result.measurements ?? [];
    expect([measurement?.phase, measurement?.message]).toEqual(['Error', message]);
  });

  it('five errors in a row end the run, ten seconds apart', () => {
    const run = new Run({ metrics: [metric({ provider: { web: { url: URL } }, interval: '1m' })] });
    run.answer = () => failed('refused');
    run.complete();
    expect(run.status?.message).toBe(
      'Metric "m" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: refused"',
    );
  });
});

describe('web metrics: what is sent', () => {
  it('has upstream’s defaults, and JSON bodies say what they are', () => {
    const headers = [
      { key: 'content-type', value: 'text/plain' },
      { key: 'X-Key', value: 'k' },
    ];
    const run = web({ method: 'PUT', jsonBody: { a: [1] }, headers }, answered(1));
    const asked = run.plans.flatMap(({ effects }) => effects);
    expect(asked).toEqual([
      {
        effect: 'ask',
        question: {
          ask: 'web',
          measurement: 'u1/m/1',
          request: {
            method: 'PUT',
            url: URL,
            timeoutMs: 10_000,
            headers: [
              { key: 'X-Key', value: 'k' },
              { key: 'Content-Type', value: 'application/json' },
            ],
            body: '{"a":[1]}',
          },
        },
      },
    ]);
  });

  it('a failed measurement says what was asked, what came, and which condition decided; secrets stay secret', () => {
    const run = new Run({
      args: [{ name: 'key', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
      metrics: [
        metric({
          provider: { web: { url: `${URL}?key={{args.key}}`, jsonPath: '{$.rate}' } },
          successCondition: 'result > 0.9',
        }),
      ],
    });
    run.secrets.set('s', { data: { k: btoa('hush') } } as never);
    run.answer = () => answered({ rate: 0.5 });
    run.settle();
    expect(run.result.measurements?.[0]).toMatchObject({
      phase: 'Failed',
      value: '0.5',
      metadata: {
        ResolvedWebRequest: `GET ${URL}?key=***** {$.rate}`,
        condition: 'successCondition "result > 0.9" is false',
      },
    });
    expect(run.events()[0]).toBe(
      `MeasurementFailed: Metric 'm' measurement Failed: value 0.5; successCondition "result > 0.9" is false; asked: GET ${URL}?key=***** {$.rate}`,
    );
  });

  it('stores no more than a readable part of a huge answer', () => {
    const run = web({}, answered('x'.repeat(50_000)));
    expect(run.result.measurements?.[0]?.value).toHaveLength(10_000);
  });
});
