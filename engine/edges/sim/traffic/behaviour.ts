/** How a version of the application behaves under requests: what its image would do, modelled. */
export interface ServiceBehaviour {
  /** Share of requests answered with 500, 0 to 1. */
  errorRate: number;
  /** Median and 95th percentile of the response time; a log-normal distribution is laid through them. */
  latencyMs: { p50: number; p95: number };
  /** 95th percentile of a database query, likewise. */
  queryMs: { p50: number; p95: number };
  /** Share of the connection pool in use, 0 to 1. */
  poolInUse: number;
  /** Requests that wait for a connection; none when left out. */
  poolWaiting?: number;
  /** False for a program without a database: it exports nothing about one. */
  database?: boolean;
  /** What a container uses. Without it the node knows nothing of its usage, and exports nothing. */
  usage?: { cpuMillis: number; cpuMillisPerRequest: number; memoryBytes: number; memoryBytesPerRequest: number };
}

/** What a model may make a version's behaviour depend on. */
export interface ServiceContext {
  /** Since the program started. */
  ageMs: number;
  nowMs: number;
  /** What the pod is sent now. */
  requestsPerSecond: number;
  /** Share of a route's requests that the version gets now, 0 to 1. */
  share: number;
  /** Requests answered since the program started. */
  requests: number;
  memoryBytes: number;
}

/**
 * A constant, or a function that gives one of a few behaviours: each it returns is remembered by identity, because what was
 * answered under it has its distribution.
 */
export type ServiceModel = ServiceBehaviour | ((context: ServiceContext) => ServiceBehaviour);

export const HEALTHY: ServiceBehaviour = {
  errorRate: 0,
  latencyMs: { p50: 12, p95: 60 },
  queryMs: { p50: 2, p95: 8 },
  poolInUse: 0.2,
};

/** 95th percentile of the standard normal distribution. */
const Z95 = 1.6448536269514722;

/**
 * Cumulative shares of a log-normal distribution at upper bounds, given its median and 95th percentile.
 * Example: `{p50: 10, p95: 100}` at bounds `[10, 100]` gives `[0.5, 0.95]`.
 */
export function cumulativeShares(distribution: { p50: number; p95: number }, boundsMs: readonly number[]): number[] {
  const sigma = Math.log(distribution.p95 / distribution.p50) / Z95;
  return boundsMs.map((bound) => normalCdf((Math.log(bound) - Math.log(distribution.p50)) / (sigma || 1e-9)));
}

/** Mean of the same distribution. */
export function meanMs(distribution: { p50: number; p95: number }): number {
  const sigma = Math.log(distribution.p95 / distribution.p50) / Z95;
  return distribution.p50 * Math.exp((sigma * sigma) / 2);
}

/** Zelen and Severo's approximation (26.2.17 of Abramowitz and Stegun); the error is below 1e-7. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const tail =
    density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
