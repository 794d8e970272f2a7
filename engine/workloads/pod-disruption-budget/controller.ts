import { type Controller, onRoot, trigger, type World } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { type Condition, withCondition } from '#kube/conditions.ts';
import type { KindMap } from '#kube/kinds.ts';
import { controllerOf, objectKey, splitKey } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import type { Reader } from '#store/store.ts';
import { scaledValue } from '../pod-facts/int-or-percent.ts';
import { isPodActive, isPodReady, type Pod } from '../pod-facts/pod-state.ts';

interface BudgetObservation {
  budget: KindMap['PodDisruptionBudget.policy'];
  pods: readonly Pod[];
  /** Replicas that the pods' controllers want together. */
  controllerReplicas: number;
}

/** Says how many pods of a budget may be disrupted now: asked by evictions through the API and by restarts of Rollouts. */
export const podDisruptionBudgetController: Controller<BudgetObservation> = {
  name: 'disruption-controller',
  root: 'PodDisruptionBudget.policy',
  triggers: [
    onRoot('PodDisruptionBudget.policy'),
    trigger('Pod', (pod, objects) =>
      objects
        .list('PodDisruptionBudget.policy', pod.metadata.namespace)
        .filter((budget) => matchesSelector(budget.spec.selector, pod.metadata.labels))
        .map(objectKey),
    ),
  ],
  observe: observeBudget,
  plan: planBudget,
};

function observeBudget(key: string, { objects }: World): BudgetObservation | undefined {
  const { namespace, name } = splitKey(key);
  const budget = objects.get('PodDisruptionBudget.policy', namespace, name);
  if (budget === undefined) return undefined;
  const pods = objects
    .list('Pod', namespace)
    .filter((pod) => isPodActive(pod) && matchesSelector(budget.spec.selector, pod.metadata.labels));
  const sizes = new Map(pods.map((pod) => sizeOfController(pod, objects)));
  return { budget, pods, controllerReplicas: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/** The uid and wanted size of what scales the pod: its Deployment, else its ReplicaSet or StatefulSet, else itself. */
function sizeOfController(pod: Pod, objects: Reader): [uid: string, replicas: number] {
  const owner = controllerOf(pod);
  const { namespace } = pod.metadata;
  if (owner?.kind === 'StatefulSet') {
    return [owner.uid, objects.get('StatefulSet.apps', namespace, owner.name)?.spec.replicas ?? 1];
  }
  const set = owner?.kind === 'ReplicaSet' ? objects.get('ReplicaSet.apps', namespace, owner.name) : undefined;
  if (owner === undefined || set === undefined) return [pod.metadata.uid, 1];
  const above = controllerOf(set);
  if (above?.kind !== 'Deployment') return [owner.uid, set.spec.replicas ?? 1];
  return [above.uid, objects.get('Deployment.apps', namespace, above.name)?.spec.replicas ?? 1];
}

function planBudget({ budget, pods, controllerReplicas }: BudgetObservation, nowMs: number): Plan {
  const { minAvailable, maxUnavailable } = budget.spec;
  const isCounted = maxUnavailable === undefined && typeof minAvailable !== 'string';
  const expectedPods = isCounted ? pods.length : controllerReplicas;
  const desiredHealthy =
    maxUnavailable === undefined
      ? (scaledValue(minAvailable ?? 0, expectedPods, 'up') ?? 0)
      : Math.max(0, expectedPods - (scaledValue(maxUnavailable, expectedPods, 'up') ?? 0));
  const currentHealthy = pods.filter(isPodReady).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: disruptionsAllowed > 0 ? 'True' : 'False',
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: budget.metadata.generation,
  };
  const before = (budget.status?.conditions ?? []) as Condition[];
  return new Draft().finish({
    observedGeneration: budget.metadata.generation,
    expectedPods,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    conditions: withCondition(before, condition, formatTime(nowMs)),
  });
}
