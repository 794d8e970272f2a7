import { expect, test } from 'vitest';
import { commonVariables, faults, parseEnvironment } from './environment.ts';

const shape = { ...commonVariables, FAULTS: faults(['error-rate', 'latency-ms']) };

test('defaults are those of a container', () => {
  expect(parseEnvironment(shape, {})).toMatchObject({
    HOST: '0.0.0.0',
    PORT: 8080,
    METRICS_PORT: 9090,
    LOG_LEVEL: 'info',
    SHUTDOWN_DELAY_MS: 2000,
    FAULTS: { errorRate: 0, latencyMs: 0 },
  });
});

test('an empty variable counts as unset', () => {
  expect(parseEnvironment(shape, { PORT: '', FAULTS: '' }).PORT).toBe(8080);
});

test('all problems are told at once, with name, rule and value', () => {
  const parse = () =>
    parseEnvironment(shape, { PORT: '80x', METRICS_PORT: '65536', LOG_LEVEL: 'loud', FAULTS: 'fire=1' });
  expect(parse).toThrow('PORT: must be a whole number from 0 to 65535, not "80x"');
  expect(parse).toThrow('METRICS_PORT: must be a whole number from 0 to 65535, not "65536"');
  expect(parse).toThrow('LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent, not "loud"');
  expect(parse).toThrow('FAULTS: unknown fault "fire", the valid ones are error-rate, latency-ms');
});

test('settings are frozen', () => {
  expect(Object.isFrozen(parseEnvironment(shape, {}))).toBe(true);
});
