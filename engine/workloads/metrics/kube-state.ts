import { findCondition } from '#kube/conditions.ts';
import type { KindMap } from '#kube/kinds.ts';
import { parseQuantity } from '#kube/quantity.ts';
import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';
import type { Reader } from '#store/store.ts';

type Pod = KindMap['Pod'];

const HELP = 'As kube-state-metrics and Argo Rollouts define it.';
const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];
const CONDITIONS = ['true', 'false', 'unknown'];

/** The part of kube-state-metrics that analyses of rollouts use, from the objects themselves. */
export function kubeStateMetrics(objects: Reader): MetricFamily[] {
  const pods = objects.list('Pod');
  const rollouts = objects.list('Rollout.argoproj.io');
  return [
    gauge(
      'kube_pod_info',
      pods.map((pod) => ({
        labels: { ...podLabels(pod), pod_ip: pod.status?.podIP ?? '', node: pod.spec.nodeName ?? '' },
        value: 1,
      })),
    ),
    gauge(
      'kube_pod_labels',
      pods.map((pod) => ({ labels: { ...podLabels(pod), ...ownLabels(pod) }, value: 1 })),
    ),
    gauge(
      'kube_pod_status_phase',
      pods.flatMap((pod) =>
        PHASES.map((phase) => ({ labels: { ...podLabels(pod), phase }, value: Number(pod.status?.phase === phase) })),
      ),
    ),
    gauge('kube_pod_status_ready', pods.flatMap(readySamples)),
    counter(
      'kube_pod_container_status_restarts_total',
      pods.flatMap((pod) =>
        (pod.status?.containerStatuses ?? []).map((status) => ({
          labels: { ...podLabels(pod), container: status.name },
          value: status.restartCount,
        })),
      ),
    ),
    gauge(
      'kube_pod_container_status_ready',
      pods.flatMap((pod) =>
        (pod.status?.containerStatuses ?? []).map((status) => ({
          labels: { ...podLabels(pod), container: status.name },
          value: Number(status.ready),
        })),
      ),
    ),
    gauge(
      'kube_pod_container_resource_limits',
      pods.flatMap((pod) => resourceSamples(pod, 'limits')),
    ),
    gauge(
      'kube_pod_container_resource_requests',
      pods.flatMap((pod) => resourceSamples(pod, 'requests')),
    ),
    gauge(
      'rollout_info_replicas_desired',
      rollouts.map((rollout) => ({ labels: rolloutLabels(rollout), value: rollout.spec.replicas ?? 1 })),
    ),
    gauge(
      'rollout_info_replicas_available',
      rollouts.map((rollout) => ({ labels: rolloutLabels(rollout), value: rollout.status?.availableReplicas ?? 0 })),
    ),
  ];
}

function gauge(name: string, samples: readonly FamilySample[]): MetricFamily {
  return { name, help: HELP, type: 'gauge', samples };
}

function counter(name: string, samples: readonly FamilySample[]): MetricFamily {
  return { name, help: HELP, type: 'counter', samples };
}

function podLabels(pod: Pod): Record<string, string> {
  return { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, uid: pod.metadata.uid };
}

function rolloutLabels(rollout: KindMap['Rollout.argoproj.io']): Record<string, string> {
  return { namespace: rollout.metadata.namespace ?? '', name: rollout.metadata.name };
}

function ownLabels(pod: Pod): Record<string, string> {
  const labels = Object.entries(pod.metadata.labels ?? {});
  return Object.fromEntries(labels.map(([name, value]) => [`label_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`, value]));
}

function readySamples(pod: Pod): FamilySample[] {
  const status = findCondition(pod.status?.conditions, 'Ready')?.status.toLowerCase() ?? 'false';
  return CONDITIONS.map((condition) => ({
    labels: { ...podLabels(pod), condition },
    value: Number(status === condition),
  }));
}

function resourceSamples(pod: Pod, which: 'limits' | 'requests'): FamilySample[] {
  return (pod.spec.containers ?? []).flatMap((container) =>
    Object.entries(container.resources?.[which] ?? {}).flatMap(([resource, quantity]) => {
      const value = parseQuantity(String(quantity));
      const unit =
        resource === 'cpu' ? 'core' : resource === 'memory' || resource.endsWith('storage') ? 'byte' : 'integer';
      return value === undefined
        ? []
        : [
            {
              labels: { ...podLabels(pod), container: container.name, resource, unit, node: pod.spec.nodeName ?? '' },
              value,
            },
          ];
    }),
  );
}
