import { deepCopy } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { Manifest } from '#kube/object.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { type PodTemplate, podFromTemplate, revisionHash } from '../pod-facts/template.ts';

export type StatefulSet = KindMap['StatefulSet.apps'];

export const REVISION_LABEL = 'controller-revision-hash';
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** The number at the end of a pod's name, or undefined when the pod is not named after the set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  if (!pod.metadata.name.startsWith(prefix)) return undefined;
  const text = pod.metadata.name.slice(prefix.length);
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined;
}

/** `<set>-<hash of the template>`: names the revision that the set's spec asks for. */
export function updateRevisionOf(set: StatefulSet): string {
  return `${set.metadata.name}-${revisionHash(set.spec.template, set.status?.collisionCount ?? 0)}`;
}

export function claimName(template: { metadata?: { name?: string } }, podName: string): string {
  return `${template.metadata?.name ?? ''}-${podName}`;
}

/** The pod with this ordinal at this revision: stable name, host name, subdomain and claims. */
export function podAt(set: StatefulSet, ordinal: number, revision: string): Manifest {
  const name = `${set.metadata.name}-${ordinal}`;
  const { metadata, spec, ...rest } = podFromTemplate(set, set.spec.template as PodTemplate | undefined);
  const { generateName: _generated, ...named } = metadata;
  return {
    ...rest,
    metadata: {
      ...named,
      name,
      labels: {
        ...named.labels,
        [REVISION_LABEL]: revision,
        [POD_NAME_LABEL]: name,
        [POD_INDEX_LABEL]: String(ordinal),
      },
    },
    spec: {
      ...(spec as object),
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...volumesOf(set, name, spec),
    },
  };
}

/** The template's volumes, with one claim volume for each claim template (which wins over a volume of the same name). */
function volumesOf(set: StatefulSet, podName: string, spec: unknown): { volumes?: unknown[] } {
  const own = (spec as { volumes?: { name: string }[] }).volumes ?? [];
  const claims = (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(template, podName) },
  }));
  const names = new Set(claims.map(({ name }) => name));
  const volumes = [...own.filter(({ name }) => !names.has(name)), ...claims];
  return volumes.length === 0 ? {} : { volumes };
}

/** The claims of one pod, labelled so that the set's selector finds them. They have no owner: they outlive the set. */
export function claimsFor(set: StatefulSet, podName: string): Manifest[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(template, podName),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
    },
    spec: deepCopy(template.spec ?? {}),
  }));
}
