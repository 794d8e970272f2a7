import type { Scheduler } from '#core/clock.ts';

/** Longest delay a Node timer takes; longer waits are taken in parts. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The machine's own clock and timers.. */
export const machineTime: Scheduler = {
  now: () => Date.now(),
  at(timeMs, run) {
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      const delayMs = Math.max(0, timeMs - Date.now());
      timer = delayMs > TIMER_MAX_MS ? setTimeout(arm, TIMER_MAX_MS) : setTimeout(run, delayMs);
    };
    arm();
    return () => clearTimeout(timer);
  },
  soon: (run) => {
    setImmediate(run);
  },
};
