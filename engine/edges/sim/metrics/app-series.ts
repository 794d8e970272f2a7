import type { LabelPair, ParsedSample } from '#lib/exposition/index.ts';
import { cumulativeShares, HEALTHY, meanMs, type ServiceBehaviour } from '../traffic/behaviour.ts';
import type { AnsweredPart, PodCounters } from '../traffic/simulated-traffic.ts';

/** The buckets of the application's own histograms (pern-app/operations). */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2.5, 5];
const POOL_MAX = 10;
const QUERIES_PER_REQUEST = 2;

type Identity = Omit<ParsedSample, 'value'>;

/** A histogram's series, named once: a scrape only fills values in. */
interface HistogramSeries {
  buckets: readonly Identity[];
  infinity: Identity;
  sum: Identity;
  count: Identity;
}

const ROUTE: readonly LabelPair[] = [
  ['method', 'GET'],
  ['route', '/api/articles'],
];
const BY_STATUS = (['200', '500'] as const).map((status) => {
  const labels: LabelPair[] = [...ROUTE, ['status', status]];
  return {
    status,
    requests: identity('http_requests_total', labels),
    duration: histogramSeries('http_request_duration_seconds', labels),
  };
});
const QUERIES = histogramSeries('db_query_duration_seconds', [['operation', 'list']]);
const POOL = {
  total: identity('db_pool_connections', [['state', 'total']]),
  idle: identity('db_pool_connections', [['state', 'idle']]),
  waiting: identity('db_pool_connections', [['state', 'waiting']]),
  max: identity('db_pool_connections_max', []),
};

type Distribution = ServiceBehaviour['latencyMs'];

/** A distribution never changes, so its shares are computed once. */
const SHARES = new WeakMap<Distribution, readonly number[]>();

/**
 * What a pod of the application would expose after having answered these requests, under the names of the real one, so
 * that the team's own queries run unchanged.
 */
export function applicationSamples(counters: PodCounters | undefined): ParsedSample[] {
  const { ok, failed, behaviour } = counters ?? { ok: 0, failed: 0, behaviour: HEALTHY };
  const parts: readonly AnsweredPart[] = counters?.parts ?? [];
  const samples: ParsedSample[] = [];
  for (const { status, requests, duration } of BY_STATUS) {
    const count = Math.floor(status === '200' ? ok : failed);
    // As a client library does, a series begins with the first request that it counts.
    if (count < 1) continue;
    samples.push(sample(requests, count));
    const answered = parts.map((part) => ({
      count: status === '200' ? part.ok : part.failed,
      of: part.behaviour.latencyMs,
    }));
    addHistogram(samples, duration, count, answered);
  }
  if (behaviour.database === false) return samples;
  const queries = Math.floor((ok + failed) * QUERIES_PER_REQUEST);
  const asked = parts.map((part) => ({
    count: (part.ok + part.failed) * QUERIES_PER_REQUEST,
    of: part.behaviour.queryMs,
  }));
  if (queries > 0) addHistogram(samples, QUERIES, queries, asked);
  const inUse = behaviour.poolInUse * POOL_MAX;
  const total = Math.max(inUse, 1);
  samples.push(
    sample(POOL.total, total),
    sample(POOL.idle, total - inUse),
    sample(POOL.waiting, behaviour.poolWaiting ?? 0),
    sample(POOL.max, POOL_MAX),
  );
  return samples;
}

/** Buckets are rounded: with few requests the middle of the distribution is what is seen, not its tail. */
function addHistogram(
  samples: ParsedSample[],
  series: HistogramSeries,
  count: number,
  parts: readonly { count: number; of: Distribution }[],
): void {
  const whole = parts.reduce((sum, part) => sum + part.count, 0);
  series.buckets.forEach((bucket, index) => {
    const below = parts.reduce((sum, part) => sum + part.count * (sharesOf(part.of)[index] as number), 0);
    samples.push(sample(bucket, Math.min(count, Math.round((below * count) / (whole || 1)))));
  });
  const seconds = parts.reduce((sum, part) => sum + (part.count * meanMs(part.of)) / 1000, 0);
  samples.push(
    sample(series.infinity, count),
    sample(series.sum, (seconds * count) / (whole || 1)),
    sample(series.count, count),
  );
}

function sharesOf(distribution: Distribution): readonly number[] {
  let shares = SHARES.get(distribution);
  if (shares === undefined) {
    shares = cumulativeShares(
      distribution,
      BUCKETS_SECONDS.map((bound) => bound * 1000),
    );
    SHARES.set(distribution, shares);
  }
  return shares;
}

function histogramSeries(name: string, labels: readonly LabelPair[]): HistogramSeries {
  const bucket = (bound: string) => identity(`${name}_bucket`, [...labels, ['le', bound]]);
  return {
    buckets: BUCKETS_SECONDS.map((bound) => bucket(String(bound))),
    infinity: bucket('+Inf'),
    sum: identity(`${name}_sum`, labels),
    count: identity(`${name}_count`, labels),
  };
}

function identity(name: string, labels: readonly LabelPair[]): Identity {
  return { seriesText: `${name}{${labels.map(([label, text]) => `${label}="${text}"`).join(',')}}`, name, labels };
}

function sample({ seriesText, name, labels }: Identity, value: number): ParsedSample {
  return { seriesText, name, labels, value };
}
