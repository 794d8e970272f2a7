import type { Cancel, Scheduler } from '#core/clock.ts';

interface Entry {
  atMs: number;
  sequence: number;
  run: (() => void) | undefined;
}

/**
 * A virtual clock that is an event heap: time moves only from one entry to the next, in the order of time, then of
 * scheduling. Nothing else makes time pass, so hours take as long as their events take to compute.
 */
export class VirtualTime implements Scheduler {
  readonly #heap: Entry[] = [];
  #nowMs: number;
  #sequence = 0;
  /** Entries run so far: the measure for event budgets. */
  steps = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(timeMs: number, run: () => void): Cancel {
    const entry: Entry = { atMs: Math.max(timeMs, this.#nowMs), sequence: this.#sequence++, run };
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
    return () => {
      entry.run = undefined;
    };
  }

  /** Moves the clock on without running anything, as a machine that slept: what was due meanwhile is due at once. */
  jumpTo(timeMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }

  soon(run: () => void): void {
    this.at(this.#nowMs, run);
  }

  /**
   * Runs entries until `done` says so, the time limit passes or nothing is left. `stepsMax` bounds entries that do not
   * move time (a livelock is a bug of a controller and must not hang the caller).
   */
  runUntil(done: () => boolean, limits: { untilMs: number; stepsMax: number }): 'done' | 'time' | 'idle' | 'steps' {
    const stepsEnd = this.steps + limits.stepsMax;
    while (!done()) {
      const next = this.#heap[0];
      if (next === undefined) return 'idle';
      if (next.atMs > limits.untilMs) {
        this.#nowMs = limits.untilMs;
        return 'time';
      }
      if (this.steps >= stepsEnd) return 'steps';
      this.#pop();
      if (next.run === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.steps++;
      next.run();
    }
    return 'done';
  }

  #pop(): void {
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown(0);
  }

  #siftUp(index: number): void {
    let child = index;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #siftDown(index: number): void {
    let parent = index;
    for (;;) {
      const left = parent * 2 + 1;
      const right = left + 1;
      let least = parent;
      if (left < this.#heap.length && this.#before(left, least)) least = left;
      if (right < this.#heap.length && this.#before(right, least)) least = right;
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #before(left: number, right: number): boolean {
    const a = this.#heap[left] as Entry;
    const b = this.#heap[right] as Entry;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
  }

  #swap(left: number, right: number): void {
    const entry = this.#heap[left] as Entry;
    this.#heap[left] = this.#heap[right] as Entry;
    this.#heap[right] = entry;
  }
}
