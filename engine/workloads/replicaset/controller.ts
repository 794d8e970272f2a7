import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { controllerOf, objectKey, splitKey } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import { planReplicaSet, type ReplicaSetObservation } from './plan.ts';

/** Runs `spec.replicas` pods of one template. */
export const replicaSetController: Controller<ReplicaSetObservation> = {
  name: 'replicaset-controller',
  root: 'ReplicaSet.apps',
  triggers: [
    onRoot('ReplicaSet.apps'),
    onOwned('Pod', 'ReplicaSet'),
    trigger('Pod', (pod, objects) =>
      controllerOf(pod) !== undefined
        ? []
        : objects
            .list('ReplicaSet.apps', pod.metadata.namespace)
            .filter((replicaSet) => matchesSelector(replicaSet.spec.selector, pod.metadata.labels))
            .map(objectKey),
    ),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const replicaSet = objects.get('ReplicaSet.apps', namespace, name);
    if (replicaSet === undefined) return undefined;
    const orphans = objects
      .list('Pod', namespace)
      .filter(
        (pod) => controllerOf(pod) === undefined && matchesSelector(replicaSet.spec.selector, pod.metadata.labels),
      );
    return { replicaSet, owned: objects.ownedBy('Pod', replicaSet.metadata.uid), orphans };
  },
  plan: planReplicaSet,
};
