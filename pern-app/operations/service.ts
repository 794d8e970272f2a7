import type { RequestListener } from 'node:http';
import { ConfigurationError } from './environment.ts';
import type { Health } from './health.ts';
import type { Logger } from './logging.ts';
import { type Metrics, metricsListener } from './metrics.ts';
import { exitOnSignal, exitOnUnexpectedError, listen } from './shutdown.ts';

/** A built component, before it listens. */
export interface Component {
  listener: RequestListener;
  health: Health;
  metrics: Metrics;
  logger: Logger;
  release: () => Promise<void>;
}

export interface ServiceSettings {
  HOST: string;
  PORT: number;
  METRICS_PORT: number;
  SHUTDOWN_DELAY_MS: number;
  SHUTDOWN_TIMEOUT_MS: number;
}

/** Listens with a built component and stays until a signal ends it in good order. */
export async function runService(component: Component, settings: ServiceSettings): Promise<void> {
  const { logger, health, release } = component;
  exitOnUnexpectedError(logger);
  const metricsServer = await listen(metricsListener(component.metrics.registry), settings.METRICS_PORT, settings.HOST);
  const server = await listen(component.listener, settings.PORT, settings.HOST);
  exitOnSignal({
    health,
    logger,
    server,
    metricsServer,
    release,
    delayMs: settings.SHUTDOWN_DELAY_MS,
    timeoutMs: settings.SHUTDOWN_TIMEOUT_MS,
  });
  logger.info(
    { port: server.port, metricsPort: metricsServer.port, startUpMs: Math.round(performance.now()) },
    'listening',
  );
}

/** Ends an entry point that cannot go on: a person's mistake as plain text without a stack, anything else with it. Exit code 2 or 1. */
export function exitWithStartupError(error: unknown): never {
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  process.stderr.write(`cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}
