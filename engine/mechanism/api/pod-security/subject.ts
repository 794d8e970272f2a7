import { eachOf, type Members, mapOf } from '../validation/causes.ts';

/** A pod or pod template, as the checks look at it. */
export interface Subject {
  annotations: Readonly<Record<string, unknown>>;
  spec: Members;
  podContext: Members;
  /** Init containers, containers, ephemeral containers, in this order. */
  containers: readonly { name: string; value: Members; context: Members }[];
  isWindows: boolean;
}

export function subjectOf(metadata: unknown, spec: unknown): Subject {
  const pod = mapOf(spec);
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((field) =>
    eachOf(pod[field], field).map(([value]) => ({
      name: String(value.name ?? ''),
      value,
      context: mapOf(value.securityContext),
    })),
  );
  return {
    annotations: mapOf(mapOf(metadata).annotations),
    spec: pod,
    podContext: mapOf(pod.securityContext),
    containers,
    isWindows: mapOf(pod.os).name === 'windows',
  };
}

export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ');
}

export function sortedUnique(items: Iterable<string>): string[] {
  return [...new Set(items)].sort();
}

/** `container "a"`, `containers "a", "b"`. */
export function containersText(names: readonly string[]): string {
  return `${names.length === 1 ? 'container' : 'containers'} ${quoted(names)}`;
}

/** `one` for a single item, else `many`. */
export function plural(one: string, many: string, items: readonly unknown[]): string {
  return items.length === 1 ? one : many;
}

/** `pod and containers "a", "b"`: whoever sets a forbidden value. Empty when nobody does. */
export function settersText(isSetByPod: boolean, containers: readonly string[]): string {
  return [...(isSetByPod ? ['pod'] : []), ...(containers.length > 0 ? [containersText(containers)] : [])].join(' and ');
}
