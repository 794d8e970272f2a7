/** What is known of one finished request. */
export interface RequestRecord {
  namespace: string;
  ingress: string;
  service: string;
  /** `<namespace>-<service>-<port>` of the canary back end when it answered, as ingress-nginx names it; else empty. */
  canary: string;
  host: string;
  path: string;
  method: string;
  status: number;
  durationSeconds: number;
}

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

interface Series {
  labels: string;
  count: number;
  sumSeconds: number;
  buckets: number[];
}

/**
 * Counters under the names and labels of ingress-nginx: `nginx_ingress_controller_requests` and
 * `nginx_ingress_controller_request_duration_seconds`. Labels come from routes, never from the client, except for the
 * method (a closed set) and the status, so the number of series is bounded.
 */
export class IngressMetrics {
  readonly #series = new Map<string, Series>();

  record(request: RequestRecord): void {
    const method = METHODS.has(request.method) ? request.method : 'OTHER';
    const labels = formatLabels({ ...request, method, status: String(request.status) });
    let series = this.#series.get(labels);
    if (series === undefined) {
      series = { labels, count: 0, sumSeconds: 0, buckets: BUCKETS_SECONDS.map(() => 0) };
      this.#series.set(labels, series);
    }
    series.count++;
    series.sumSeconds += request.durationSeconds;
    const bucket = BUCKETS_SECONDS.findIndex((bound) => request.durationSeconds <= bound);
    if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] as number) + 1;
  }

  /** All series in the Prometheus text format. */
  exposition(): string {
    const all = [...this.#series.values()];
    return [
      '# TYPE nginx_ingress_controller_requests counter',
      ...all.map(({ labels, count }) => `nginx_ingress_controller_requests{${labels}} ${count}`),
      '# TYPE nginx_ingress_controller_request_duration_seconds histogram',
      ...all.flatMap(histogramLines),
      '',
    ].join('\n');
  }
}

function histogramLines({ labels, count, sumSeconds, buckets }: Series): string[] {
  const name = 'nginx_ingress_controller_request_duration_seconds';
  let cumulative = 0;
  const lines = BUCKETS_SECONDS.map((bound, index) => {
    cumulative += buckets[index] as number;
    return `${name}_bucket{${labels},le="${bound}"} ${cumulative}`;
  });
  return [
    ...lines,
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sumSeconds}`,
    `${name}_count{${labels}} ${count}`,
  ];
}

function formatLabels(request: Omit<RequestRecord, 'status' | 'durationSeconds'> & { status: string }): string {
  const { namespace, ingress, service, canary, host, path, method, status } = request;
  const labels = { namespace, ingress, service, canary, host, path, method, status };
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
    )
    .join(',');
}
