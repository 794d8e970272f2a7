/** One thing to scrape, as a ServiceMonitor and the endpoints it selects define it. */
export interface ScrapeTarget {
  /** Identity across plans: namespace/monitor/endpoint index/pod. */
  id: string;
  /** `http://127.10.0.5:9090/metrics`. */
  url: string;
  intervalMs: number;
  timeoutMs: number;
  honorLabels: boolean;
  /** Target labels: namespace, pod, container, service, endpoint, job, instance and what the monitor adds. */
  labels: Readonly<Record<string, string>>;
}

export interface ScrapeTable {
  targets: readonly ScrapeTarget[];
}
