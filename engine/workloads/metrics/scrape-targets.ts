import { parseGoDurationMs } from '#core/duration.ts';
import type { KindMap } from '#kube/kinds.ts';
import { type LabelSelector, matchesSelector } from '#kube/selector.ts';
import type { ScrapeTarget } from '#machine/metrics.ts';
import type { Reader } from '#store/store.ts';

type ServiceMonitor = KindMap['ServiceMonitor.monitoring.coreos.com'];
type MonitorEndpoint = NonNullable<ServiceMonitor['spec']['endpoints']>[number];
type EndpointSlice = KindMap['EndpointSlice.discovery.k8s.io'];

/** Prometheus's global default. */
const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** Fields that change what is scraped or how series are labelled, and that this engine does not do. */
const REFUSED_ENDPOINT_FIELDS = [
  'relabelings',
  'metricRelabelings',
  'params',
  'basicAuth',
  'oauth2',
  'authorization',
  'bearerTokenSecret',
  'bearerTokenFile',
  'tlsConfig',
  'proxyUrl',
] as const;

/** Why a monitor cannot be honoured, with the field's path; undefined when it can. */
export function refusalOf(monitor: ServiceMonitor): string | undefined {
  const endpoints = monitor.spec.endpoints ?? [];
  for (const [index, endpoint] of endpoints.entries()) {
    const at = `spec.endpoints[${index}]`;
    const field = REFUSED_ENDPOINT_FIELDS.find((name) => (endpoint as Record<string, unknown>)[name] !== undefined);
    if (field !== undefined) return `${at}.${field} is not reproduced by this engine`;
    if ((endpoint.scheme ?? 'http').toLowerCase() !== 'http')
      return `${at}.scheme: only http is reproduced by this engine`;
    for (const name of ['interval', 'scrapeTimeout'] as const) {
      const text = endpoint[name];
      if (text !== undefined && parseGoDurationMs(text) === undefined)
        return `${at}.${name}: ${JSON.stringify(text)} is not a duration`;
    }
  }
  return undefined;
}

/** Every target of one monitor, sorted by id. */
export function computeTargets(monitor: ServiceMonitor, objects: Reader): ScrapeTarget[] {
  const namespaces = namespacesOf(monitor, objects);
  const selector = monitor.spec.selector as LabelSelector;
  const services = namespaces
    .flatMap((namespace) => objects.list('Service', namespace))
    .filter((service) => matchesSelector(selector, service.metadata.labels));
  const targets = services.flatMap((service) =>
    (monitor.spec.endpoints ?? []).flatMap((endpoint, index) =>
      targetsOf({ monitor, endpoint, index, service, objects }),
    ),
  );
  return targets.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function namespacesOf(monitor: ServiceMonitor, objects: Reader): string[] {
  const selector = monitor.spec.namespaceSelector;
  if (selector?.any) return objects.list('Namespace').map((namespace) => namespace.metadata.name);
  return selector?.matchNames ?? [monitor.metadata.namespace as string];
}

function targetsOf(parts: {
  monitor: ServiceMonitor;
  endpoint: MonitorEndpoint;
  index: number;
  service: KindMap['Service'];
  objects: Reader;
}): ScrapeTarget[] {
  const { monitor, endpoint, index, service, objects } = parts;
  const namespace = service.metadata.namespace as string;
  const portName = (service.spec.ports ?? []).find(
    (port) => port.name === endpoint.port || (endpoint.port === undefined && port.targetPort === endpoint.targetPort),
  )?.name;
  const slices = objects
    .list('EndpointSlice.discovery.k8s.io', namespace)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name);
  return slices
    .flatMap((slice) => addressesOf(slice, portName))
    .flatMap(({ ip, port, pod: podName }) => {
      const pod = objects.get('Pod', namespace, podName);
      // The operator's filterRunning: pods that have ended are not scraped.
      if (pod === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return [];
      const intervalMs = parseGoDurationMs(endpoint.interval ?? '') ?? DEFAULT_INTERVAL_MS;
      return [
        {
          id: `${monitor.metadata.namespace}/${monitor.metadata.name}/${index}/${podName}/${ip}:${port}`,
          url: `http://${ip}:${port}${endpoint.path ?? '/metrics'}`,
          intervalMs,
          timeoutMs: parseGoDurationMs(endpoint.scrapeTimeout ?? '') ?? Math.min(DEFAULT_TIMEOUT_MS, intervalMs),
          honorLabels: endpoint.honorLabels ?? false,
          labels: labelsOf({
            monitor,
            service,
            pod,
            portName: portName ?? String(port),
            instance: `${ip}:${port}`,
            port,
          }),
        },
      ];
    });
}

function addressesOf(slice: EndpointSlice, portName: string | undefined): { ip: string; port: number; pod: string }[] {
  const port = (slice.ports ?? []).find((candidate) => (candidate.name ?? '') === (portName ?? ''))?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) =>
    endpoint.targetRef?.kind === 'Pod'
      ? (endpoint.addresses ?? []).map((ip) => ({ ip, port, pod: endpoint.targetRef?.name ?? '' }))
      : [],
  );
}

/** The labels the Prometheus operator's generated relabelling gives a target. */
function labelsOf(parts: {
  monitor: ServiceMonitor;
  service: KindMap['Service'];
  pod: KindMap['Pod'];
  portName: string;
  instance: string;
  port: number;
}): Record<string, string> {
  const { monitor, service, pod, portName, instance, port } = parts;
  const labels: Record<string, string> = {};
  for (const name of monitor.spec.targetLabels ?? []) {
    const value = service.metadata.labels?.[name];
    if (value !== undefined) labels[labelName(name)] = value;
  }
  for (const name of monitor.spec.podTargetLabels ?? []) {
    const value = pod.metadata.labels?.[name];
    if (value !== undefined) labels[labelName(name)] = value;
  }
  const container = (pod.spec.containers ?? []).find((candidate) =>
    (candidate.ports ?? []).some((exposed) => exposed.containerPort === port),
  );
  const job = monitor.spec.jobLabel === undefined ? undefined : service.metadata.labels?.[monitor.spec.jobLabel];
  return {
    ...labels,
    namespace: service.metadata.namespace as string,
    service: service.metadata.name,
    pod: pod.metadata.name,
    ...(container === undefined ? {} : { container: container.name }),
    job: job ?? service.metadata.name,
    endpoint: portName,
    instance,
  };
}

/** Characters Prometheus does not take in label names become underscores. */
function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_');
}
