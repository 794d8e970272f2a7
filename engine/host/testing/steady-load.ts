import {
  articleBody,
  LoadGenerator,
  type Observation,
  type Summary,
  summarise,
} from '../../../cli/load/load-generator.ts';

/** Reads, and now and then writes, so that a release has both under way at any moment. */
const WRITE_EVERY = 20;

/** The load generator of the command line, for tests that count requests instead of seconds. */
export class SteadyLoad {
  readonly #generator: LoadGenerator;
  readonly #waiters = new Set<{ at: number; resolve: () => void }>();
  #sent = 0;
  #stopped: Promise<readonly Observation[]> | undefined;

  constructor(target: { ingressPort: number; environment: string }, requestsPerSecond: number) {
    this.#generator = new LoadGenerator({
      target: { origin: `http://127.0.0.1:${target.ingressPort}`, host: `pern-app-${target.environment}.localhost` },
      requestsPerSecond,
      request: (number) => this.#next(number),
    });
    this.#generator.start();
  }

  #next(number: number): { method: 'GET' | 'POST'; path: string; body?: string } {
    this.#sent++;
    for (const waiter of [...this.#waiters]) {
      if (waiter.at > this.#sent) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    if (number % WRITE_EVERY !== 0) return { method: 'GET', path: '/api/articles?limit=1' };
    return { method: 'POST', path: '/api/articles', body: articleBody(number) };
  }

  /** Resolves when so many further requests have been sent. */
  sent(requests: number): Promise<void> {
    return new Promise((resolve) => this.#waiters.add({ at: this.#sent + requests, resolve }));
  }

  /** Stops sending, and resolves with everything seen when the last answer is there. May be called again. */
  stop(): Promise<readonly Observation[]> {
    this.#stopped ??= this.#generator.stop();
    return this.#stopped;
  }
}

/** Those that were sent in a range of times (ms since the epoch). */
export function sentBetween(observations: readonly Observation[], fromMs: number, toMs: number): Observation[] {
  return observations.filter(({ atMs, durationMs }) => {
    const sentAtMs = atMs - durationMs;
    return sentAtMs >= fromMs && sentAtMs < toMs;
  });
}

/** Share of answers in percent that came from a version. */
export function sharePercent(observations: readonly Observation[], version: string): number {
  const from = summarise(observations).byVersion[version]?.requests ?? 0;
  return (from / observations.length) * 100;
}

export { type Observation, type Summary, summarise };
