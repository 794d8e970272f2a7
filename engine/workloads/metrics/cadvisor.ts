import { parseQuantity } from '#kube/quantity.ts';
import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';
import type { ContainerState, SandboxState } from '#machine/pods.ts';
import type { Reader } from '#store/store.ts';

/** Length of a CPU period, as the kubelet sets it. */
const PERIOD_MICROSECONDS = 100_000;

/**
 * The part of the kubelet's cAdvisor endpoint that analyses use, from what the node knows of running containers; limits come
 * from the pods. A process tree has one measured memory, so the three memory series are equal.
 */
export function cadvisorMetrics(sandboxes: readonly SandboxState[], objects?: Reader): MetricFamily[] {
  const running = sandboxes.flatMap((sandbox) =>
    Object.values(sandbox.containers)
      .filter((state) => state.phase !== 'exited')
      .map((state) => ({ sandbox, state, labels: labelsOf(sandbox, state) })),
  );
  const used = (read: (usage: NonNullable<ContainerState['usage']>) => number): FamilySample[] =>
    running.flatMap(({ state, labels }) => (state.usage === undefined ? [] : [{ labels, value: read(state.usage) }]));
  const limits = (
    read: (limit: (resource: 'cpu' | 'memory') => number | undefined) => number | undefined,
  ): FamilySample[] =>
    running.flatMap(({ sandbox, state, labels }) => {
      const value = read((resource) => limitOf(objects, sandbox, state.container, resource));
      return value === undefined ? [] : [{ labels, value }];
    });
  const family = (name: string, help: string, samples: FamilySample[], type: 'gauge' | 'counter' = 'gauge') => ({
    name,
    help,
    type,
    samples,
  });
  const memory = () => used(({ memoryBytes }) => memoryBytes);
  return [
    family(
      'container_cpu_usage_seconds_total',
      'CPU time a container has used.',
      used(({ cpuSeconds }) => cpuSeconds),
      'counter',
    ),
    family('container_memory_working_set_bytes', 'Memory a container holds resident.', memory()),
    family('container_memory_rss', 'Memory a container holds resident.', memory()),
    family('container_memory_usage_bytes', 'Memory a container holds resident.', memory()),
    family(
      'container_spec_memory_limit_bytes',
      'Memory limit; 0: none.',
      limits((of) => of('memory') ?? 0),
    ),
    family(
      'container_spec_cpu_period',
      'CPU period, microseconds.',
      limits((of) => (of('cpu') === undefined ? undefined : PERIOD_MICROSECONDS)),
    ),
    family(
      'container_spec_cpu_quota',
      'CPU time per period, microseconds.',
      limits((of) => {
        const cores = of('cpu');
        return cores === undefined ? undefined : cores * PERIOD_MICROSECONDS;
      }),
    ),
  ].filter(({ name }) => objects !== undefined || !name.startsWith('container_spec_'));
}

function labelsOf(sandbox: SandboxState, state: ContainerState): Record<string, string> {
  return { namespace: sandbox.namespace, pod: sandbox.name, container: state.container, image: state.image };
}

function limitOf(
  objects: Reader | undefined,
  { namespace, name }: SandboxState,
  container: string,
  resource: 'cpu' | 'memory',
): number | undefined {
  const pod = objects?.get('Pod', namespace, name);
  const limit = pod?.spec.containers.find((one) => one.name === container)?.resources?.limits?.[resource];
  return limit === undefined ? undefined : parseQuantity(String(limit));
}
