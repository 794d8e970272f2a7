import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseGoDurationMs } from '#core/duration.ts';
import {
  ERROR_STATUS,
  evaluateInstant,
  evaluateRange,
  formatFailure,
  formatSuccess,
  PromqlError,
  parseQuery,
} from '#lib/promql/index.ts';
import type { RealMetrics } from './metrics-port.ts';

const BODY_BYTES_MAX = 256 * 1024;
/** As Prometheus: more points than this in one series are refused. */
const POINTS_MAX = 11_000;

/** A request that names a parameter wrongly (HTTP 400, `bad_data`). */
class BadData extends Error {}

/**
 * Serves the embedded store under `/prometheus/api/v1/…` in the shape of the Prometheus HTTP API: query, query_range,
 * targets, labels. Returns false for any other path.
 */
export function servePrometheus(
  metrics: RealMetrics,
  nowMs: () => number,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const url = new URL(request.url ?? '/', 'http://loopback');
  const match = /^\/prometheus\/api\/v1\/(query|query_range|targets|labels)$/.exec(url.pathname);
  if (match === null) return false;
  parametersOf(request, url)
    .then((parameters) => send(response, 200, evaluate(metrics, nowMs(), match[1] as string, parameters)))
    .catch((error: unknown) => sendFailure(response, error));
  return true;
}

/** Whatever went wrong becomes an answer: an error nobody catches would end the engine. */
function sendFailure(response: ServerResponse, error: unknown): void {
  if (error instanceof PromqlError) {
    send(response, ERROR_STATUS[error.type], formatFailure(error));
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof BadData) send(response, 400, { status: 'error', errorType: 'bad_data', error: message });
  else send(response, 500, { status: 'error', errorType: 'internal', error: message });
}

function evaluate(metrics: RealMetrics, nowMs: number, what: string, parameters: URLSearchParams): object {
  switch (what) {
    case 'query':
      return formatSuccess(
        evaluateInstant(required(parameters, 'query'), metrics.store, timeOf(parameters, 'time') ?? nowMs),
      );
    case 'query_range':
      return formatSuccess(rangeQuery(metrics, parameters));
    case 'labels': {
      const names = new Set(metrics.store.allSeries().flatMap((series) => series.labels.pairs.map(([name]) => name)));
      return { status: 'success', data: [...names].sort() };
    }
    default:
      return {
        status: 'success',
        data: { activeTargets: metrics.scraper.targets().map(targetView), droppedTargets: [] },
      };
  }
}

function rangeQuery(metrics: RealMetrics, parameters: URLSearchParams) {
  const startMs = timeOf(parameters, 'start');
  const endMs = timeOf(parameters, 'end');
  const stepMs = durationOf(required(parameters, 'step'));
  if (startMs === undefined || endMs === undefined) throw new BadData('start and end are required');
  if (endMs < startMs) throw new BadData('end timestamp must not be before start time');
  if (stepMs <= 0)
    throw new BadData('zero or negative query resolution step widths are not accepted. Try a positive integer');
  if ((endMs - startMs) / stepMs > POINTS_MAX) {
    throw new BadData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return evaluateRange(parseQuery(required(parameters, 'query')), metrics.store, { startMs, endMs, stepMs });
}

function targetView({
  target,
  health,
  lastError,
  lastScrapeMs,
  lastDurationSeconds,
}: ReturnType<RealMetrics['scraper']['targets']>[number]) {
  return {
    labels: target.labels,
    scrapePool: target.id.split('/').slice(0, 3).join('/'),
    scrapeUrl: target.url,
    health,
    lastError,
    lastScrape: lastScrapeMs === undefined ? '' : new Date(lastScrapeMs).toISOString(),
    lastScrapeDuration: lastDurationSeconds,
    scrapeInterval: `${target.intervalMs / 1000}s`,
  };
}

function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value === null || value === '') throw new BadData(`invalid parameter "${name}": it is required`);
  return value;
}

/** Seconds since the epoch or RFC 3339, as Prometheus takes them; in milliseconds. */
function timeOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const timeMs = /^[+-]?\d+(\.\d*)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(timeMs))
    throw new BadData(`invalid parameter "${name}": cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return timeMs;
}

function durationOf(text: string): number {
  const durationMs = /^\d+(\.\d*)?$/.test(text) ? Number(text) * 1000 : parseGoDurationMs(text);
  if (durationMs === undefined)
    throw new BadData(`invalid parameter "step": cannot parse ${JSON.stringify(text)} to a valid duration`);
  return durationMs;
}

async function parametersOf(request: IncomingMessage, url: URL): Promise<URLSearchParams> {
  if (request.method !== 'POST') return url.searchParams;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new BadData('request body too large');
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams([...url.searchParams, ...new URLSearchParams(Buffer.concat(chunks).toString('utf8'))]);
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
