import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { controllerOf, objectKey, splitKey } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import { ordinalOf } from './identity.ts';
import { planStatefulSet, type StatefulSetObservation } from './plan.ts';

/** Runs pods with stable names and storage. */
export const statefulSetController: Controller<StatefulSetObservation> = {
  name: 'statefulset-controller',
  root: 'StatefulSet.apps',
  triggers: [
    onRoot('StatefulSet.apps'),
    onOwned('Pod', 'StatefulSet'),
    trigger('Pod', (pod, objects) =>
      controllerOf(pod) !== undefined
        ? []
        : objects
            .list('StatefulSet.apps', pod.metadata.namespace)
            .filter((set) => matchesSelector(set.spec.selector, pod.metadata.labels))
            .map(objectKey),
    ),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const set = objects.get('StatefulSet.apps', namespace, name);
    if (set === undefined) return undefined;
    const orphans = objects
      .list('Pod', namespace)
      .filter(
        (pod) =>
          controllerOf(pod) === undefined &&
          pod.metadata.deletionTimestamp === undefined &&
          ordinalOf(set, pod) !== undefined &&
          matchesSelector(set.spec.selector, pod.metadata.labels),
      );
    const claims = new Set(objects.list('PersistentVolumeClaim', namespace).map(({ metadata }) => metadata.name));
    return { set, pods: objects.ownedBy('Pod', set.metadata.uid), orphans, claims };
  },
  plan: planStatefulSet,
};
