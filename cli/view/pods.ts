import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';

export type Pod = KindMap['Pod'];

/** What kubectl prints as STATUS: the reason of the container that holds the pod up, else its phase. */
export function podStatus(pod: Pod): string {
  const { status } = pod;
  const init = status?.initContainerStatuses ?? [];
  const unfinished = init.findIndex(({ state }) => state?.terminated?.exitCode !== 0);
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (unfinished >= 0 && status?.phase !== 'Running') {
    const { state } = init[unfinished]!;
    const reason = state?.waiting?.reason ?? state?.terminated?.reason;
    return reason === undefined || reason === 'PodInitializing'
      ? `Init:${unfinished}/${init.length}`
      : `Init:${reason}`;
  }
  for (const { state } of status?.containerStatuses ?? []) {
    const reason = state?.waiting?.reason ?? state?.terminated?.reason;
    if (reason !== undefined) return reason;
  }
  return status?.reason ?? status?.phase ?? 'Pending';
}

/** `[ready, all]` containers. */
export function readyContainers(pod: Pod): readonly [number, number] {
  const statuses = pod.status?.containerStatuses ?? [];
  return [statuses.filter(({ ready }) => ready).length, pod.spec.containers?.length ?? statuses.length];
}

export function restartCount(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, status) => sum + status.restartCount, 0);
}

export function isPodReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Why a pod is not ready, in one line, or undefined when its containers say nothing. */
export function podTrouble(pod: Pod): string | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const { name, state, lastState, ready } of statuses) {
    const waiting = state?.waiting;
    if (waiting?.message !== undefined) return `${name}: ${waiting.reason}: ${waiting.message}`;
    const ended = state?.terminated ?? lastState?.terminated;
    if (ended !== undefined && ended.exitCode !== 0) {
      return `${name}: ${ended.reason ?? 'ended'}, exit code ${ended.exitCode}${ended.message === undefined ? '' : `: ${ended.message}`}`;
    }
    if (state?.running !== undefined && !ready) return `${name}: runs, but is not ready`;
  }
  return pod.status?.message ?? pod.status?.conditions?.find(({ status }) => status === 'False')?.message;
}
