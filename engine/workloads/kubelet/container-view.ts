import type { ContainerState } from '#machine/pods.ts';
import type { KubeletObservation } from './observation.ts';
import { type Container, type ContainerStatus, isSidecar, type Pod, statusOf } from './pod-types.ts';

/** One container as a plan looks at it: what is declared, what runs, what was last reported. */
export interface ContainerView {
  container: Container;
  init: boolean;
  sidecar: boolean;
  /** The last run this machine knows of. */
  state: ContainerState | undefined;
  reported: ContainerStatus | undefined;
  /** The report speaks of a run this machine does not know: the sandbox was lost, and the run with it. */
  lost: boolean;
}

export function containerViews({ pod, sandbox }: Pick<KubeletObservation, 'pod' | 'sandbox'>): ContainerView[] {
  const view = (container: Container, init: boolean): ContainerView => {
    const state = sandbox?.containers[container.name];
    const reported = statusOf(pod, container.name);
    const lost = state === undefined && (reported?.containerID ?? '') !== '';
    return { container, init, sidecar: init && isSidecar(container), state, reported, lost };
  };
  return [
    ...(pod.spec.initContainers ?? []).map((container) => view(container, true)),
    ...pod.spec.containers.map((container) => view(container, false)),
  ];
}

export function isRunning({ state }: ContainerView): boolean {
  return state !== undefined && state.phase !== 'exited';
}

/** The report is about the run that the machine shows. */
function isSameRun({ state, reported }: ContainerView): boolean {
  return state !== undefined && reported?.containerID === state.containerId;
}

/** Past its startup probe. After a restart of the engine, what was reported of the same run still holds. */
export function isStarted(view: ContainerView): boolean {
  const { state, container, reported } = view;
  if (state === undefined || (state.phase !== 'running' && state.phase !== 'stopping')) return false;
  if (!container.startupProbe || state.probes.startup?.result === 'success') return true;
  return isSameRun(view) && reported?.started === true;
}

/** Ready for traffic. An unknown verdict keeps what was reported of the same run: probes begin anew with the engine. */
export function isReady(view: ContainerView): boolean {
  const { state, container, init, sidecar, reported } = view;
  if (init && !sidecar) return state?.phase === 'exited' && state.exitCode === 0;
  if (state?.phase !== 'running' || !isStarted(view)) return false;
  if (!container.readinessProbe) return true;
  const verdict = state.probes.readiness?.result ?? 'unknown';
  return verdict === 'unknown' ? isSameRun(view) && reported?.ready === true : verdict === 'success';
}

/** The pod's policy; sidecars are restarted always, init containers not after success. */
export function mayRestart(pod: Pod, { sidecar, init }: ContainerView, exitCode: number): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (sidecar) return true;
  if (init) return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}
