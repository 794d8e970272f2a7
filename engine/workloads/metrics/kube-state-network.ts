import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';
import type { Reader } from '#store/store.ts';
import { gauge, gaugeOf, seconds } from './families.ts';

const NAMESPACE_PHASES = ['Active', 'Terminating'];

/** kube-state-metrics' series of Services, their endpoints, and namespaces. */
export function networkFamilies(objects: Reader): MetricFamily[] {
  const services = objects.list('Service');
  const namespaces = objects.list('Namespace');
  return [
    gauge(
      'kube_service_info',
      services.map(({ metadata, spec }) => ({
        labels: { namespace: metadata.namespace ?? '', service: metadata.name, cluster_ip: spec?.clusterIP ?? '' },
        value: 1,
      })),
    ),
    gaugeOf('kube_service_created', 'service', services, ({ metadata }) => seconds(metadata.creationTimestamp)),
    gauge('kube_endpoint_address', objects.list('EndpointSlice.discovery.k8s.io').flatMap(addressSamples)),
    gauge(
      'kube_namespace_status_phase',
      namespaces.flatMap(({ metadata, status }) =>
        NAMESPACE_PHASES.map((phase) => ({
          labels: { namespace: metadata.name, phase },
          value: Number((status?.phase ?? 'Active') === phase),
        })),
      ),
    ),
  ];
}

/** One sample per address and port, under the name of the service, as the Endpoints object would have it. */
function addressSamples(slice: ReturnType<typeof slicesOf>[number]): FamilySample[] {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'];
  if (service === undefined) return [];
  return (slice.ports ?? []).flatMap((port) =>
    (slice.endpoints ?? []).flatMap(({ addresses, conditions }) =>
      addresses.map((ip) => ({
        labels: {
          namespace: slice.metadata.namespace ?? '',
          endpoint: service,
          ip,
          port_name: port.name ?? '',
          port_number: String(port.port ?? ''),
          port_protocol: port.protocol ?? 'TCP',
          ready: String(conditions?.ready !== false),
        },
        value: 1,
      })),
    ),
  );
}

const slicesOf = (objects: Reader) => objects.list('EndpointSlice.discovery.k8s.io');
