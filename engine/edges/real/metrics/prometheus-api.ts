import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERROR_STATUS, formatFailure, PromqlError } from '#lib/promql/index.ts';
import type { RealMetrics } from './metrics-port.ts';
import { BadData, ENDPOINTS, labelValues, type PrometheusAnswer } from './prometheus-endpoints.ts';

const BODY_BYTES_MAX = 256 * 1024;
const PREFIX = '/prometheus/api/v1/';

/**
 * Serves the embedded store under `/prometheus/api/v1/…` in the shape of the Prometheus HTTP API, as far as Grafana and
 * Argo Rollouts use it: query, query_range, format_query, series, labels, label values, metadata, targets, rules, alerts,
 * buildinfo. Returns false for any other path.
 */
export function servePrometheus(
  metrics: RealMetrics,
  nowMs: () => number,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const url = new URL(request.url ?? '/', 'http://loopback');
  if (!url.pathname.startsWith(PREFIX)) return false;
  const endpoint = findEndpoint(url.pathname.slice(PREFIX.length));
  if (endpoint === undefined) return false;
  const { method = 'GET' } = request;
  if (method !== 'GET' && method !== 'HEAD' && !(endpoint.post && method === 'POST')) {
    response.writeHead(405, { allow: endpoint.post ? 'GET, POST' : 'GET' }).end();
    return true;
  }
  parametersOf(request, url)
    .then((parameters) => send(response, 200, body(endpoint.answer({ metrics, nowMs: nowMs(), parameters }))))
    .catch((error: unknown) => sendFailure(response, error));
  return true;
}

function findEndpoint(path: string): (typeof ENDPOINTS)[string] | undefined {
  const label = /^label\/([^/]+)\/values$/.exec(path)?.[1];
  if (label !== undefined) return { post: false, answer: (call) => labelValues(call, decodeURIComponent(label)) };
  return Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined;
}

function body({ data, warnings = [], infos = [] }: PrometheusAnswer): object {
  return {
    status: 'success',
    data,
    ...(warnings.length > 0 && { warnings }),
    ...(infos.length > 0 && { infos }),
  };
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

async function parametersOf(request: IncomingMessage, url: URL): Promise<URLSearchParams> {
  if (request.method !== 'POST') return url.searchParams;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new BadData('request body too large');
    chunks.push(chunk as Buffer);
  }
  // As Go's forms: what the body says comes before what the address says.
  return new URLSearchParams([...new URLSearchParams(Buffer.concat(chunks).toString('utf8')), ...url.searchParams]);
}

function send(response: ServerResponse, status: number, content: object): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(content);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
