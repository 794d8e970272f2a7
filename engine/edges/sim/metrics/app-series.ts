import type { LabelPair, ParsedSample } from '#lib/exposition/index.ts';
import { cumulativeShares, HEALTHY, meanMs } from '../traffic/behaviour.ts';
import type { PodCounters } from '../traffic/simulated-traffic.ts';

/** The buckets of the application's own histograms (pern-app/operations). */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2.5, 5];
const POOL_MAX = 10;
const QUERIES_PER_REQUEST = 2;

/**
 * What a pod of the application would expose after having answered these requests, under the names of the real one, so
 * that the team's own queries run unchanged.
 */
export function applicationSamples(counters: PodCounters | undefined): ParsedSample[] {
  const { ok, failed, behaviour } = counters ?? { ok: 0, failed: 0, behaviour: HEALTHY };
  const route: LabelPair[] = [
    ['method', 'GET'],
    ['route', '/api/articles'],
  ];
  const samples: ParsedSample[] = [];
  for (const [status, count] of [
    ['200', ok],
    ['500', failed],
  ] as const) {
    // As a client library does, a series begins with the first request that it counts.
    if (count < 1) continue;
    const labels: LabelPair[] = [...route, ['status', status]];
    samples.push(sample('http_requests_total', labels, Math.floor(count)));
    samples.push(...histogram('http_request_duration_seconds', labels, Math.floor(count), behaviour.latencyMs));
  }
  const queries = Math.floor((ok + failed) * QUERIES_PER_REQUEST);
  if (queries > 0)
    samples.push(...histogram('db_query_duration_seconds', [['operation', 'list']], queries, behaviour.queryMs));
  const inUse = behaviour.poolInUse * POOL_MAX;
  samples.push(
    sample('db_pool_connections', [['state', 'total']], Math.max(inUse, 1)),
    sample('db_pool_connections', [['state', 'idle']], Math.max(0, Math.max(inUse, 1) - inUse)),
    sample('db_pool_connections', [['state', 'waiting']], 0),
    sample('db_pool_connections_max', [], POOL_MAX),
  );
  return samples;
}

function histogram(
  name: string,
  labels: LabelPair[],
  count: number,
  distribution: { p50: number; p95: number },
): ParsedSample[] {
  const shares = cumulativeShares(
    distribution,
    BUCKETS_SECONDS.map((bound) => bound * 1000),
  );
  const buckets = shares.map((share, index) =>
    sample(`${name}_bucket`, [...labels, ['le', String(BUCKETS_SECONDS[index])]], Math.round(count * share)),
  );
  return [
    ...buckets,
    sample(`${name}_bucket`, [...labels, ['le', '+Inf']], count),
    sample(`${name}_sum`, labels, (count * meanMs(distribution)) / 1000),
    sample(`${name}_count`, labels, count),
  ];
}

function sample(name: string, labels: readonly LabelPair[], value: number): ParsedSample {
  return {
    seriesText: `${name}{${labels.map(([label, text]) => `${label}="${text}"`).join(',')}}`,
    name,
    labels,
    value,
  };
}
