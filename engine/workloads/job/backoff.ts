import { parseTime } from '#core/clock.ts';
import { finishedAtMs, isPodTerminal, type Pod } from '../pod-facts/pod-state.ts';

const BACKOFF_FIRST_MS = 10_000;
const BACKOFF_MAX_MS = 600_000;

/**
 * When the next pod may be made, ms since the epoch: 10 s after the first failure since the last success, doubling to 10 min.
 * undefined when nothing failed since then. Source: Kubernetes pkg/controller/job/backoff_utils.go.
 */
export function nextAttemptMs(pods: readonly Pod[], nowMs: number): number | undefined {
  const ended = pods.filter(isPodTerminal).map((pod) => ({
    failed: pod.status?.phase === 'Failed',
    atMs: finishedAtMs(pod, parseTime(pod.metadata.creationTimestamp) ?? nowMs),
  }));
  const lastSuccessMs = Math.max(-1, ...ended.filter(({ failed }) => !failed).map(({ atMs }) => atMs));
  const failures = ended.filter(({ failed, atMs }) => failed && atMs > lastSuccessMs);
  if (failures.length === 0) return undefined;
  const delayMs = Math.min(BACKOFF_FIRST_MS * 2 ** (failures.length - 1), BACKOFF_MAX_MS);
  return Math.max(...failures.map(({ atMs }) => atMs)) + delayMs;
}
