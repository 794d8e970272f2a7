import type { RequestListener } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds in seconds; dense where canary analyses set their limits. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2.5, 5];

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface Metrics {
  readonly registry: Registry;
  /** Counts one finished application request. `route` is the pattern, never the URL, so that the number of series stays bounded. */
  countRequest(request: { method: string; route: string; status: number; durationSeconds: number }): void;
}

/** A registry with the process's own metrics, `app_info`, and the request metrics that analyses select. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'] as const;
  const registers = [registry];
  const total = new Counter({
    name: 'http_requests_total',
    help: 'Application requests answered.',
    labelNames,
    registers,
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames,
    buckets: DURATION_BUCKETS,
    registers,
  });
  const info = new Gauge({
    name: 'app_info',
    help: 'Always 1; the version is the label.',
    labelNames: ['version'],
    registers,
  });
  info.set({ version }, 1);
  return {
    registry,
    countRequest({ method, route, status, durationSeconds }) {
      const labels = { method: METHODS.has(method) ? method : 'other', route, status: String(status) };
      total.inc(labels);
      duration.observe(labels, durationSeconds);
    },
  };
}

/** Serves `/metrics` in the Prometheus text format, and nothing else. */
export function metricsListener(registry: Registry): RequestListener {
  return (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('only /metrics is served here\n');
      return;
    }
    registry.metrics().then(
      (text) =>
        response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(text),
      (error: unknown) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`${String(error)}\n`),
    );
  };
}
