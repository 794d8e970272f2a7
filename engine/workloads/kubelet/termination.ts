import type { Draft } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { type ContainerView, isRunning } from './container-view.ts';
import type { Pod } from './pod-types.ts';
import { preStopOf } from './probes.ts';
import { messages } from './reasons.ts';

/** deletionTimestamp has whole seconds; a deadline is not taken to be over before its second is. */
const ROUNDING_MS = 1000;

/**
 * Stops what runs: first the containers, and when they have ended the sidecars, last started first. Returns true when
 * nothing runs any more.
 */
export function planStop(
  pod: Pod,
  views: readonly ContainerView[],
  graceMs: number,
  podIp: string,
  nowMs: number,
  draft: Draft,
): boolean {
  const running = views.filter(isRunning);
  const main = running.filter((view) => !view.sidecar);
  const turn = main.length > 0 ? main : running.slice(-1);
  for (const view of turn) stopOne(pod, view, graceMs, podIp, nowMs, draft);
  return running.length === 0;
}

function stopOne(
  pod: Pod,
  { container, state }: ContainerView,
  graceMs: number,
  podIp: string,
  nowMs: number,
  draft: Draft,
): void {
  const isUnderWay = state?.phase === 'stopping';
  // Only a shorter grace period changes a stop that is under way.
  if (isUnderWay && (state.killAtMs ?? 0) <= nowMs + graceMs + ROUNDING_MS) return;
  const preStop = preStopOf(container, podIp);
  if (!isUnderWay) draft.note('Normal', 'Killing', messages.killing(container.name));
  draft.add({
    effect: 'node',
    node: {
      op: 'stopContainer',
      podUid: pod.metadata.uid,
      container: container.name,
      graceMs,
      ...(preStop ? { preStop } : {}),
    },
  });
}

/** What is left of a deleted pod's grace period. */
export function remainingGraceMs(pod: Pod, nowMs: number): number {
  const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000;
  const deadlineMs = parseTime(pod.metadata.deletionTimestamp);
  if (deadlineMs === undefined) return graceMs;
  return Math.max(0, Math.min(graceMs, deadlineMs + ROUNDING_MS - nowMs));
}
