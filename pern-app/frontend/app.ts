import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody, errorHeaders, HttpError, INJECTED_ERROR, INTERNAL_ERROR } from '../operations/errors.ts';
import { injectFaults } from '../operations/faults.ts';
import { createHealth } from '../operations/health.ts';
import { createListener } from '../operations/listener.ts';
import { createLogger } from '../operations/logging.ts';
import { createMetrics } from '../operations/metrics.ts';
import type { Component } from '../operations/service.ts';
import type { FrontendConfig } from './config.ts';
import type { StaticFile } from './files.ts';

/** Everything comes from our own origin; no inline script or style is allowed, so injected markup cannot run anything. */
const SECURITY_HEADERS: Record<string, string> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** What a path leads to. `route` is its bounded name for the metrics. */
type Target = { route: string; file?: StaticFile; config?: true; error?: HttpError };

/**
 * Builds the static server without listening.
 *
 * @param files the Vite build, from `readStaticFiles`
 * @param random uniform numbers in [0, 1), for the `error-rate` fault
 */
export function createFrontend(
  config: FrontendConfig,
  files: Map<string, StaticFile>,
  random: () => number,
): Component {
  const { VERSION: version, ENVIRONMENT: environment } = config;
  const logger = createLogger({ level: config.LOG_LEVEL, component: 'frontend', version, environment });
  const metrics = createMetrics(version);
  const health = createHealth({ checks: [], failReadiness: config.FAULTS.failReadiness });
  const runtimeConfig = `${JSON.stringify({ version, environment })}\n`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (await injectFaults(config.FAULTS, random)) return sendError(request, response, INJECTED_ERROR);
    if (request.method !== 'GET' && request.method !== 'HEAD') return sendError(request, response, METHOD_NOT_ALLOWED);
    const target = findTarget(request.url ?? '/', files);
    if (target.file !== undefined) return sendFile(request, response, target.file);
    if (target.config)
      return send(
        request,
        response,
        200,
        { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
        runtimeConfig,
      );
    sendError(request, response, target.error ?? NOT_FOUND);
  }

  return {
    listener: createListener({
      version,
      health,
      metrics,
      logger,
      handle: (request, response) => {
        answer(request, response).catch((error: unknown) => {
          logger.error({ err: error }, 'unexpected error in a request');
          if (response.headersSent) response.destroy();
          else sendError(request, response, INTERNAL_ERROR);
        });
      },
      routeOf: (request) => findTarget(request.url ?? '/', files).route,
    }),
    health,
    metrics,
    logger,
    release: async () => undefined,
  };
}

const NOT_FOUND = new HttpError(404, 'not_found', { path: ['not found'] });
const BAD_PATH = new HttpError(400, 'bad_request', { path: ['is not a valid URL path'] });
const METHOD_NOT_ALLOWED = new HttpError(
  405,
  'method_not_allowed',
  { method: ['is not allowed here'] },
  { headers: { Allow: 'GET, HEAD' } },
);

/**
 * Files first, then the page for every path that looks like one of its own. A missing file (a path with an extension or below
 * `/assets/`) is 404 and never the page: a browser of the previous release must not get HTML where it asks for a script.
 */
function findTarget(url: string, files: Map<string, StaticFile>): Target {
  const path = decodePath(url);
  if (path === undefined) return { route: 'unmatched', error: BAD_PATH };
  if (path === '/config.json') return { route: '/config.json', config: true };
  const file = path === '/' ? undefined : files.get(path);
  if (file !== undefined) return { route: path.startsWith('/assets/') ? '/assets/*' : path, file };
  if (path.startsWith('/assets/')) return { route: '/assets/*', error: NOT_FOUND };
  const isPage = !path.startsWith('/api/') && path !== '/api' && !/\.[^/]*$/.test(path);
  return isPage ? { route: '/*', file: files.get('/index.html') } : { route: 'unmatched', error: NOT_FOUND };
}

/** The decoded path without query, or undefined when it is malformed. */
function decodePath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0] ?? '/');
    return path.startsWith('/') && !path.includes('\0') ? path : undefined;
  } catch {
    return undefined;
  }
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  const headers: Record<string, string> = { ETag: file.etag, 'Cache-Control': file.cacheControl };
  if (file.gzipped !== undefined) headers.Vary = 'Accept-Encoding';
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.some((tag) => tag === file.etag || tag === '*')) {
    response.writeHead(304, headers).end();
    return;
  }
  const compress =
    file.gzipped !== undefined && /\bgzip\b(?!;q=0(\.0*)?(,|$))/.test(String(request.headers['accept-encoding'] ?? ''));
  if (compress) headers['Content-Encoding'] = 'gzip';
  send(
    request,
    response,
    200,
    { ...headers, 'Content-Type': file.type },
    compress && file.gzipped ? file.gzipped : file.bytes,
  );
}

function sendError(request: IncomingMessage, response: ServerResponse, error: HttpError): void {
  const requestId = request.headers['x-request-id'];
  const body = errorBody(error, typeof requestId === 'string' ? requestId : undefined);
  send(
    request,
    response,
    error.status,
    { ...errorHeaders(error), 'Content-Type': 'application/json' },
    `${JSON.stringify(body)}\n`,
  );
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
