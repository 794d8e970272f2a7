import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Access } from '#api/access/access.ts';
import { CLUSTER_ADMIN, type Identity } from '#api/access/identity.ts';
import { TokenError } from '#api/access/tokens.ts';
import type { AuditSink } from '#api/audit/record.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { sendError, sendText } from './answers.ts';
import type { ServerCertificate } from './certificates.ts';
import type { Requester } from './guarded-resources.ts';
import type { LogReader } from './logs.ts';
import { answerMeta, type VersionFacts } from './meta-routes.ts';
import { ResourceRoutes } from './resource-routes.ts';

export interface HttpApiParts {
  resources: Resources;
  logs: LogReader;
  certificate: Pick<ServerCertificate, 'cert' | 'key'>;
  /** The engine's own bearer token, whose holder may do everything. */
  token: string;
  /** Who the bearer of any other token is. Throws TokenError. Undefined: there are no other tokens. */
  identify?: (token: string) => Promise<Identity>;
  access: Access;
  /** Where writes and refusals are recorded. */
  audit: AuditSink;
  version: VersionFacts;
  /** Milliseconds since the epoch, for ages in tables. */
  now: () => number;
  /** Routes that are no Kubernetes API, behind the same token. Returns true when it has taken the request. */
  extraRoutes?: (request: IncomingMessage, response: ServerResponse, url: URL, requester: Requester) => boolean;
  /** Routes that need no token because they know by themselves who calls. Returns true when it has taken the request. */
  openRoutes?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** False while the engine is not ready to serve; shown at /readyz. */
  isReady?: () => boolean;
  /** Called with errors that are faults of the engine, not of the client. Requests never reach it. */
  onFault?: (error: unknown) => void;
}

/** Requests without a valid token are recorded at most this often. */
const STRANGER_MS = 60_000;
const HEALTH_PATHS = ['/livez', '/readyz', '/healthz'];

/** The engine's Kubernetes API over HTTPS on loopback. Building it opens nothing; `listen` does. */
export class HttpApi {
  readonly #parts: HttpApiParts;
  readonly #server: Server;
  readonly #routes: ResourceRoutes;
  readonly #tokenDigest: Buffer;
  #strangerAtMs = Number.NEGATIVE_INFINITY;
  #strangers = 0;

  constructor(parts: HttpApiParts) {
    this.#parts = parts;
    this.#tokenDigest = digestOf(parts.token);
    this.#routes = new ResourceRoutes(parts);
    this.#server = createServer(
      { ...parts.certificate, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] },
      (request, response) => {
        this.#handle(request, response).catch((error: unknown) =>
          sendError(response, error, (fault) => this.#fault(fault)),
        );
      },
    );
    // Watches and logs are quiet for longer than any request timeout.
    this.#server.requestTimeout = 60_000;
    this.#server.timeout = 0;
  }

  /** Listens on 127.0.0.1; port 0 takes a free one. Returns the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends watches, then every connection. */
  async close(): Promise<void> {
    this.#routes.close();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request);
    if (HEALTH_PATHS.includes(url.pathname)) {
      const ready = url.pathname !== '/readyz' || this.#parts.isReady?.() !== false;
      sendText(response, ready ? 200 : 503, ready ? 'ok' : 'not ready');
      return;
    }
    if (this.#parts.openRoutes?.(request, response) === true) return;
    const requester = { identity: await this.#authenticate(request), source: sourceOf(request) };
    if (this.#parts.extraRoutes?.(request, response, url, requester) === true) return;
    if (answerMeta(request, response, url, this.#parts.version)) return;
    await this.#routes.handle(request, response, url, requester);
  }

  /** Throws Unauthorized. The digests have equal length, so the comparison takes the same time whatever was sent. */
  async #authenticate(request: IncomingMessage): Promise<Identity> {
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ', 2);
    const isBearer = scheme?.toLowerCase() === 'bearer' && token !== '';
    if (isBearer && timingSafeEqual(digestOf(token), this.#tokenDigest)) return CLUSTER_ADMIN;
    const { identify } = this.#parts;
    let why = 'Unauthorized';
    // The engine's own token and anything else that is no JWT need not be parsed as one.
    if (isBearer && identify !== undefined && token.split('.').length === 3) {
      try {
        return await identify(token);
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        why = error.message;
      }
    }
    this.#recordStranger(request, why);
    throw new ApiError('Unauthorized', why);
  }

  /** One record a minute at most: whoever has no token must not be able to fill the record. */
  #recordStranger(request: IncomingMessage, rule: string): void {
    const nowMs = this.#parts.now();
    if (nowMs - this.#strangerAtMs < STRANGER_MS) {
      this.#strangers++;
      return;
    }
    this.#parts.audit.append({
      time: new Date(nowMs).toISOString(),
      identity: 'anonymous',
      groups: [],
      source: sourceOf(request),
      verb: 'authenticate',
      object: `${request.method ?? ''} ${(request.url ?? '').split('?', 1)[0]?.slice(0, 200) ?? ''}`,
      outcome: 'refused',
      rule,
      ...(this.#strangers > 0 ? { message: `${this.#strangers} more since the last such record` } : {}),
    });
    this.#strangerAtMs = nowMs;
    this.#strangers = 0;
  }

  #fault(error: unknown): void {
    this.#parts.onFault?.(error);
  }
}

function sourceOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'https://127.0.0.1');
  } catch {
    throw new ApiError('BadRequest', 'the request line holds no valid URL');
  }
}
