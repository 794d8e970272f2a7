import { deepCopy, deepEqual } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import { controllerReference, type Manifest } from '#kube/object.ts';
import { revisionHash } from '../pod-facts/template.ts';
import type { SetCounts } from './replica-math.ts';

export type Deployment = KindMap['Deployment.apps'];
export type ReplicaSet = KindMap['ReplicaSet.apps'];

export const POD_TEMPLATE_HASH = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
const NOT_COPIED = [
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
];

export function revisionOf(object: { metadata: { annotations?: Record<string, string> } }): number {
  const text = object.metadata.annotations?.[REVISION] ?? '';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

/** Oldest first; of the same second, by name. */
export function byAge(sets: readonly ReplicaSet[]): ReplicaSet[] {
  const key = ({ metadata }: ReplicaSet) => `${metadata.creationTimestamp} ${metadata.name}`;
  return [...sets].sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

export function countsOf(set: ReplicaSet): SetCounts {
  const max = set.metadata.annotations?.[MAX_REPLICAS];
  return {
    name: set.metadata.name,
    wanted: set.spec.replicas ?? 1,
    available: set.status?.availableReplicas ?? 0,
    maxReplicas: max !== undefined && /^\d+$/.test(max) ? Number(max) : undefined,
  };
}

/** The set whose template, apart from the hash label, is the Deployment's; the oldest when several are. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return byAge(sets).find((set) => deepEqual(withoutHash(set.spec.template), withoutHash(deployment.spec.template)));
}

function withoutHash(template: unknown): unknown {
  const copy = deepCopy(template) as { metadata?: { labels?: Record<string, string>; creationTimestamp?: unknown } };
  delete copy?.metadata?.labels?.[POD_TEMPLATE_HASH];
  if (copy?.metadata !== undefined) delete copy.metadata.creationTimestamp;
  return copy;
}

/** Annotations the new set must have: the Deployment's own, its revision with history, and the sizes of now. */
export function newSetAnnotations(
  deployment: Deployment,
  existing: ReplicaSet | undefined,
  revision: number,
  maxSurge: number,
): Record<string, string> {
  const replicas = deployment.spec.replicas ?? 1;
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.includes(key));
  const before = existing?.metadata.annotations ?? {};
  const previous = existing === undefined ? 0 : revisionOf(existing);
  const history = before[REVISION_HISTORY];
  const moved = previous > 0 && previous < revision;
  return {
    ...Object.fromEntries(own),
    [DESIRED_REPLICAS]: String(replicas),
    [MAX_REPLICAS]: String(replicas + maxSurge),
    [REVISION]: String(Math.max(previous, revision)),
    ...(moved ? { [REVISION_HISTORY]: history === undefined ? String(previous) : `${history},${previous}` } : {}),
    ...(!moved && history !== undefined ? { [REVISION_HISTORY]: history } : {}),
  };
}

/** The ReplicaSet for the Deployment's template. */
export function newSetManifest(
  deployment: Deployment,
  parts: { revision: number; replicas: number; maxSurge: number },
): Manifest {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = revisionHash(withoutHash(template), deployment.status?.collisionCount ?? 0);
  const labels = { ...template?.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: newSetAnnotations(deployment, undefined, parts.revision, parts.maxSurge),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: parts.replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}
