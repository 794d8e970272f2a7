import { HttpError } from '../../operations/errors.ts';
import type { Cache } from '../cache.ts';

export interface RateLimitSettings {
  /** Log-ins with the same e-mail address from the same client address in 15 minutes; a successful one starts anew. 0: no limit. */
  loginsPerQuarterHour: number;
  /** Registrations from the same client address in a minute. 0: no limit. */
  registrationsPerMinute: number;
  /** Writes of the same user in a minute. 0: no limit. */
  writesPerMinute: number;
}

/**
 * How often somebody may do something. Counted in Redis, so that all replicas share the count; while Redis is away each
 * process counts for itself, which is weaker but neither an outage nor an open door.
 *
 * Each `admit…` rejects with a 429 `HttpError` that says when to come back.
 */
export interface RateLimits {
  admitLogin(email: string, clientAddress: string): Promise<void>;
  forgiveLogins(email: string, clientAddress: string): Promise<void>;
  admitRegistration(clientAddress: string): Promise<void>;
  admitWrite(userId: string): Promise<void>;
}

const MINUTE_MS = 60_000;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;
const LOCAL_COUNTERS_MAX = 10_000;

/** @param now milliseconds of a monotonic clock */
export function createRateLimits(settings: RateLimitSettings, cache: Cache, now: () => number): RateLimits {
  const local = createLocalCounters(now);

  async function admit(key: string, limit: number, windowMs: number): Promise<void> {
    if (limit === 0) return;
    const count = (await cache.count(key, windowMs)) ?? local.count(key, windowMs);
    if (count <= limit) return;
    const errors = { request: ['too many, try again later'] };
    throw new HttpError(429, 'too_many_requests', errors, { retryAfterSeconds: Math.ceil(windowMs / 1000) });
  }

  const loginKey = (email: string, clientAddress: string) => `limit:v1:login:${clientAddress}:${email.toLowerCase()}`;
  return {
    admitLogin: (email, clientAddress) =>
      admit(loginKey(email, clientAddress), settings.loginsPerQuarterHour, QUARTER_HOUR_MS),
    async forgiveLogins(email, clientAddress) {
      local.forget(loginKey(email, clientAddress));
      await cache.forget(loginKey(email, clientAddress));
    },
    admitRegistration: (clientAddress) =>
      admit(`limit:v1:register:${clientAddress}`, settings.registrationsPerMinute, MINUTE_MS),
    admitWrite: (userId) => admit(`limit:v1:write:${userId}`, settings.writesPerMinute, MINUTE_MS),
  };
}

/** Counters of this process, bounded: when there are too many, the oldest are forgotten first. */
function createLocalCounters(now: () => number) {
  const counters = new Map<string, { count: number; endsMs: number }>();
  return {
    count(key: string, windowMs: number): number {
      const current = counters.get(key);
      if (current !== undefined && now() < current.endsMs) return ++current.count;
      counters.delete(key);
      const [oldest] = counters.keys();
      if (counters.size >= LOCAL_COUNTERS_MAX && oldest !== undefined) counters.delete(oldest);
      counters.set(key, { count: 1, endsMs: now() + windowMs });
      return 1;
    },
    forget: (key: string) => void counters.delete(key),
  };
}
