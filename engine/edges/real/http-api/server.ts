import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { sendError, sendText } from './answers.ts';
import type { ServerCertificate } from './certificates.ts';
import type { LogReader } from './logs.ts';
import { answerMeta, type VersionFacts } from './meta-routes.ts';
import { ResourceRoutes } from './resource-routes.ts';
import type { Identity } from './reviews.ts';

export interface HttpApiParts {
  resources: Resources;
  logs: LogReader;
  certificate: Pick<ServerCertificate, 'cert' | 'key'>;
  /** The bearer token that every request but health checks must carry. */
  token: string;
  identity: Identity;
  version: VersionFacts;
  /** Milliseconds since the epoch, for ages in tables. */
  now: () => number;
  /** Routes that are no Kubernetes API, behind the same token. Returns true when it has taken the request. */
  extraRoutes?: (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;
  /** False while the engine is not ready to serve; shown at /readyz. */
  isReady?: () => boolean;
  /** Called with errors that are faults of the engine, not of the client. Requests never reach it. */
  onFault?: (error: unknown) => void;
}

const HEALTH_PATHS = ['/livez', '/readyz', '/healthz'];

/** The engine's Kubernetes API over HTTPS on loopback. Building it opens nothing; `listen` does. */
export class HttpApi {
  readonly #parts: HttpApiParts;
  readonly #server: Server;
  readonly #routes: ResourceRoutes;
  readonly #tokenDigest: Buffer;

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
    this.#authenticate(request);
    if (this.#parts.extraRoutes?.(request, response, url) === true) return;
    if (answerMeta(request, response, url, this.#parts.version)) return;
    await this.#routes.handle(request, response, url);
  }

  /** Throws Unauthorized. The digests have equal length, so the comparison takes the same time whatever was sent. */
  #authenticate(request: IncomingMessage): void {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ', 2);
    const isBearer = scheme?.toLowerCase() === 'bearer';
    if (isBearer && timingSafeEqual(digestOf(token ?? ''), this.#tokenDigest)) return;
    throw new ApiError('Unauthorized', 'Unauthorized');
  }

  #fault(error: unknown): void {
    this.#parts.onFault?.(error);
  }
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
