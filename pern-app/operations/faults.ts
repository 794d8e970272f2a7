/**
 * Faults that an image can carry on purpose, so that a bad release can be rehearsed and rolled back.
 * They touch application routes only: probes and metrics always tell the truth, except `readiness=fail`, which is the fault itself.
 */
export interface Faults {
  /** Share of requests answered with 500, from 0 to 1. */
  readonly errorRate: number;
  /** Added to every request, in milliseconds; the median when there is a distribution. */
  readonly latencyMs: number;
  /** One request in a hundred is slower than this, in milliseconds (log-normal around `latencyMs`); 0: all are equally slow. */
  readonly latencyP99Ms: number;
  /** Readiness never becomes true. */
  readonly failReadiness: boolean;
  /** Time every database operation sleeps inside PostgreSQL, holding its connection, in milliseconds. */
  readonly queryDelayMs: number;
  /** Share of database operations that never give their connection back, from 0 to 1: the pool runs dry. */
  readonly poolLeak: number;
  /** Memory that every request leaves behind, in kB (1024 bytes). */
  readonly memoryLeakKb: number;
  /** The migration Job fails before it has changed anything. */
  readonly failMigration: boolean;
  /** Assets whose file name begins like this are missing from the release; empty: none. */
  readonly brokenAsset: string;
}

export type FaultName =
  | 'error-rate'
  | 'latency-ms'
  | 'latency-p99-ms'
  | 'readiness'
  | 'query-delay-ms'
  | 'pool-leak'
  | 'memory-leak-kb'
  | 'migration'
  | 'broken-asset';

export const NO_FAULTS: Faults = {
  errorRate: 0,
  latencyMs: 0,
  latencyP99Ms: 0,
  failReadiness: false,
  queryDelayMs: 0,
  poolLeak: 0,
  memoryLeakKb: 0,
  failMigration: false,
  brokenAsset: '',
};

const DELAY_MS_MAX = 60_000;

function parseDelayMs(name: FaultName, value: string): number {
  if (!/^\d{1,6}$/.test(value) || Number(value) > DELAY_MS_MAX) {
    throw new Error(`${name}=${value}: must be whole milliseconds from 0 to ${DELAY_MS_MAX}`);
  }
  return Number(value);
}

function parseShare(name: FaultName, value: string): number {
  if (!/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/.test(value)) throw new Error(`${name}=${value}: must be a number from 0 to 1`);
  return Number(value);
}

function parseFail(name: FaultName, value: string): true {
  if (value !== 'fail') throw new Error(`${name}=${value}: the only value is "fail"`);
  return true;
}

const PARSERS: Record<FaultName, (value: string) => Partial<Faults>> = {
  'error-rate': (value) => ({ errorRate: parseShare('error-rate', value) }),
  'latency-ms': (value) => ({ latencyMs: parseDelayMs('latency-ms', value) }),
  'latency-p99-ms': (value) => ({ latencyP99Ms: parseDelayMs('latency-p99-ms', value) }),
  'query-delay-ms': (value) => ({ queryDelayMs: parseDelayMs('query-delay-ms', value) }),
  readiness: (value) => ({ failReadiness: parseFail('readiness', value) }),
  'pool-leak': (value) => ({ poolLeak: parseShare('pool-leak', value) }),
  'memory-leak-kb': (value) => {
    if (!/^\d{1,5}$/.test(value)) throw new Error(`memory-leak-kb=${value}: must be whole kB from 0 to 99999`);
    return { memoryLeakKb: Number(value) };
  },
  migration: (value) => ({ failMigration: parseFail('migration', value) }),
  'broken-asset': (value) => {
    if (!/^[\w-]{1,64}$/.test(value))
      throw new Error(`broken-asset=${value}: must be how a file name begins, such as article-page`);
    return { brokenAsset: value };
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
  const faults: Faults = Object.assign({ ...NO_FAULTS }, ...given.values());
  const { latencyMs, latencyP99Ms } = faults;
  if (latencyP99Ms > 0 && (latencyMs === 0 || latencyP99Ms < latencyMs))
    throw new Error(`latency-p99-ms=${latencyP99Ms}: needs latency-ms, the median, above 0 and not above itself`);
  return faults;
}

/** Resolves after `delayMs`; used by injected latency and by bounded waits. */
export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** The 99th percentile of the standard normal distribution. */
const Z_99 = 2.326;

/**
 * How long one request is held up.
 *
 * @param random uniform numbers in [0, 1)
 * @returns milliseconds
 */
export function computeLatencyMs({ latencyMs, latencyP99Ms }: Faults, random: () => number): number {
  if (latencyP99Ms === 0) return latencyMs;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const sigma = Math.log(latencyP99Ms / latencyMs) / Z_99;
  return Math.min(DELAY_MS_MAX, Math.round(latencyMs * Math.exp(sigma * normal)));
}

/**
 * Injects latency and errors in front of one application request.
 *
 * @param random uniform numbers in [0, 1), an argument so that tests can decide
 * @returns true when the request must fail with 500
 */
export async function injectFaults(faults: Faults, random: () => number): Promise<boolean> {
  if (faults.latencyMs > 0) await sleep(computeLatencyMs(faults, random));
  return faults.errorRate > 0 && random() < faults.errorRate;
}

/** The faults of application requests, with the memory that they have leaked. */
export interface FaultInjector {
  /** False when nothing is ever injected, so that the healthy path costs nothing. */
  readonly active: boolean;
  /** For one request; true when it must fail with 500. */
  inject(): Promise<boolean>;
}

export function createFaultInjector(faults: Faults, random: () => number): FaultInjector {
  const leaked: Buffer[] = [];
  return {
    active: faults.latencyMs > 0 || faults.errorRate > 0 || faults.memoryLeakKb > 0,
    inject() {
      // Filled, because memory that nobody has written to is not resident.
      if (faults.memoryLeakKb > 0) leaked.push(Buffer.alloc(faults.memoryLeakKb * 1024, 1));
      return injectFaults(faults, random);
    },
  };
}
