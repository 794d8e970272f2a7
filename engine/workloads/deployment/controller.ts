import { type Controller, onOwned, onRoot, trigger, type World } from '#control/controller.ts';
import { controllerOf, objectKey, splitKey } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import { type DeploymentObservation, planDeployment } from './plan.ts';
import { findNewSet, newSetManifest } from './revisions.ts';

/** Replaces one template's pods by another's without an outage. */
export const deploymentController: Controller<DeploymentObservation> = {
  name: 'deployment-controller',
  root: 'Deployment.apps',
  triggers: [
    onRoot('Deployment.apps'),
    onOwned('ReplicaSet.apps', 'Deployment'),
    trigger('ReplicaSet.apps', (set, objects) =>
      controllerOf(set) !== undefined
        ? []
        : objects
            .list('Deployment.apps', set.metadata.namespace)
            .filter((deployment) => matchesSelector(deployment.spec.selector, set.metadata.labels))
            .map(objectKey),
    ),
    // Recreate waits until old pods are gone, which no ReplicaSet status shows.
    trigger('Pod', (pod, objects) => {
      const set = controllerOf(pod);
      if (set?.kind !== 'ReplicaSet') return [];
      const owner = objects.get('ReplicaSet.apps', pod.metadata.namespace, set.name);
      const deployment = owner === undefined ? undefined : controllerOf(owner);
      if (deployment?.kind !== 'Deployment') return [];
      const live = objects.get('Deployment.apps', pod.metadata.namespace, deployment.name);
      return live?.spec.strategy?.type === 'Recreate' ? [objectKey(live)] : [];
    }),
  ],
  observe: observeDeployment,
  plan: planDeployment,
};

function observeDeployment(key: string, { objects }: World): DeploymentObservation | undefined {
  const { namespace, name } = splitKey(key);
  const deployment = objects.get('Deployment.apps', namespace, name);
  if (deployment === undefined) return undefined;
  const sets = objects.ownedBy('ReplicaSet.apps', deployment.metadata.uid);
  const orphans = objects
    .list('ReplicaSet.apps', namespace)
    .filter((set) => controllerOf(set) === undefined && matchesSelector(deployment.spec.selector, set.metadata.labels));
  const next = newSetManifest(deployment, { revision: 0, replicas: 0, maxSurge: 0 }).metadata.name ?? '';
  const isKnown = findNewSet(deployment, [...sets, ...orphans]) !== undefined;
  return {
    deployment,
    sets,
    orphans,
    pods: new Map(sets.map((set) => [set.metadata.uid, objects.ownedBy('Pod', set.metadata.uid)])),
    nameTaken: !isKnown && objects.get('ReplicaSet.apps', namespace, next) !== undefined,
  };
}
