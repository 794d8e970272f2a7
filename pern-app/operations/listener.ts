import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Health } from './health.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';

export interface ListenerOptions {
  version: string;
  health: Health;
  metrics: Metrics;
  logger: Logger;
  /** Answers everything that is not a probe. */
  handle: RequestListener;
  /** The pattern of the route that answered; read when the answer is complete. */
  routeOf: (request: IncomingMessage) => string;
}

/** Status recorded for a request whose client went away before the answer was complete. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Wraps an application's handler with what every component of ours does: `X-App-Version`, request ids, the probes
 * `/livez` and `/readyz` (neither counted nor logged, never subject to faults), request metrics and one log line per request.
 */
export function createListener(options: ListenerOptions): RequestListener {
  return (request, response) => {
    response.setHeader('X-App-Version', options.version);
    if (options.health.draining) response.setHeader('Connection', 'close');
    const path = request.url?.split('?')[0];
    if (path === '/livez') return answerProbe(response, { ready: true, reasons: [] });
    if (path === '/readyz') {
      options.health.observeReadiness().then(
        (readiness) => answerProbe(response, readiness),
        (error: unknown) => answerProbe(response, { ready: false, reasons: [String(error)] }),
      );
      return;
    }
    record(request, response, options);
    options.handle(request, response);
  };
}

function answerProbe(response: ServerResponse, outcome: { ready: boolean; reasons: string[] }): void {
  const body = outcome.ready ? { status: 'ok' } : { status: 'unavailable', reasons: outcome.reasons };
  response.writeHead(outcome.ready ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function record(request: IncomingMessage, response: ServerResponse, options: ListenerOptions): void {
  const startedMs = performance.now();
  const { method = 'GET', url } = request;
  const requestId = requestIdOf(request);
  request.headers['x-request-id'] = requestId;
  response.setHeader('X-Request-Id', requestId);
  response.once('close', () => {
    const durationMs = performance.now() - startedMs;
    const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
    const route = options.routeOf(request);
    options.metrics.countRequest({ method, route, status, durationSeconds: durationMs / 1000 });
    const fields = { requestId, method, url, route, status, durationMs: Math.round(durationMs * 10) / 10 };
    if (status >= 500) options.logger.warn(fields, 'request failed');
    else options.logger.info(fields, 'request');
  });
}

/** A sane id from upstream is kept, so that one request has one id in the logs of every component; anything else is replaced. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
