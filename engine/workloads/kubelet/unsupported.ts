import { allContainers, type Pod } from './pod-types.ts';

/** A field this engine cannot honour, and what to do instead. */
export interface Unsupported {
  field: string;
  why: string;
}

const VOLUME_TYPES = new Set([
  'name',
  'configMap',
  'secret',
  'projected',
  'downwardAPI',
  'emptyDir',
  'persistentVolumeClaim',
]);
const PROJECTED_SOURCES = new Set(['configMap', 'secret', 'downwardAPI']);

/** Every field of a pod that asks for something this engine does not do. Such a pod is not started. */
export function unsupportedFields(pod: Pod): Unsupported[] {
  return [...podFields(pod), ...volumeFields(pod), ...containerFields(pod)];
}

function podFields({ spec }: Pod): Unsupported[] {
  const found: Unsupported[] = [];
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const) {
    if (spec[field] === true) found.push({ field: `spec.${field}`, why: 'pods have namespaces of their own only' });
  }
  if ((spec.ephemeralContainers ?? []).length > 0) {
    found.push({ field: 'spec.ephemeralContainers', why: 'containers cannot be added to a running pod' });
  }
  if ((spec.securityContext?.sysctls ?? []).length > 0) {
    found.push({ field: 'spec.securityContext.sysctls', why: 'pods share the kernel parameters of this machine' });
  }
  return found;
}

function volumeFields({ spec }: Pod): Unsupported[] {
  const found: Unsupported[] = [];
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const type = Object.keys(volume).find((key) => !VOLUME_TYPES.has(key) && volume[key as 'name'] !== undefined);
    if (type !== undefined)
      found.push({ field: `spec.volumes[${index}].${type}`, why: 'this volume type is not provided' });
    for (const [at, source] of (volume.projected?.sources ?? []).entries()) {
      const other = Object.keys(source).find((key) => !PROJECTED_SOURCES.has(key));
      if (other === undefined) continue;
      found.push({
        field: `spec.volumes[${index}].projected.sources[${at}].${other}`,
        why: 'this source is not provided',
      });
    }
  }
  return found;
}

function containerFields(pod: Pod): Unsupported[] {
  const inits = pod.spec.initContainers?.length ?? 0;
  return allContainers(pod).flatMap((container, index) => {
    const at = index < inits ? `spec.initContainers[${index}]` : `spec.containers[${index - inits}]`;
    const found: Unsupported[] = [];
    const refuse = (field: string, why: string) => found.push({ field: `${at}.${field}`, why });
    if (container.securityContext?.privileged === true)
      refuse('securityContext.privileged', 'containers never get more rights');
    if (container.lifecycle?.postStart) refuse('lifecycle.postStart', 'only preStop is provided');
    if ((container.volumeDevices ?? []).length > 0) refuse('volumeDevices', 'block devices are not provided');
    for (const kind of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
      if (container[kind]?.grpc) refuse(`${kind}.grpc`, 'use httpGet, tcpSocket or exec');
    }
    for (const [port, { hostPort, protocol }] of (container.ports ?? []).entries()) {
      if (hostPort !== undefined)
        refuse(`ports[${port}].hostPort`, 'reach the pod by its address or through an Ingress');
      if (protocol !== undefined && protocol !== 'TCP') refuse(`ports[${port}].protocol`, 'only TCP is provided');
    }
    if (container.lifecycle?.preStop?.httpGet?.scheme === 'HTTPS')
      refuse('lifecycle.preStop.httpGet.scheme', 'use HTTP');
    if (container.lifecycle?.preStop?.tcpSocket) refuse('lifecycle.preStop.tcpSocket', 'use exec, httpGet or sleep');
    return found;
  });
}
