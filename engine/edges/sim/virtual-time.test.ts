import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VirtualTime } from './virtual-time.ts';

it('runs entries in the order of time, then of scheduling, whatever order they were given in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (delays) => {
      const time = new VirtualTime(1000);
      const ran: [number, number][] = [];
      delays.forEach((delay, index) => {
        time.at(1000 + delay, () => ran.push([time.now() - 1000, index]));
      });
      time.runUntil(() => false, { untilMs: 10_000, stepsMax: 1000 });
      const expected = delays
        .map((delay, index): [number, number] => [delay, index])
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect(ran).toEqual(expected);
    }),
  );
});

it('stops at the time limit, when done, when nothing is left, and when time does not move', () => {
  const time = new VirtualTime(0);
  let ticks = 0;
  const tick = () => {
    ticks++;
    time.at(time.now() + 10, tick);
  };
  tick();
  expect(time.runUntil(() => false, { untilMs: 95, stepsMax: 1000 })).toBe('time');
  expect([time.now(), ticks]).toEqual([95, 10]);
  expect(time.runUntil(() => ticks === 12, { untilMs: 1e6, stepsMax: 1000 })).toBe('done');
  const stuck = () => time.soon(stuck);
  stuck();
  expect(time.runUntil(() => false, { untilMs: 1e6, stepsMax: 500 })).toBe('steps');
  expect(new VirtualTime(0).runUntil(() => false, { untilMs: 10, stepsMax: 10 })).toBe('idle');
});

it('does not run what was taken back', () => {
  const time = new VirtualTime(0);
  const ran: string[] = [];
  const cancel = time.at(10, () => ran.push('cancelled'));
  time.at(20, () => ran.push('kept'));
  cancel();
  time.runUntil(() => false, { untilMs: 100, stepsMax: 100 });
  expect(ran).toEqual(['kept']);
});
