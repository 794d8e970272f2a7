import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';
import type { Backend, Route } from '#machine/traffic.ts';
import { cumulativeShares, meanMs, type ServiceBehaviour } from './behaviour.ts';

/** As ingress-nginx has them. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  labels: Record<string, string>;
  count: number;
  sumSeconds: number;
  buckets: number[];
}

/** What an ingress controller would count of the modelled requests, under the names and labels of ingress-nginx. */
export class EdgeCounters {
  /** Grows with every count. */
  version = 0;
  readonly #series = new Map<string, Series>();

  /** `failed` of the `requests` were answered with 500, or with 503 when `behaviour` is undefined: nobody was there. */
  count(
    route: Route,
    backend: Backend,
    isCanary: boolean,
    requests: number,
    failed: number,
    behaviour: ServiceBehaviour | undefined,
  ): void {
    this.version++;
    const ok = requests - failed;
    if (ok > 0) this.#add(route, backend, isCanary, '200', ok, behaviour);
    if (failed > 0) this.#add(route, backend, isCanary, behaviour === undefined ? '503' : '500', failed, behaviour);
  }

  families(): MetricFamily[] {
    const all = [...this.#series.values()];
    const duration: FamilySample[] = all.flatMap(({ labels, count, sumSeconds, buckets }) => [
      ...BUCKETS_SECONDS.map((bound, index) => ({
        suffix: '_bucket',
        labels: { ...labels, le: String(bound) },
        value: Math.round(buckets[index] as number),
      })),
      { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: Math.floor(count) },
      { suffix: '_sum', labels, value: sumSeconds },
      { suffix: '_count', labels, value: Math.floor(count) },
    ]);
    return [
      {
        name: 'nginx_ingress_controller_requests',
        help: 'Requests.',
        type: 'counter',
        samples: all.map(({ labels, count }) => ({ labels, value: Math.floor(count) })),
      },
      {
        name: 'nginx_ingress_controller_request_duration_seconds',
        help: 'Duration of requests.',
        type: 'histogram',
        samples: duration,
      },
    ];
  }

  #add(
    { namespace, ingress, host, path }: Route,
    { service, port }: Backend,
    isCanary: boolean,
    status: string,
    requests: number,
    behaviour: ServiceBehaviour | undefined,
  ): void {
    const key = `${namespace}/${ingress}/${host}${path} ${service} ${isCanary} ${status}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const canary = isCanary ? `${namespace}-${service}-${port}` : '';
      const labels = { namespace, ingress, service, canary, host, path, method: 'GET', status };
      series = { labels, count: 0, sumSeconds: 0, buckets: BUCKETS_SECONDS.map(() => 0) };
      this.#series.set(key, series);
    }
    series.count += requests;
    const latency = behaviour?.latencyMs ?? { p50: 1, p95: 2 };
    series.sumSeconds += (requests * meanMs(latency)) / 1000;
    const shares = sharesOf(latency);
    for (let index = 0; index < shares.length; index++) {
      series.buckets[index] = (series.buckets[index] as number) + requests * (shares[index] as number);
    }
  }
}

const SHARES = new WeakMap<object, readonly number[]>();

function sharesOf(latency: ServiceBehaviour['latencyMs']): readonly number[] {
  let shares = SHARES.get(latency);
  if (shares === undefined) {
    shares = cumulativeShares(
      latency,
      BUCKETS_SECONDS.map((bound) => bound * 1000),
    );
    SHARES.set(latency, shares);
  }
  return shares;
}
