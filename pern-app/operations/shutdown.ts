import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep } from './faults.ts';
import type { Health } from './health.ts';
import type { Logger } from './logging.ts';

// Importing `node:http` as an ES module evaluates all its exports, one of which loads a whole HTTP client: 30 ms of every start.
const { createServer } = process.getBuiltinModule('node:http');

/** Longer than the 60 s idle timeout of common proxies: the proxy must be the one that closes, or it writes into a closed socket. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const IDLE_SWEEP_MS = 50;

/** One listening HTTP server that can be drained. */
export interface DrainableServer {
  readonly port: number;
  /** From here on every answer carries `Connection: close`, including those of requests already in flight. */
  retireConnections(): void;
  /** Stops accepting and resolves when the last request has been answered. */
  close(): Promise<void>;
  /** Breaks whatever is still open. */
  destroy(): void;
}

/** Starts listening; rejects with the system's error when the port is taken. */
export async function listen(listener: RequestListener, port: number, host: string): Promise<DrainableServer> {
  const active = new Set<ServerResponse>();
  let retiring = false;
  const server = createServer((request, response) => {
    active.add(response);
    response.once('close', () => active.delete(response));
    if (retiring) response.setHeader('Connection', 'close');
    listener(request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.headersTimeout = KEEP_ALIVE_TIMEOUT_MS + 5000;
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    retireConnections() {
      retiring = true;
      for (const response of active) if (!response.headersSent) response.setHeader('Connection', 'close');
    },
    close: () => closeServer(server),
    destroy: () => server.closeAllConnections(),
  };
}

/** `server.close()` waits for keep-alive connections too; those that fall idle meanwhile are swept until none is left. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    server.close(() => {
      clearInterval(sweep);
      resolve();
    });
  });
}

export interface ShutdownOptions {
  health: Health;
  logger: Logger;
  server: DrainableServer;
  metricsServer: DrainableServer;
  /** Releases what the requests needed: pools, caches. Runs after the last answer. */
  release: () => Promise<void>;
  delayMs: number;
  timeoutMs: number;
}

/**
 * The order that loses no request: readiness false, keep answering until every proxy has noticed, stop accepting, finish
 * what is in flight, then release the dependencies. Metrics stay readable until the end.
 *
 * @returns true when everything ended in time, false when connections had to be broken after `timeoutMs`
 */
export async function shutDown(options: ShutdownOptions): Promise<boolean> {
  const { health, logger, server, metricsServer, delayMs, timeoutMs } = options;
  logger.info({ delayMs, timeoutMs }, 'shutting down: readiness is false, still answering');
  health.startDraining();
  server.retireConnections();
  const orderly = (async () => {
    await sleep(delayMs);
    await server.close();
    await options.release();
    await metricsServer.close();
    return true;
  })();
  const ended = await Promise.race([orderly, sleep(timeoutMs).then(() => false)]);
  if (!ended) {
    logger.error({ timeoutMs }, 'requests still in flight after the shutdown timeout; breaking their connections');
    server.destroy();
    metricsServer.destroy();
  }
  return ended;
}

/** Ends the process on SIGTERM and SIGINT in that order; a second signal is ignored, because the first is being obeyed. */
export function exitOnSignal(options: ShutdownOptions): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    shutDown(options).then(
      (orderly) => {
        options.logger.info({ signal, orderly }, 'stopped');
        process.exit(orderly ? 0 : 1);
      },
      (error: unknown) => {
        options.logger.fatal({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** A programmer error leaves an unknown state behind: log it and let the supervisor start a fresh process. */
export function exitOnUnexpectedError(logger: Logger): void {
  const exit = (kind: string) => (error: unknown) => {
    logger.fatal({ err: error, kind }, 'unexpected error, exiting');
    process.exit(1);
  };
  process.on('uncaughtException', exit('uncaughtException'));
  process.on('unhandledRejection', exit('unhandledRejection'));
}
