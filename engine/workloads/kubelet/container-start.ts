import { parseQuantity } from '#kube/quantity.ts';
import type { ContainerStart, VolumeSource } from '#machine/pods.ts';
import type { ImageFacts } from '#machine/questions.ts';
import { type EnvironmentSources, environmentOf, expand } from './environment.ts';
import { ContainerConfigError } from './fields.ts';
import type { Container, Pod } from './pod-types.ts';
import { messages } from './reasons.ts';
import { mountsOf } from './volumes.ts';

/** Everything about one run that is not in the pod. */
export interface RunFacts {
  attempt: number;
  restartDelayMs: number;
  runsToCompletion: boolean;
  image: ImageFacts;
  volumes: Readonly<Record<string, VolumeSource>>;
}

/** A container start with every reference resolved. Throws ContainerConfigError and MountError. */
export function containerStart(container: Container, sources: EnvironmentSources, run: RunFacts): ContainerStart {
  const { pod } = sources;
  const security = securityOf(pod, container);
  checkNonRoot(pod, container, security, run.image.user);
  const env = environmentOf(container, sources);
  const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const limits = container.resources?.limits;
  return {
    podUid: pod.metadata.uid,
    container: container.name,
    attempt: run.attempt,
    image: container.image ?? '',
    command: (container.command ?? []).map((word) => expand(word, variables)),
    args: (container.args ?? []).map((word) => expand(word, variables)),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    env,
    mounts: mountsOf(container, run.volumes, variables),
    ports: (container.ports ?? []).map(({ name, containerPort }) => ({ ...(name ? { name } : {}), containerPort })),
    ...security,
    restartDelayMs: run.restartDelayMs,
    runsToCompletion: run.runsToCompletion,
    ...defined('memoryLimitBytes', parseQuantity(limits?.memory)),
    ...defined('cpuLimitCores', parseQuantity(limits?.cpu)),
  };
}

function defined<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, number>);
}

/** The container's security context over the pod's. */
function securityOf(pod: Pod, container: Container) {
  const own = container.securityContext ?? {};
  const common = pod.spec.securityContext ?? {};
  return {
    ...defined('runAsUser', own.runAsUser ?? common.runAsUser),
    ...defined('runAsGroup', own.runAsGroup ?? common.runAsGroup),
    ...defined('fsGroup', common.fsGroup),
    runAsNonRoot: own.runAsNonRoot ?? common.runAsNonRoot ?? false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
  };
}

function checkNonRoot(
  pod: Pod,
  { name }: Container,
  security: { runAsUser?: number; runAsNonRoot: boolean },
  imageUser: string,
): void {
  if (!security.runAsNonRoot) return;
  if (security.runAsUser === 0) throw new ContainerConfigError(messages.runAsUserRoot(name, pod));
  if (security.runAsUser !== undefined) return;
  const user = imageUser.split(':')[0] ?? '';
  if (user === '' || user === 'root' || user === '0') throw new ContainerConfigError(messages.runAsRoot(name, pod));
  if (!/^\d+$/.test(user)) throw new ContainerConfigError(messages.runAsUnknown(user, name, pod));
}
