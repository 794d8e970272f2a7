import { Redis } from 'ioredis';
import type { Logger } from '../operations/logging.ts';

/** A cache that may be away at any time: every operation answers quickly, and none of them ever rejects. */
export interface Cache {
  /** The stored text, or undefined when there is none or the cache is away. */
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /** Adds one to a counter; used to make all keys of an older generation unreachable. */
  increment(key: string): Promise<void>;
  observeReachable(): Promise<boolean>;
  close(): Promise<void>;
}

const COMMAND_TIMEOUT_MS = 250;
const RECONNECT_DELAY_MS_MAX = 2000;
/** After a failure Redis is left alone for this long, so that a hanging one costs one request its timeout and not all of them. */
const PAUSE_MS = 1000;

/** @param now milliseconds of a monotonic clock */
export function createCache(options: { url: string; logger: Logger; now: () => number }): Cache {
  const { logger, now } = options;
  const redis = new Redis(options.url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, RECONNECT_DELAY_MS_MAX),
  });
  let down = false;
  let pausedUntilMs = 0;
  // Without this listener the loss of the connection is an uncaught exception. One line per outage, not one per attempt.
  redis.on('error', (error: Error) => {
    if (!down) logger.warn({ reason: error.message }, 'redis is away, going on without cache');
    down = true;
  });
  redis.on('ready', () => {
    if (down) logger.info('redis is back');
    down = false;
    pausedUntilMs = 0;
  });

  async function attempt<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (redis.status !== 'ready' || now() < pausedUntilMs) return undefined;
    try {
      return await command();
    } catch (error) {
      pausedUntilMs = now() + PAUSE_MS;
      logger.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'redis command failed, going on without cache',
      );
      return undefined;
    }
  }

  return {
    get: async (key) => (await attempt(() => redis.get(key))) ?? undefined,
    set: async (key, value, ttlMs) => void (await attempt(() => redis.set(key, value, 'PX', ttlMs))),
    increment: async (key) => void (await attempt(() => redis.incr(key))),
    observeReachable: async () => (await attempt(() => redis.ping())) !== undefined,
    close: async () => redis.disconnect(),
  };
}
