import { ApiError } from '#api/errors.ts';
import type { DeleteOptions } from '#api/resources.ts';
import type { ObjectRef } from '#kube/kinds.ts';
import { type LabelSelector, matchesSelector } from '#kube/selector.ts';
import type { ClientResources } from './guarded-resources.ts';

/** Deletes a pod unless a PodDisruptionBudget forbids it (429, the client tries again later). */
export function evictPod(resources: ClientResources, ref: ObjectRef, options: DeleteOptions): void {
  const pod = resources.get(ref);
  const budget = resources.store
    .list('PodDisruptionBudget.policy', ref.namespace)
    .find((item) => matchesSelector(item.spec.selector as LabelSelector | undefined, pod.metadata.labels));
  const isReady = (pod.status as { conditions?: { type?: string; status?: string }[] } | undefined)?.conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
  if (budget !== undefined && isReady === true && (budget.status?.disruptionsAllowed ?? 0) < 1) {
    throw new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      name: budget.metadata.name,
      kind: 'poddisruptionbudgets',
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${budget.metadata.name} needs ${budget.status?.desiredHealthy ?? 0} healthy pods and has ${budget.status?.currentHealthy ?? 0} currently`,
          field: '',
        },
      ],
    });
  }
  resources.delete(ref, options);
}
