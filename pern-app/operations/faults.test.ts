import { describe, expect, test } from 'vitest';
import { computeLatencyMs, createFaultInjector, injectFaults, NO_FAULTS, parseFaults } from './faults.ts';

const ALL = [
  'error-rate',
  'latency-ms',
  'latency-p99-ms',
  'readiness',
  'query-delay-ms',
  'pool-leak',
  'memory-leak-kb',
  'migration',
] as const;
const NONE = NO_FAULTS;

describe('parseFaults', () => {
  test('the empty text means no faults', () => {
    expect(parseFaults('', ALL)).toEqual(NONE);
    expect(parseFaults('  ', ALL)).toEqual(NONE);
  });

  test('reads every fault, with spaces around the commas', () => {
    const text = 'error-rate=0.2, latency-ms=150,latency-p99-ms=900,readiness=fail,query-delay-ms=80';
    expect(parseFaults(`${text},pool-leak=.1,memory-leak-kb=64,migration=fail`, ALL)).toEqual({
      ...NONE,
      errorRate: 0.2,
      latencyMs: 150,
      latencyP99Ms: 900,
      failReadiness: true,
      queryDelayMs: 80,
      poolLeak: 0.1,
      memoryLeakKb: 64,
      failMigration: true,
    });
  });

  test.each([
    ['errors=0.2', 'unknown fault "errors", the valid ones are error-rate, latency-ms, latency-p99-ms'],
    ['constructor=1', 'unknown fault "constructor"'],
    ['error-rate=1.5', 'must be a number from 0 to 1'],
    ['error-rate=', 'must be a number from 0 to 1'],
    ['latency-ms=-1', 'must be whole milliseconds from 0 to 60000'],
    ['latency-ms=60001', 'must be whole milliseconds from 0 to 60000'],
    ['pool-leak=2', 'must be a number from 0 to 1'],
    ['memory-leak-kb=1M', 'must be whole kB from 0 to 99999'],
    ['migration=slow', 'the only value is "fail"'],
    ['latency-p99-ms=200', 'needs latency-ms, the median, above 0'],
    ['latency-ms=300,latency-p99-ms=200', 'not above itself'],
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

describe('latency distribution', () => {
  /** Evenly spread pairs, so that the sample has no luck in it. */
  function sampleMs(faults: typeof NO_FAULTS): number[] {
    const size = 200;
    const samples = Array.from({ length: size * size }, (_, index) => {
      const pair = [((index % size) + 0.5) / size, (Math.floor(index / size) + 0.5) / size];
      return computeLatencyMs(faults, () => pair.shift() ?? 0);
    });
    return samples.sort((left, right) => left - right);
  }

  test('half are faster than the median, one in a hundred is slower than the 99th percentile', () => {
    const samples = sampleMs({ ...NONE, latencyMs: 100, latencyP99Ms: 1000 });
    expect(samples[samples.length / 2]).toBeGreaterThan(97);
    expect(samples[samples.length / 2]).toBeLessThan(103);
    expect(samples[samples.length * 0.99]).toBeGreaterThan(930);
    expect(samples[samples.length * 0.99]).toBeLessThan(1070);
  });

  test('without a percentile all are equally slow, and nothing is drawn', () => {
    const random = () => {
      throw new Error('must not be called');
    };
    expect(computeLatencyMs({ ...NONE, latencyMs: 7 }, random)).toBe(7);
  });
});

test('a leak keeps its memory, and a healthy component has no injector to wait for', async () => {
  expect(createFaultInjector({ ...NONE, poolLeak: 1, queryDelayMs: 1 }, () => 0).active).toBe(false);
  const leaking = createFaultInjector({ ...NONE, memoryLeakKb: 1024 }, () => 0);
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 20; index += 1) expect(await leaking.inject()).toBe(false);
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(15 * 1024 * 1024);
  expect(leaking.active).toBe(true);
});
