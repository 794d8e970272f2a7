import { Redis } from 'ioredis';
import type { Logger } from '../operations/logging.ts';

/** A cache that may be away at any time: every operation answers quickly, and none of them ever rejects. */
export interface Cache {
  /** The stored texts, undefined where there is none or the cache is away. */
  get(...keys: string[]): Promise<(string | undefined)[]>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /** Adds one to a counter; used to make all keys of an older generation unreachable. */
  increment(key: string): Promise<void>;
  /** Adds one to a counter that ends `windowMs` after its first count; undefined when the cache is away. */
  count(key: string, windowMs: number): Promise<number | undefined>;
  forget(key: string): Promise<void>;
  observeReachable(): Promise<boolean>;
  close(): Promise<void>;
}

/** Both in one step: a counter that was made but never given an end would count for ever. */
const COUNT_SCRIPT = `local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n`;
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
    async get(...keys) {
      const values = await attempt(() => redis.mget(...keys));
      return keys.map((_, at) => values?.[at] ?? undefined);
    },
    set: async (key, value, ttlMs) => void (await attempt(() => redis.set(key, value, 'PX', ttlMs))),
    increment: async (key) => void (await attempt(() => redis.incr(key))),
    async count(key, windowMs) {
      const count = await attempt(() => redis.eval(COUNT_SCRIPT, 1, key, windowMs));
      return typeof count === 'number' ? count : undefined;
    },
    forget: async (key) => void (await attempt(() => redis.del(key))),
    observeReachable: async () => (await attempt(() => redis.ping())) !== undefined,
    close: async () => redis.disconnect(),
  };
}

/**
 * JSON text that may be as old as `ttlMs`. Every write starts a new generation of keys, so text that was computed before the
 * write but stored after it is never seen again. Keys carry the version of the text's shape, because the releases N and N-1
 * share one Redis during a canary.
 *
 * @param from what the key is made of, the counters that make it unreachable, and the time to live; 0 turns the cache off
 * @param compute the text itself; its failures are the caller's
 */
export async function cachedText(
  cache: Cache,
  from: { key: string; generations: readonly string[]; ttlMs: number },
  compute: () => Promise<string>,
): Promise<string> {
  if (from.ttlMs === 0) return compute();
  const generations = await cache.get(...from.generations);
  const key = `${from.key}:${generations.map((generation) => generation ?? '0').join(':')}`;
  const [known] = await cache.get(key);
  if (known !== undefined) return known;
  const fresh = await compute();
  await cache.set(key, fresh, from.ttlMs);
  return fresh;
}
