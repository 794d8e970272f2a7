import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { objectKey, splitKey } from '#kube/object.ts';
import { matchesLabels } from '#kube/selector.ts';
import { type EndpointSliceObservation, planEndpointSlices } from './plan.ts';

/** Publishes where a service's pods can be reached. */
export const endpointSliceController: Controller<EndpointSliceObservation> = {
  name: 'endpointslice-controller',
  root: 'Service',
  triggers: [
    onRoot('Service'),
    onOwned('EndpointSlice.discovery.k8s.io', 'Service'),
    trigger('Pod', (pod, objects) =>
      objects
        .list('Service', pod.metadata.namespace)
        .filter((service) => matchesLabels(service.spec.selector, pod.metadata.labels))
        .map(objectKey),
    ),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const service = objects.get('Service', namespace, name);
    if (service === undefined) return undefined;
    const pods = objects
      .list('Pod', namespace)
      .filter((pod) => matchesLabels(service.spec.selector, pod.metadata.labels));
    return { service, pods, slices: objects.ownedBy('EndpointSlice.discovery.k8s.io', service.metadata.uid) };
  },
  plan: planEndpointSlices,
};
