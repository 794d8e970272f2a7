/** One thing readiness depends on; resolves to undefined when good, otherwise to the reason it is not. */
export interface ReadinessCheck {
  readonly name: string;
  observe(): Promise<string | undefined>;
}

export interface Readiness {
  ready: boolean;
  /** Why not, one sentence each; empty when ready. */
  reasons: string[];
}

export interface Health {
  observeReadiness(): Promise<Readiness>;
  /** From here on readiness is false; called once, when the process is asked to stop. */
  startDraining(): void;
  readonly draining: boolean;
}

/** Readiness of one process: draining and injected faults first, then every check. Liveness needs no state: answering is being alive. */
export function createHealth(options: { checks: readonly ReadinessCheck[]; failReadiness: boolean }): Health {
  let draining = false;
  return {
    get draining() {
      return draining;
    },
    startDraining() {
      draining = true;
    },
    async observeReadiness() {
      if (draining) return { ready: false, reasons: ['shutting down'] };
      if (options.failReadiness) return { ready: false, reasons: ['failed on purpose (fault readiness=fail)'] };
      const outcomes = await Promise.all(options.checks.map((check) => check.observe()));
      const reasons = outcomes.filter((reason) => reason !== undefined);
      return { ready: reasons.length === 0, reasons };
    },
  };
}

/**
 * Wraps a probe of a dependency so that frequent readiness requests cost at most one probe per `freshMs`, and so that a
 * short flap does not take every replica out of traffic at once: after the first success, failures count only when the
 * dependency has been away for `graceMs`. Meanwhile requests that need it answer 503 themselves.
 *
 * @param now milliseconds of a monotonic clock
 */
export function cachedCheck(options: {
  name: string;
  probe: () => Promise<void>;
  freshMs: number;
  graceMs: number;
  now: () => number;
}): ReadinessCheck {
  const { name, probe, freshMs, graceMs, now } = options;
  let last: { atMs: number; reason: string | undefined } | undefined;
  let goodAtMs: number | undefined;
  let running: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    try {
      await probe();
      goodAtMs = now();
      last = { atMs: goodAtMs, reason: undefined };
    } catch (error) {
      last = { atMs: now(), reason: `${name}: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      running = undefined;
    }
  }

  return {
    name,
    async observe() {
      if (last === undefined || now() - last.atMs >= freshMs) {
        running ??= refresh();
        await running;
      }
      if (last?.reason === undefined) return undefined;
      const withinGrace = goodAtMs !== undefined && now() - goodAtMs < graceMs;
      return withinGrace ? undefined : last.reason;
    },
  };
}
