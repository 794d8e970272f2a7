import { expect, it } from 'vitest';
import { windowCalendar, windowState } from './window-calendar.ts';

const from = Date.parse('2026-01-09T12:00:00Z');
const to = from + 7 * 86_400_000;
const friday = { kind: 'deny', schedule: '0 18 * * FRI', duration: '62h', manualSync: true };

const told = (spans: ReturnType<typeof windowCalendar>) =>
  spans.map(
    ({ fromMs, automatic, manual }) =>
      `${new Date(fromMs).toISOString().slice(5, 16)} ${automatic.allowed ? 'A' : '-'}${manual.allowed ? 'M' : '-'}`,
  );

it('tells a week span by span', () => {
  expect(told(windowCalendar([friday], from, to))).toEqual(['01-09T12:00 AM', '01-09T18:00 -M', '01-12T08:00 AM']);
});

it('takes windows that follow each other without a gap for one span', () => {
  const hours = { kind: 'deny', schedule: '0 * * * *', duration: '1h' };
  expect(told(windowCalendar([hours], from + 1, to))).toEqual(['01-09T12:00 --']);
});

it('is one span that permits nothing when a window does not parse', () => {
  expect(told(windowCalendar([friday, { kind: 'allow', schedule: 'x', duration: '1h' }], from, to))).toEqual([
    '01-09T12:00 --',
  ]);
});

it('is one span that permits everything without windows', () => {
  expect(told(windowCalendar([], from, to))).toEqual(['01-09T12:00 AM']);
});

it('gives up on a window that is open for as long as anybody looks', () => {
  const always = { kind: 'allow', schedule: '* * * * *', duration: '1h' };
  expect(windowState(always, from)).toEqual({ state: 'active', changesAtMs: undefined });
});

it('tells when a window next does the other', () => {
  expect(windowState(friday, from)).toEqual({ state: 'inactive', changesAtMs: Date.parse('2026-01-09T18:00:00.001Z') });
  expect(windowState(friday, from + 86_400_000)).toEqual({
    state: 'active',
    changesAtMs: Date.parse('2026-01-12T08:00:00Z'),
  });
  expect(windowState({ ...friday, duration: '2a' }, from).state).toBe('invalid');
  const beyondTheChange = { ...friday, schedule: '0 2 1 4 *', timeZone: 'Europe/Berlin', duration: '1h' };
  expect(windowState(beyondTheChange, from)).toEqual({
    state: 'inactive',
    changesAtMs: Date.parse('2026-04-01T00:00:00.001Z'),
  });
});
