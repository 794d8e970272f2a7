import { type Logger, pino } from 'pino';

export type { Logger };

/** A line may wait so long for company; a system call for each line costs as much as a tenth of a request. */
const FLUSH_MS = 50;
const FLUSH_BYTES = 4096;
const WARN = 40;

/** One for the process, however many loggers there are. */
let shared: ReturnType<typeof pino.destination> | undefined;

function stdout(): ReturnType<typeof pino.destination> {
  if (shared !== undefined) return shared;
  const destination = pino.destination({ dest: 1, sync: true, minLength: FLUSH_BYTES });
  setInterval(() => destination.flushSync(), FLUSH_MS).unref();
  process.on('exit', () => destination.flushSync());
  shared = destination;
  return destination;
}

/**
 * JSON lines on stdout. Lines of requests are gathered for a moment; warnings and errors are written at once, with all before
 * them, and so is everything when the process ends. Only SIGKILL can cost the last 50 ms.
 * No transports: they start worker threads from files that a single-file bundle does not have.
 */
export function createLogger(options: {
  level: string;
  component: string;
  version: string;
  environment: string;
}): Logger {
  const destination = stdout();
  return pino(
    {
      level: options.level,
      base: { component: options.component, version: options.version, environment: options.environment },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(parameters, method, level) {
          method.apply(this, parameters);
          if (level >= WARN) destination.flushSync();
        },
      },
    },
    destination,
  );
}
