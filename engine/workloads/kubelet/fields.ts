import { metadataField } from '#kube/metadata-field.ts';
import { parseQuantity } from '#kube/quantity.ts';
import type { Container, Pod } from './pod-types.ts';

/** A container cannot be configured as its pod says; becomes the waiting reason CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override name = 'ContainerConfigError';
}

/** What the node gives to a pod; the downward API shows it. */
export interface NodeFacts {
  podIp: string;
  hostIp: string;
}

/** The value of a downward API field as text. Throws ContainerConfigError for a field that cannot be used there. */
export function fieldValue(pod: Pod, path: string, node: NodeFacts): string {
  const { metadata, spec } = pod;
  const inMetadata = metadataField(metadata, path);
  if (inMetadata !== undefined) return inMetadata;
  switch (path) {
    case 'spec.nodeName':
      return spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return node.podIp;
    case 'status.hostIP':
    case 'status.hostIPs':
      return node.hostIp;
    default:
      throw new ContainerConfigError(`field label not supported: ${path}`);
  }
}

/** Limits of a container that names none are the node's own size; this engine promises no more than these. */
const NODE_RESOURCES: Readonly<Record<string, string>> = { cpu: '1', memory: '1Gi', 'ephemeral-storage': '10Gi' };

/** A container's request or limit, divided and rounded up as the downward API does. Throws ContainerConfigError. */
export function resourceValue(
  pod: Pod,
  ref: { containerName?: string; resource: string; divisor?: string | number },
  own: Container | undefined,
): string {
  const container =
    ref.containerName === undefined ? own : pod.spec.containers.find(({ name }) => name === ref.containerName);
  if (container === undefined) throw new ContainerConfigError(`container ${ref.containerName} not found`);
  const [side, name] = ref.resource.split(/\.(.*)/) as [string, string | undefined];
  if ((side !== 'limits' && side !== 'requests') || name === undefined || NODE_RESOURCES[name] === undefined) {
    throw new ContainerConfigError(`unsupported container resource: ${ref.resource}`);
  }
  const given = container.resources?.[side]?.[name] ?? (side === 'limits' ? NODE_RESOURCES[name] : '0');
  const divisor = parseQuantity(ref.divisor) || 1;
  return String(Math.ceil((parseQuantity(given) ?? 0) / divisor - 1e-9));
}
