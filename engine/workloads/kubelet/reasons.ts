import type { Pod } from './pod-types.ts';

/** Reasons of container states, pod conditions and events, as a kubelet writes them. */
export const CONTAINER_CREATING = 'ContainerCreating';
export const POD_INITIALIZING = 'PodInitializing';
export const CRASH_LOOP_BACK_OFF = 'CrashLoopBackOff';
export const ERR_IMAGE_PULL = 'ErrImagePull';
export const IMAGE_PULL_BACK_OFF = 'ImagePullBackOff';
export const INVALID_IMAGE_NAME = 'InvalidImageName';
export const CONFIG_ERROR = 'CreateContainerConfigError';
/** Ours: the pod asks for something this engine does not do. */
export const UNSUPPORTED_FIELD = 'UnsupportedField';
/** Ours: the condition that says how faithfully the machine runs the pod. */
export const ISOLATION_CONDITION = 'pern-gitops.dev/Isolation';

/** `name_namespace(uid)`: how a kubelet names a pod in messages. */
export function podId({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
}

export const messages = {
  pulled: (image: string) => `Container image "${image}" already present on machine`,
  created: (container: string) => `Created container: ${container}`,
  started: (container: string) => `Started container ${container}`,
  startFailed: (message: string) => `Error: ${message}`,
  pullFailed: (image: string, message: string) => `Failed to pull image "${image}": ${message}`,
  pullBackOff: (image: string) => `Back-off pulling image "${image}"`,
  error: (what: string) => `Error: ${what}`,
  backOff: (container: string, pod: Pod) => `Back-off restarting failed container ${container} in pod ${podId(pod)}`,
  waitingBackOff: (delayMs: number, container: string, pod: Pod) =>
    `back-off ${delayText(delayMs)} restarting failed container=${container} pod=${podId(pod)}`,
  unhealthy: (kind: string, message: string) => `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed: ${message}`,
  killing: (container: string) => `Stopping container ${container}`,
  killingProbe: (container: string, kind: string) => `Container ${container} failed ${kind} probe, will be restarted`,
  killingChanged: (container: string) => `Container ${container} definition changed, will be restarted`,
  runAsRoot: (container: string, pod: Pod) =>
    `container has runAsNonRoot and image will run as root (pod: "${podId(pod)}", container: ${container})`,
  runAsUnknown: (user: string, container: string, pod: Pod) =>
    `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root (pod: "${podId(pod)}", container: ${container})`,
  runAsUserRoot: (container: string, pod: Pod) =>
    `container's runAsUser breaks non-root policy (pod: "${podId(pod)}", container: ${container})`,
};

function delayText(delayMs: number): string {
  const seconds = Math.round(delayMs / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
