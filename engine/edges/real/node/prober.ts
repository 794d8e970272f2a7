import type { ProbeKind, ProbeSpec, ProbeState } from '#machine/pods.ts';
import { afterAttempt, isOver, NO_ATTEMPTS, type ProbeCount } from '#machine/probe-thresholds.ts';
import { attemptProbe } from './attempts.ts';
import type { Launch } from './launch.ts';

/** One probe of one run: attempts at its period, one at a time; only a changed verdict is announced. */
export class Prober {
  #count: ProbeCount = NO_ATTEMPTS;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #kind: ProbeKind;
  readonly #spec: ProbeSpec;
  readonly #launch: Launch | undefined;
  readonly #onChange: () => void;

  constructor(kind: ProbeKind, spec: ProbeSpec, launch: Launch | undefined, onChange: () => void) {
    this.#kind = kind;
    this.#spec = spec;
    this.#launch = launch;
    this.#onChange = onChange;
    this.#arm(spec.initialDelayMs);
  }

  get state(): ProbeState {
    return this.#count.state;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#attempt(), delayMs);
  }

  async #attempt(): Promise<void> {
    const beganMs = Date.now();
    const outcome = await attemptProbe(this.#spec, this.#launch);
    if (this.#stopped) return;
    const before = this.#count.state;
    this.#count = afterAttempt(this.#count, this.#spec, outcome, Date.now());
    if (!isOver(this.#kind, this.#count)) this.#arm(Math.max(0, beganMs + this.#spec.periodMs - Date.now()));
    if (this.#count.state !== before) this.#onChange();
  }
}
