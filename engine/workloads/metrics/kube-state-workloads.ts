import type { MetricFamily } from '#lib/exposition/index.ts';
import type { Reader } from '#store/store.ts';
import { conditionSamples, gauge, gaugeOf, seconds } from './families.ts';

/** kube-state-metrics' series of Deployments, ReplicaSets, StatefulSets and Jobs. */
export function workloadFamilies(objects: Reader): MetricFamily[] {
  return [
    ...deploymentFamilies(objects),
    ...replicaSetFamilies(objects),
    ...statefulSetFamilies(objects),
    ...jobFamilies(objects),
  ];
}

function deploymentFamilies(objects: Reader): MetricFamily[] {
  const all = objects.list('Deployment.apps');
  const of = (name: string, read: (object: (typeof all)[number]) => number | undefined) =>
    gaugeOf(`kube_deployment_${name}`, 'deployment', all, read);
  return [
    of('created', ({ metadata }) => seconds(metadata.creationTimestamp)),
    of('metadata_generation', ({ metadata }) => metadata.generation),
    of('spec_replicas', ({ spec }) => spec?.replicas ?? 1),
    of('spec_paused', ({ spec }) => Number(spec?.paused ?? false)),
    of('status_observed_generation', ({ status }) => status?.observedGeneration ?? 0),
    of('status_replicas', ({ status }) => status?.replicas ?? 0),
    of('status_replicas_available', ({ status }) => status?.availableReplicas ?? 0),
    of('status_replicas_ready', ({ status }) => status?.readyReplicas ?? 0),
    of('status_replicas_unavailable', ({ status }) => status?.unavailableReplicas ?? 0),
    of('status_replicas_updated', ({ status }) => status?.updatedReplicas ?? 0),
    gauge(
      'kube_deployment_status_condition',
      all.flatMap(({ metadata, status }) =>
        (status?.conditions ?? []).flatMap((one) =>
          conditionSamples(
            { namespace: metadata.namespace ?? '', deployment: metadata.name, condition: one.type },
            one.status,
            'status',
          ),
        ),
      ),
    ),
  ];
}

function replicaSetFamilies(objects: Reader): MetricFamily[] {
  const all = objects.list('ReplicaSet.apps');
  const of = (name: string, read: (object: (typeof all)[number]) => number | undefined) =>
    gaugeOf(`kube_replicaset_${name}`, 'replicaset', all, read);
  return [
    of('created', ({ metadata }) => seconds(metadata.creationTimestamp)),
    of('spec_replicas', ({ spec }) => spec?.replicas ?? 1),
    of('status_replicas', ({ status }) => status?.replicas ?? 0),
    of('status_ready_replicas', ({ status }) => status?.readyReplicas ?? 0),
    gauge(
      'kube_replicaset_owner',
      all.map(({ metadata }) => {
        const owner = metadata.ownerReferences?.[0];
        return {
          labels: {
            namespace: metadata.namespace ?? '',
            replicaset: metadata.name,
            owner_kind: owner?.kind ?? '',
            owner_name: owner?.name ?? '',
            owner_is_controller: owner === undefined ? '' : String(owner.controller ?? false),
          },
          value: 1,
        };
      }),
    ),
  ];
}

function statefulSetFamilies(objects: Reader): MetricFamily[] {
  const all = objects.list('StatefulSet.apps');
  const of = (name: string, read: (object: (typeof all)[number]) => number | undefined) =>
    gaugeOf(`kube_statefulset_${name}`, 'statefulset', all, read);
  return [
    of('created', ({ metadata }) => seconds(metadata.creationTimestamp)),
    of('metadata_generation', ({ metadata }) => metadata.generation),
    of('replicas', ({ spec }) => spec?.replicas ?? 1),
    of('status_observed_generation', ({ status }) => status?.observedGeneration ?? 0),
    of('status_replicas', ({ status }) => status?.replicas ?? 0),
    of('status_replicas_available', ({ status }) => status?.availableReplicas ?? 0),
    of('status_replicas_current', ({ status }) => status?.currentReplicas ?? 0),
    of('status_replicas_ready', ({ status }) => status?.readyReplicas ?? 0),
    of('status_replicas_updated', ({ status }) => status?.updatedReplicas ?? 0),
  ];
}

function jobFamilies(objects: Reader): MetricFamily[] {
  const all = objects.list('Job.batch');
  const of = (name: string, read: (object: (typeof all)[number]) => number | undefined) =>
    gaugeOf(`kube_job_${name}`, 'job_name', all, read);
  const finished = (kind: 'Complete' | 'Failed') =>
    gauge(
      kind === 'Complete' ? 'kube_job_complete' : 'kube_job_failed',
      all.flatMap(({ metadata, status }) =>
        (status?.conditions ?? [])
          .filter(({ type }) => type === kind)
          .flatMap((one) =>
            conditionSamples({ namespace: metadata.namespace ?? '', job_name: metadata.name }, one.status),
          ),
      ),
    );
  return [
    of('created', ({ metadata }) => seconds(metadata.creationTimestamp)),
    of('status_active', ({ status }) => status?.active ?? 0),
    of('status_succeeded', ({ status }) => status?.succeeded ?? 0),
    of('status_failed', ({ status }) => status?.failed ?? 0),
    of('status_completion_time', ({ status }) => seconds(status?.completionTime)),
    finished('Complete'),
    finished('Failed'),
  ];
}
