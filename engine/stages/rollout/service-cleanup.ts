import { type Controller, onRoot, trigger } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { controllerOf, isDeleting, objectKey, splitKey } from '#kube/object.ts';
import type { Service } from './observe.ts';
import { serviceNames } from './references.ts';
import { HASH_LABEL, MANAGED_BY_ANNOTATION, type Rollout } from './types.ts';

interface ServiceObservation {
  service: Service;
  /** Names of the rollouts of the namespace that name the service. */
  users: readonly string[];
}

/**
 * Gives back Services that a Rollout no longer uses: without this, a deleted or changed Rollout would leave them selecting a
 * ReplicaSet that is gone (rollouts §1.10, C48).
 */
export const rolloutServiceController: Controller<ServiceObservation> = {
  name: 'rollouts-service-controller',
  root: 'Service',
  triggers: [
    onRoot('Service'),
    trigger('Rollout.argoproj.io', ({ metadata }, objects) =>
      objects
        .list('Service', metadata.namespace)
        .filter((service) => service.spec.selector?.[HASH_LABEL] !== undefined)
        .map(objectKey),
    ),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const service = objects.get('Service', namespace, name);
    if (service === undefined || isDeleting(service)) return undefined;
    // An experiment's Service selects its template's pods by their hash for as long as it lives.
    if (controllerOf(service)?.kind === 'Experiment') return undefined;
    const rollouts = objects.list('Rollout.argoproj.io', namespace) as unknown as readonly Rollout[];
    const users = rollouts
      .filter((rollout) => serviceNames(rollout).includes(name))
      .map(({ metadata }) => metadata.name);
    return { service, users };
  },
  plan: planServiceCleanup,
};

function planServiceCleanup({ service, users }: ServiceObservation): Plan {
  const draft = new Draft();
  const manager = service.metadata.annotations?.[MANAGED_BY_ANNOTATION];
  const inUse = manager === undefined ? users.length > 0 : users.includes(manager);
  if (service.spec.selector?.[HASH_LABEL] === undefined || inUse) return draft.finish();
  const { namespace, name } = service.metadata;
  const annotations = manager === undefined ? {} : { metadata: { annotations: { [MANAGED_BY_ANNOTATION]: null } } };
  const patch = { ...annotations, spec: { selector: { [HASH_LABEL]: null } } };
  return draft.add({ effect: 'patch', target: { kind: 'Service', namespace, name }, patch }).finish();
}
