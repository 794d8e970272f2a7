/**
 * Faults that an image can carry on purpose, so that a bad release can be rehearsed and rolled back.
 * They touch application routes only: probes and metrics always tell the truth, except `readiness=fail`, which is the fault itself.
 */
export interface Faults {
  /** Share of requests answered with 500, from 0 to 1. */
  readonly errorRate: number;
  /** Added to every request, in milliseconds. */
  readonly latencyMs: number;
  /** Readiness never becomes true. */
  readonly failReadiness: boolean;
  /** Time every database operation sleeps inside PostgreSQL, holding its connection, in milliseconds. */
  readonly queryDelayMs: number;
}

export type FaultName = 'error-rate' | 'latency-ms' | 'readiness' | 'query-delay-ms';

const DELAY_MS_MAX = 60_000;

function parseDelayMs(name: FaultName, value: string): number {
  if (!/^\d{1,6}$/.test(value) || Number(value) > DELAY_MS_MAX) {
    throw new Error(`${name}=${value}: must be whole milliseconds from 0 to ${DELAY_MS_MAX}`);
  }
  return Number(value);
}

const PARSERS: Record<FaultName, (value: string) => Partial<Faults>> = {
  'error-rate': (value) => {
    if (!/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/.test(value))
      throw new Error(`error-rate=${value}: must be a number from 0 to 1`);
    return { errorRate: Number(value) };
  },
  'latency-ms': (value) => ({ latencyMs: parseDelayMs('latency-ms', value) }),
  'query-delay-ms': (value) => ({ queryDelayMs: parseDelayMs('query-delay-ms', value) }),
  readiness: (value) => {
    if (value !== 'fail') throw new Error(`readiness=${value}: the only value is "fail"`);
    return { failReadiness: true };
  },
};

/**
 * Parses `error-rate=0.2,latency-ms=150,readiness=fail,query-delay-ms=80`; the empty text means no faults.
 *
 * @param supported names the component can inject
 * @throws when a name is unknown, not supported or given twice, or a value is out of range; the message names what is valid
 */
export function parseFaults(text: string, supported: readonly FaultName[]): Faults {
  const given = new Map<string, Partial<Faults>>();
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '' && text.trim() === '') break;
    const [name = '', value, ...rest] = entry.split('=');
    const known = supported.find((candidate) => candidate === name);
    if (known === undefined) throw new Error(`unknown fault "${name}", the valid ones are ${supported.join(', ')}`);
    if (value === undefined || rest.length > 0) throw new Error(`fault "${entry}" is not of the form name=value`);
    if (given.has(known)) throw new Error(`fault "${known}" is given twice`);
    given.set(known, PARSERS[known](value));
  }
  return Object.assign({ errorRate: 0, latencyMs: 0, failReadiness: false, queryDelayMs: 0 }, ...given.values());
}

/** Resolves after `delayMs`; used by injected latency and by bounded waits. */
export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/**
 * Injects latency and errors in front of one application request.
 *
 * @param random uniform numbers in [0, 1), an argument so that tests can decide
 * @returns true when the request must fail with 500
 */
export async function injectFaults(faults: Faults, random: () => number): Promise<boolean> {
  if (faults.latencyMs > 0) await sleep(faults.latencyMs);
  return faults.errorRate > 0 && random() < faults.errorRate;
}
