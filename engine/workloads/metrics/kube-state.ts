import { findCondition } from '#kube/conditions.ts';
import type { KindMap } from '#kube/kinds.ts';
import { parseQuantity } from '#kube/quantity.ts';
import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';
import type { Reader } from '#store/store.ts';
import { conditionSamples, counter, gauge, seconds } from './families.ts';
import { networkFamilies } from './kube-state-network.ts';
import { workloadFamilies } from './kube-state-workloads.ts';
import { rolloutFamilies } from './rollout-metrics.ts';

type Pod = KindMap['Pod'];

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];

/**
 * The part of kube-state-metrics (and of Argo Rollouts' own metrics) that analyses and dashboards use, from the
 * objects. With `names`, families none of these belong to may be left out.
 */
export function kubeStateMetrics(objects: Reader, names?: ReadonlySet<string>): MetricFamily[] {
  const parts: [prefix: RegExp, families: () => MetricFamily[]][] = [
    [/^kube_pod/, () => podFamilies(objects.list('Pod'))],
    [/^kube_(?:deployment|replicaset|statefulset|job)/, () => workloadFamilies(objects)],
    [/^kube_(?:service|endpoint|namespace)/, () => networkFamilies(objects)],
    [/^(?:rollout|analysis)_/, () => rolloutFamilies(objects)],
  ];
  const isWanted = (prefix: RegExp) => names === undefined || [...names].some((name) => prefix.test(name));
  return parts.flatMap(([prefix, families]) => (isWanted(prefix) ? families() : []));
}

function podFamilies(pods: readonly Pod[]): MetricFamily[] {
  return [
    gauge(
      'kube_pod_info',
      pods.map((pod) => ({
        labels: {
          ...podLabels(pod),
          pod_ip: pod.status?.podIP ?? '',
          node: pod.spec.nodeName ?? '',
          ...ownerLabels(pod),
        },
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
    gauge(
      'kube_pod_created',
      pods.flatMap((pod) => timeSample(pod, pod.metadata.creationTimestamp)),
    ),
    gauge(
      'kube_pod_start_time',
      pods.flatMap((pod) => timeSample(pod, pod.status?.startTime)),
    ),
    gauge(
      'kube_pod_container_info',
      pods.flatMap((pod) =>
        (pod.status?.containerStatuses ?? []).map(({ name, image, imageID }) => ({
          labels: { ...podLabels(pod), container: name, image: image ?? '', image_id: imageID ?? '' },
          value: 1,
        })),
      ),
    ),
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
    ...containerStateFamilies(pods),
  ];
}

function containerStateFamilies(pods: readonly Pod[]): MetricFamily[] {
  const statuses = pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).map((status) => ({
      status,
      labels: { ...podLabels(pod), container: status.name },
    })),
  );
  const reasons = (read: (status: (typeof statuses)[number]['status']) => string | undefined) =>
    statuses.flatMap(({ status, labels }) => {
      const reason = read(status);
      return reason === undefined ? [] : [{ labels: { ...labels, reason }, value: 1 }];
    });
  const flag = (read: (status: (typeof statuses)[number]['status']) => unknown) =>
    statuses.map(({ status, labels }) => ({ labels, value: Number(read(status) !== undefined) }));
  return [
    gauge(
      'kube_pod_container_status_running',
      flag(({ state }) => state?.running),
    ),
    gauge(
      'kube_pod_container_status_waiting',
      flag(({ state }) => state?.waiting),
    ),
    gauge(
      'kube_pod_container_status_waiting_reason',
      reasons(({ state }) => state?.waiting?.reason),
    ),
    gauge(
      'kube_pod_container_status_terminated',
      flag(({ state }) => state?.terminated),
    ),
    gauge(
      'kube_pod_container_status_terminated_reason',
      reasons(({ state }) => state?.terminated?.reason),
    ),
    gauge(
      'kube_pod_container_status_last_terminated_reason',
      reasons(({ lastState }) => lastState?.terminated?.reason),
    ),
  ];
}

function podLabels(pod: Pod): Record<string, string> {
  return { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, uid: pod.metadata.uid };
}

function ownLabels(pod: Pod): Record<string, string> {
  const labels = Object.entries(pod.metadata.labels ?? {});
  return Object.fromEntries(labels.map(([name, value]) => [`label_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`, value]));
}

function readySamples(pod: Pod): FamilySample[] {
  return conditionSamples(podLabels(pod), findCondition(pod.status?.conditions, 'Ready')?.status);
}

function timeSample(pod: Pod, time: string | undefined): FamilySample[] {
  const value = seconds(time);
  return value === undefined ? [] : [{ labels: podLabels(pod), value }];
}

function ownerLabels({ metadata }: Pod): Record<string, string> {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return { created_by_kind: owner?.kind ?? '', created_by_name: owner?.name ?? '' };
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
