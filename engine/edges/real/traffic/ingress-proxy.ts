import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Entropy } from '#core/entropy.ts';
import type { Ids } from '#core/ids.ts';
import type { Endpoint, Route, TrafficTable } from '#machine/traffic.ts';
import { type Destination, findDestination } from '../../../stages/traffic/match.ts';
import {
  changedHeaders,
  type HeaderValues,
  type RedirectAction,
  redirectLocation,
  rewrittenUrl,
  splitUrl,
} from '../../../stages/traffic/route-actions.ts';
import { EvenDraws } from './even-draws.ts';
import type { IngressMetrics } from './ingress-metrics.ts';
import { Upstreams } from './upstreams.ts';

/** ingress-nginx's proxy-body-size. Bodies are read whole before they are passed on, so a request can be tried again. */
const BODY_BYTES_MAX = 1024 * 1024;
/** ingress-nginx's proxy-next-upstream-tries. */
const TRIES_MAX = 3;
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface IngressProxyParts {
  entropy: Entropy;
  ids: Ids;
  metrics: IngressMetrics;
}

interface ForwardedRequest {
  path: string;
  headers: HeaderValues;
}

/** One request on its way: what was asked, where it goes, and what became of it. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  destination: Destination;
  body: Buffer | undefined;
  startedAtMs: number;
  /** The request as it goes on: what the route's actions made of it. */
  target: ForwardedRequest;
}

/**
 * The ingress: one HTTP server for all hosts. Each request is matched against the table of that moment, so a new weight
 * holds for the next request, and a table change never touches one that is under way.
 */
export class IngressProxy {
  readonly server: Server;
  readonly #parts: IngressProxyParts;
  readonly #upstreams = new Upstreams();
  readonly #tunnels = new Set<Duplex>();
  readonly #draws: EvenDraws;
  #table: TrafficTable = { routes: [] };

  constructor(parts: IngressProxyParts) {
    this.#parts = parts;
    this.#draws = new EvenDraws(parts.entropy);
    // Clients keep their connections; idle ones are kept longer than most clients do, so that the client closes first.
    this.server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 120_000 }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.server.on('upgrade', (request, socket, head) => this.#tunnel(request, socket, head));
  }

  setTable(table: TrafficTable): void {
    this.#table = table;
    this.#upstreams.retain(table);
  }

  /** Listens on a loopback address. Rejects with the system's error (EADDRINUSE, …). */
  listen(port: number, host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#tunnels) socket.destroy();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await Promise.all([closed, this.#upstreams.close()]);
  }

  #find(request: IncomingMessage): Destination | undefined {
    const { path, query } = splitUrl(request.url ?? '/');
    const { headers, method = 'GET' } = request;
    const facts = { host: headers.host ?? '', path, query, headers, method };
    return findDestination(this.#table, facts, (route) =>
      this.#draws.next(`${route.namespace}/${route.ingress}${route.path}`),
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAtMs = performance.now();
    const destination = this.#find(request);
    if (destination === undefined) {
      request.resume();
      respond(response, 404, 'default backend - 404');
      return;
    }
    const body = await readBody(request);
    const exchange: Exchange = {
      request,
      response,
      destination,
      body: body === 'too large' ? undefined : body,
      startedAtMs,
      target: forwardedRequest(request, destination.route, this.#parts.ids),
    };
    response.once('close', () => this.#record(exchange));
    const { actions } = destination.route;
    if (body === 'too large') respond(response, 413, '413 Request Entity Too Large', true);
    else if (actions?.redirect !== undefined) redirect(exchange, actions.redirect);
    else if (destination.isInvalid) respond(response, 500, '500 Internal Server Error');
    else {
      this.#mirror(exchange);
      this.#forward(exchange, this.#upstreams.order(destination.backend), 1);
    }
  }

  /** Copies for other back ends; what becomes of them is of no consequence. */
  #mirror({ destination, request, body, target }: Exchange): void {
    for (const { backend, share } of destination.route.actions?.mirrors ?? []) {
      const [endpoint] = this.#upstreams.order(backend);
      const id = `${destination.route.namespace}/${destination.route.ingress} mirror ${backend.service}`;
      if (endpoint === undefined || (share < 1 && this.#draws.next(id) >= share)) continue;
      this.#upstreams
        .pool(endpoint)
        .request({
          path: target.path,
          method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
          headers: target.headers,
          body: body ?? null,
        })
        .then((answer) => answer.body.dump())
        .catch(() => {});
    }
  }

  #record({ response, request, destination, startedAtMs }: Exchange): void {
    const { route, backend, canary } = destination;
    this.#parts.metrics.record({
      namespace: route.namespace,
      ingress: route.ingress,
      service: route.split === undefined ? route.backend.service : backend.service,
      canary: canary ? `${backend.namespace}-${backend.service}-${backend.port}` : '',
      host: route.host,
      path: route.path,
      method: request.method ?? 'GET',
      // As nginx: a client that went away before the answer is 499.
      status: response.writableFinished || response.headersSent ? response.statusCode : 499,
      durationSeconds: (performance.now() - startedAtMs) / 1000,
    });
  }

