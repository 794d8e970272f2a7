import type { KindMap } from '#kube/kinds.ts';
import type { Backend, Endpoint } from '#machine/traffic.ts';
import type { Reader } from '#store/store.ts';

type Service = KindMap['Service'];
type EndpointSlice = KindMap['EndpointSlice.discovery.k8s.io'];
type ServicePort = NonNullable<Service['spec']['ports']>[number];

/** A port of a Service by the number or name an Ingress gives. */
export function findServicePort(service: Service, port: string | number): ServicePort | undefined {
  return (service.spec.ports ?? []).find((candidate) =>
    typeof port === 'number' ? candidate.port === port : candidate.name === port,
  );
}

/** By service, for each list of slices: lists never change, and tables ask the same one for every service. */
const BY_SERVICE = new WeakMap<readonly EndpointSlice[], ReadonlyMap<string, readonly EndpointSlice[]>>();
const NO_SLICES: readonly EndpointSlice[] = [];

/** The EndpointSlices that describe a Service, by name. */
export function slicesOf(objects: Reader, namespace: string, service: string): readonly EndpointSlice[] {
  const all = objects.list('EndpointSlice.discovery.k8s.io', namespace);
  let grouped = BY_SERVICE.get(all);
  if (grouped === undefined) {
    grouped = Map.groupBy(all, (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] ?? '');
    BY_SERVICE.set(all, grouped);
  }
  return grouped.get(service) ?? NO_SLICES;
}

/** Ready addresses behind one service port, sorted by address so that equal worlds give equal tables. */
export function readyEndpoints(slices: readonly EndpointSlice[], portName: string | undefined): Endpoint[] {
  const found: Endpoint[] = [];
  for (const slice of slices) {
    const port = (slice.ports ?? []).find((candidate) => (candidate.name ?? '') === (portName ?? ''))?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      const pod = `${endpoint.targetRef?.namespace ?? slice.metadata.namespace}/${endpoint.targetRef?.name ?? ''}`;
      for (const ip of endpoint.addresses ?? []) found.push({ ip, port, pod });
    }
  }
  return found.sort((a, b) => (`${a.ip}:${a.port}` < `${b.ip}:${b.port}` ? -1 : 1));
}

/** Where requests for a service port can go now. A service or port that does not exist has no endpoints. */
export function backendOf(objects: Reader, namespace: string, service: string, port: string | number): Backend {
  const object = objects.get('Service', namespace, service);
  const servicePort = object === undefined ? undefined : findServicePort(object, port);
  const endpoints =
    servicePort === undefined ? [] : readyEndpoints(slicesOf(objects, namespace, service), servicePort.name);
  return { namespace, service, port: String(port), endpoints };
}
