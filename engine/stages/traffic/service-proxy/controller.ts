import { type Controller, onAny } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { ServiceListener } from '#machine/traffic.ts';
import type { Reader } from '#store/store.ts';
import { readyEndpoints, slicesOf } from '../endpoints.ts';

interface Observation {
  services: readonly KindMap['Service'][];
  objects: Reader;
}

/** What kube-proxy does: every cluster address forwards connections to the ready endpoints of its service port. */
export const serviceProxyController: Controller<Observation> = {
  name: 'service-proxy',
  root: undefined,
  triggers: [onAny('Service'), onAny('EndpointSlice.discovery.k8s.io')],
  observe: (_key, { objects }) => ({ services: objects.list('Service'), objects }),
  plan: ({ services, objects }): Plan =>
    new Draft()
      .add({
        effect: 'setServices',
        table: { listeners: services.flatMap((service) => listenersOf(service, objects)) },
      })
      .finish(),
};

function listenersOf(service: KindMap['Service'], objects: Reader): ServiceListener[] {
  const ip = service.spec.clusterIP;
  const namespace = service.metadata.namespace as string;
  if (ip === undefined || ip === '' || ip === 'None' || service.spec.type === 'ExternalName') return [];
  const slices = slicesOf(objects, namespace, service.metadata.name);
  return (service.spec.ports ?? [])
    .filter((port) => (port.protocol ?? 'TCP') === 'TCP')
    .map((port) => ({
      namespace,
      service: service.metadata.name,
      ip,
      port: port.port,
      endpoints: readyEndpoints(slices, port.name),
    }));
}
