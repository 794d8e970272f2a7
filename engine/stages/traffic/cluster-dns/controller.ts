import { type Controller, onAny } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { Reader } from '#store/store.ts';
import { slicesOf } from '../endpoints.ts';

interface Observation {
  services: readonly KindMap['Service'][];
  objects: Reader;
}

/**
 * Cluster DNS: a service's own address, or for headless services the addresses of the pods behind it, and a name for
 * each pod that has a hostname there (`postgres-0.postgres.shop.svc.cluster.local`).
 */
export const clusterDnsController: Controller<Observation> = {
  name: 'cluster-dns',
  root: undefined,
  triggers: [onAny('Service'), onAny('EndpointSlice.discovery.k8s.io')],
  observe: (_key, { objects }) => ({ services: objects.list('Service'), objects }),
  plan: ({ services, objects }): Plan => {
    const names: Record<string, readonly string[]> = {};
    for (const service of services) Object.assign(names, namesOf(service, objects));
    return new Draft().add({ effect: 'setNames', table: { names } }).finish();
  },
};

function namesOf(service: KindMap['Service'], objects: Reader): Record<string, string[]> {
  const { name, namespace } = service.metadata;
  const domain = `${name}.${namespace}.svc.cluster.local`;
  const ip = service.spec.clusterIP;
  if (ip !== undefined && ip !== '' && ip !== 'None') return { [domain]: [ip] };
  const names: Record<string, string[]> = { [domain]: [] };
  for (const slice of slicesOf(objects, namespace as string, name)) {
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      names[domain]?.push(...(endpoint.addresses ?? []));
      if (endpoint.hostname !== undefined) names[`${endpoint.hostname}.${domain}`] = [...(endpoint.addresses ?? [])];
    }
  }
  names[domain]?.sort();
  return names;
}
