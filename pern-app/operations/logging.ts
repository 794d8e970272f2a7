import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * JSON lines on stdout, written synchronously so that nothing is lost when the process ends.
 * No transports: they start worker threads from files that a single-file bundle does not have.
 */
export function createLogger(options: {
  level: string;
  component: string;
  version: string;
  environment: string;
}): Logger {
  return pino({
    level: options.level,
    base: { component: options.component, version: options.version, environment: options.environment },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
