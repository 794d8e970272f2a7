import { Draft, type Plan } from '#control/plan.ts';
import { canonicalJson, deepEqual } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import { refOf } from '#kube/kinds.ts';
import { controllerReference, isDeleting, type Manifest } from '#kube/object.ts';
import { isPodReady, isPodTerminal, type Pod } from '../pod-facts/pod-state.ts';
import { revisionHash } from '../pod-facts/template.ts';

type Service = KindMap['Service'];
type EndpointSlice = KindMap['EndpointSlice.discovery.k8s.io'];

export interface EndpointSliceObservation {
  service: Service;
  /** Pods that the service's selector matches. */
  pods: readonly Pod[];
  /** Slices this service controls. */
  slices: readonly EndpointSlice[];
}

interface SlicePort {
  name: string;
  protocol: string;
  port: number;
  appProtocol?: string;
}

export const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';

/**
 * Makes the service's slices say where its pods can be reached: one slice, and a further one for each other set of port
 * numbers that pods give to the service's named target ports.
 */
export function planEndpointSlices({ service, pods, slices }: EndpointSliceObservation): Plan {
  const draft = new Draft();
  const wanted = isDeleting(service) ? [] : computeSlices(service, pods);
  for (const slice of wanted) {
    const live = slices.find(({ metadata }) => metadata.name === slice.metadata.name);
    if (live === undefined) draft.add({ effect: 'create', object: slice });
    else if (!isSame(live, slice)) draft.add({ effect: 'patch', target: refOf(live), patch: changesOf(live, slice) });
  }
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const live of slices) {
    if (!names.has(live.metadata.name) && !isDeleting(service)) draft.add({ effect: 'delete', target: refOf(live) });
  }
  return draft.finish();
}

function isSame(live: EndpointSlice, wanted: Manifest): boolean {
  return (
    deepEqual(live.endpoints, wanted.endpoints) &&
    deepEqual(live.ports, wanted.ports) &&
    deepEqual(live.metadata.labels, wanted.metadata.labels)
  );
}

function changesOf(live: EndpointSlice, wanted: Manifest): Record<string, unknown> {
  const dropped = Object.keys(live.metadata.labels ?? {}).filter((key) => wanted.metadata.labels?.[key] === undefined);
  const labels = { ...wanted.metadata.labels, ...Object.fromEntries(dropped.map((key) => [key, null])) };
  return { metadata: { labels }, endpoints: wanted.endpoints, ports: wanted.ports };
}

/** Services without a selector, and ExternalName services, have no slices of ours. */
function computeSlices(service: Service, pods: readonly Pod[]): Manifest[] {
  const hasSelector = Object.keys(service.spec.selector ?? {}).length > 0;
  if (!hasSelector || service.spec.type === 'ExternalName') return [];
  const groups = new Map<string, { ports: SlicePort[]; pods: Pod[] }>();
  for (const pod of pods.filter(isEndpoint)) {
    const ports = portsOf(service, pod);
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { ports, pods: [] };
    groups.set(key, group);
    group.pods.push(pod);
  }
  if (groups.size === 0) groups.set('', { ports: [], pods: [] });
  return [...groups]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, group], index) =>
      sliceObject(service, index === 0 ? revisionHash(service.metadata.name).slice(0, 5) : revisionHash(key), group),
    );
}

/** A pod with an address that has not ended. A terminating one stays, not ready, until it is gone. */
function isEndpoint(pod: Pod): boolean {
  return !isPodTerminal(pod) && (pod.status?.podIP ?? '') !== '';
}

function portsOf(service: Service, pod: Pod): SlicePort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const protocol = port.protocol ?? 'TCP';
    const number = targetPortOf(pod, port.targetPort ?? port.port, protocol);
    if (number === undefined) return [];
    const appProtocol = port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol };
    return [{ name: port.name ?? '', protocol, port: number, ...appProtocol }];
  });
}

/** The number behind a target port: itself, or that of the container port with this name and protocol. */
function targetPortOf(pod: Pod, target: number | string, protocol: string): number | undefined {
  if (typeof target === 'number') return target;
  if (/^\d+$/.test(target)) return Number(target);
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const port = container.ports?.find(({ name, protocol: own }) => name === target && (own ?? 'TCP') === protocol);
    if (port !== undefined) return port.containerPort;
  }
  return undefined;
}

function sliceObject(service: Service, suffix: string, group: { ports: SlicePort[]; pods: readonly Pod[] }): Manifest {
  const { name, namespace } = service.metadata;
  const isHeadless = service.spec.clusterIP === 'None';
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${suffix}`,
      namespace,
      labels: {
        ...service.metadata.labels,
        [MANAGED_BY]: 'endpointslice-controller.k8s.io',
        [SERVICE_NAME]: name,
        ...(isHeadless ? { [HEADLESS]: '' } : {}),
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    endpoints: group.pods.map((pod) => endpointOf(service, pod)),
    ports: group.ports,
  };
}

function endpointOf(service: Service, pod: Pod): Record<string, unknown> {
  const serving = isPodReady(pod);
  const terminating = isDeleting(pod);
  const publishes = service.spec.publishNotReadyAddresses === true;
  const hasName = (pod.spec.hostname ?? '') !== '' && pod.spec.subdomain === service.metadata.name;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: publishes || (serving && !terminating), serving, terminating },
    ...(hasName ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
  };
}
