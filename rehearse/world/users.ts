import type { TrafficModel } from '../scenario/types.ts';

const REQUESTS_PER_USER_PER_MINUTE = 6;
const SESSION_MS = 600_000;

/**
 * How many people met a version at least once in a stretch of time: those who are there, renewed once a session, times the
 * probability that at least one of a person's requests in the stretch (at most a session) went to it. Requests are split
 * independently, as weights do without sticky sessions.
 */
export function usersExposed(
  model: TrafficModel,
  stretch: { ms: number; requestsPerSecond: number; share: number },
): number {
  const perMinute = model.requestsPerUserPerMinute ?? REQUESTS_PER_USER_PER_MINUTE;
  const sessionMs = model.session ?? SESSION_MS;
  const concurrent = (stretch.requestsPerSecond * 60) / perMinute;
  const share = Math.min(1, Math.max(0, stretch.share));
  const requestsOfASession = (perMinute * sessionMs) / 60_000;
  return concurrent * (stretch.ms / sessionMs) * (1 - (1 - share) ** requestsOfASession);
}
