import type { Draft } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { findCondition } from '#kube/conditions.ts';
import type { ProbeKind } from '#machine/pods.ts';
import { type ContainerView, isStarted } from './container-view.ts';
import type { Pod } from './pod-types.ts';
import { graceMsOf, preStopOf, probeOf, probeSpec } from './probes.ts';
import { messages } from './reasons.ts';

/** Starts the probes whose turn has come, and stops containers that failed liveness or startup, or were redefined. */
export function planHealth(pod: Pod, views: readonly ContainerView[], podIp: string, draft: Draft): void {
  for (const view of views) {
    if (view.state?.phase !== 'running') continue;
    if (isRedefined(view)) {
      stopForRestart(pod, view, podIp, draft, messages.killingChanged(view.container.name));
      continue;
    }
    planProbes(pod, view, podIp, draft);
    noteUnready(pod, view, draft);
  }
}

function isRedefined({ state, container }: ContainerView): boolean {
  return state !== undefined && state.image !== (container.image ?? '');
}

function planProbes(pod: Pod, view: ContainerView, podIp: string, draft: Draft): void {
  const kinds: ProbeKind[] = isStarted(view) ? ['readiness', 'liveness'] : ['startup'];
  if (view.init && !view.sidecar) return;
  for (const kind of kinds) {
    const state = view.state?.probes[kind];
    if (state === undefined) startProbe(pod, view, kind, podIp, draft);
    else if (kind !== 'readiness' && state.result === 'failure') {
      draft.note('Warning', 'Unhealthy', messages.unhealthy(kind, state.message));
      const probe = probeOf(view.container, kind);
      stopForRestart(pod, view, podIp, draft, messages.killingProbe(view.container.name, kind), graceMsOf(pod, probe));
      return;
    }
  }
}

function startProbe(pod: Pod, { container, state }: ContainerView, kind: ProbeKind, podIp: string, draft: Draft): void {
  const probe = probeOf(container, kind);
  const spec = probe === undefined ? undefined : probeSpec(container, probe, podIp);
  if (spec === undefined || state === undefined) return;
  draft.add({
    effect: 'node',
    node: {
      op: 'startProbe',
      podUid: pod.metadata.uid,
      container: container.name,
      attempt: state.attempt,
      probe: kind,
      spec,
    },
  });
}

/** The event of a readiness probe that failed; the condition's lastProbeTime remembers which failure was told last. */
function noteUnready(pod: Pod, { state }: ContainerView, draft: Draft): void {
  const readiness = state?.probes.readiness;
  if (readiness?.result !== 'failure') return;
  const toldMs = parseTime(findCondition(pod.status?.conditions, 'ContainersReady')?.lastProbeTime);
  if (toldMs !== undefined && Math.floor(readiness.atMs / 1000) * 1000 <= toldMs) return;
  draft.note('Warning', 'Unhealthy', messages.unhealthy('readiness', readiness.message));
}

function stopForRestart(
  pod: Pod,
  { container }: ContainerView,
  podIp: string,
  draft: Draft,
  message: string,
  graceMs = graceMsOf(pod),
): void {
  const preStop = preStopOf(container, podIp);
  draft.note('Normal', 'Killing', message);
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
