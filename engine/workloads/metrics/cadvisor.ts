import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';
import type { SandboxState } from '#machine/pods.ts';

/** The part of the kubelet's cAdvisor endpoint that analyses use, from what the node knows of running containers. */
export function cadvisorMetrics(sandboxes: readonly SandboxState[]): MetricFamily[] {
  const cpu: FamilySample[] = [];
  const memory: FamilySample[] = [];
  for (const sandbox of sandboxes) {
    for (const state of Object.values(sandbox.containers)) {
      if (state.usage === undefined || state.phase === 'exited') continue;
      const labels = {
        namespace: sandbox.namespace,
        pod: sandbox.name,
        container: state.container,
        image: state.image,
      };
      cpu.push({ labels, value: state.usage.cpuSeconds });
      memory.push({ labels, value: state.usage.memoryBytes });
    }
  }
  return [
    {
      name: 'container_cpu_usage_seconds_total',
      help: 'CPU time a container has used.',
      type: 'counter',
      samples: cpu,
    },
    {
      name: 'container_memory_working_set_bytes',
      help: 'Memory a container holds resident.',
      type: 'gauge',
      samples: memory,
    },
  ];
}