  #forward(exchange: Exchange, endpoints: readonly Endpoint[], attempt: number): void {
    const endpoint = endpoints[(attempt - 1) % Math.max(endpoints.length, 1)];
    if (endpoint === undefined) {
      respond(exchange.response, 503, '503 Service Temporarily Unavailable');
      return;
    }
    const retry = attempt < TRIES_MAX ? () => this.#forward(exchange, endpoints, attempt + 1) : undefined;
    const { request, body, target } = exchange;
    this.#upstreams.pool(endpoint).dispatch(
      {
        path: target.path,
        method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
        headers: target.headers,
        body: body ?? null,
      },
      relay(exchange, retry),
    );
  }

  /** WebSocket and other upgrades: the connection is spliced to one endpoint. */
  #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const destination = this.#find(request);
    const endpoint = destination === undefined ? undefined : this.#upstreams.order(destination.backend)[0];
    if (endpoint === undefined) {
      socket.end(
        `HTTP/1.1 ${destination === undefined ? '404 Not Found' : '503 Service Unavailable'}\r\nConnection: close\r\n\r\n`,
      );
      return;
    }
    const upstream: Socket = connect(endpoint.port, endpoint.ip, () => {
      upstream.write(upgradeHead(request));
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    for (const [side, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#tunnels.add(side);
      side.on('error', () => other.destroy());
      side.on('close', () => {
        this.#tunnels.delete(side);
        other.destroy();
      });
    }
  }
}

/** Passes the upstream's answer on, with backpressure; failures before the answer began are retried or become 502/504. */
function relay(
  { request, response, destination }: Exchange,
  retry: (() => void) | undefined,
): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined;
  const onClose = () => {
    if (!response.writableFinished) controller?.abort(new Error('the client went away'));
  };
  return {
    onRequestStart(started) {
      controller = started;
      if (response.destroyed) started.abort(new Error('the client went away'));
      else response.once('close', onClose);
    },
    onResponseStart(_controller, statusCode, headers) {
      if (statusCode < 200) return;
      const answered = withoutHopByHop(headers as Record<string, string | string[] | undefined>);
      const { responseHeaders } = destination.route.actions ?? {};
      for (const [name, value] of Object.entries(changedHeaders(answered, responseHeaders))) {
        response.setHeader(name, value);
      }
      response.writeHead(statusCode);
    },
    onResponseData(active, chunk) {
      if (response.write(chunk)) return;
      active.pause();
      response.once('drain', () => active.resume());
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError(_controller, error) {
      response.off('close', onClose);
      if (response.destroyed) return;
      // Once the answer has begun, cutting the connection is the only honest way to say that it is not whole.
      if (response.headersSent) response.destroy();
      else if (retry !== undefined && mayRetry(request.method ?? 'GET', error)) retry();
      else
        respond(response, isTimeout(error) ? 504 : 502, isTimeout(error) ? '504 Gateway Time-out' : '502 Bad Gateway');
    },
  };
}

function codeOf(error: Error): string {
  return (error as Error & { code?: string }).code ?? '';
}

function isTimeout(error: Error): boolean {
  return codeOf(error).endsWith('_TIMEOUT');
}

/** As nginx's `proxy_next_upstream error timeout`: never twice for a request that may have changed something. */
function mayRetry(method: string, error: Error): boolean {
  const neverSent = [
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_CLOSED',
    'UND_ERR_DESTROYED',
  ].includes(codeOf(error));
  return neverSent || IDEMPOTENT.has(method);
}

function respond(response: ServerResponse, status: number, text: string, close = false): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(text) + 1,
    ...(close ? { connection: 'close' } : {}),
  });
  response.end(`${text}\n`);
}

/** The whole body, undefined when there is none. Rejects when the client goes away in the middle of it. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined | 'too large'> {
  const declared = request.headers['content-length'];
  if (declared === undefined && request.headers['transfer-encoding'] === undefined) return undefined;
  if (Number(declared ?? 0) > BODY_BYTES_MAX) return 'too large';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return 'too large';
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

function withoutHopByHop(given: Readonly<Record<string, string | string[] | undefined>>): HeaderValues {
  const headers: HeaderValues = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) headers[name] = value;
  }
  return headers;
}

/** The request as its back end gets it: forwarded headers as ingress-nginx sets them, then what the route changes. */
function forwardedRequest(request: IncomingMessage, route: Route, ids: Ids): ForwardedRequest {
  const headers = changedHeaders(forwardedHeaders(request, ids), route.actions?.requestHeaders);
  const { hostname } = route.actions?.rewrite ?? {};
  return {
    path: rewrittenUrl(request.url ?? '/', route),
    headers: hostname === undefined ? headers : { ...headers, host: hostname },
  };
}

function redirect({ request, response, destination }: Exchange, to: RedirectAction): void {
  const location = redirectLocation(to, destination.route, request.headers.host ?? '', request.url ?? '/');
  request.resume();
  response.writeHead(to.status, { location, 'content-length': 0 });
  response.end();
}

function forwardedHeaders(request: IncomingMessage, ids: Ids): HeaderValues {
  const headers = withoutHopByHop(request.headers);
  delete headers['content-length'];
  delete headers.expect;
  const client = request.socket.remoteAddress ?? '127.0.0.1';
  headers['x-request-id'] ??= ids.uid().replaceAll('-', '');
  headers['x-real-ip'] = client;
  headers['x-forwarded-for'] = client;
  headers['x-forwarded-host'] = request.headers.host ?? '';
  headers['x-forwarded-port'] = String(request.socket.localPort ?? 80);
  headers['x-forwarded-proto'] = 'http';
  headers['x-forwarded-scheme'] = 'http';
  headers['x-scheme'] = 'http';
  return headers;
}

function upgradeHead(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/1.1`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    lines.push(`${request.rawHeaders[index]}: ${request.rawHeaders[index + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
