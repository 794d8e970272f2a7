import { describe, expect, test } from 'vitest';
import { injectFaults, parseFaults } from './faults.ts';

const ALL = ['error-rate', 'latency-ms', 'readiness', 'query-delay-ms'] as const;
const NONE = { errorRate: 0, latencyMs: 0, failReadiness: false, queryDelayMs: 0 };

describe('parseFaults', () => {
  test('the empty text means no faults', () => {
    expect(parseFaults('', ALL)).toEqual(NONE);
    expect(parseFaults('  ', ALL)).toEqual(NONE);
  });

  test('reads every fault, with spaces around the commas', () => {
    expect(parseFaults('error-rate=0.2, latency-ms=150,readiness=fail,query-delay-ms=80', ALL)).toEqual({
      errorRate: 0.2,
      latencyMs: 150,
      failReadiness: true,
      queryDelayMs: 80,
    });
  });

  test.each([
    ['errors=0.2', 'unknown fault "errors", the valid ones are error-rate, latency-ms, readiness, query-delay-ms'],
    ['constructor=1', 'unknown fault "constructor"'],
    ['error-rate=1.5', 'must be a number from 0 to 1'],
    ['error-rate=', 'must be a number from 0 to 1'],
    ['latency-ms=-1', 'must be whole milliseconds from 0 to 60000'],
    ['latency-ms=60001', 'must be whole milliseconds from 0 to 60000'],
    ['readiness=ok', 'the only value is "fail"'],
    ['readiness', 'is not of the form name=value'],
    ['latency-ms=1=2', 'is not of the form name=value'],
    ['latency-ms=1,latency-ms=2', 'fault "latency-ms" is given twice'],
    ['latency-ms=1,', 'unknown fault ""'],
  ])('%s is refused', (text, message) => {
    expect(() => parseFaults(text, ALL)).toThrow(message);
  });

  test('a fault the component cannot inject is unknown to it', () => {
    expect(() => parseFaults('query-delay-ms=1', ['error-rate'])).toThrow('the valid ones are error-rate');
  });
});

describe('injectFaults', () => {
  test('fails exactly when the number drawn is below the rate', async () => {
    const faults = { ...NONE, errorRate: 0.2 };
    expect(await injectFaults(faults, () => 0.199)).toBe(true);
    expect(await injectFaults(faults, () => 0.2)).toBe(false);
  });

  test('without faults nothing is drawn', async () => {
    const random = () => {
      throw new Error('must not be called');
    };
    expect(await injectFaults(NONE, random)).toBe(false);
  });
});
