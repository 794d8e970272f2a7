import { deepEqual, isRecord } from '#core/json.ts';
import { withoutInjectedTerm } from './anti-affinity.ts';
import { EPHEMERAL_METADATA_ANNOTATION, HASH_LABEL, type PodMetadata, type PodTemplate } from './types.ts';

/** What the API server fills into pod templates of built-in kinds, by field name; Rollouts are stored without it. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  apiVersion: ['v1'],
  creationTimestamp: [null],
  defaultMode: [420],
  dnsPolicy: ['ClusterFirst'],
  failureThreshold: [3],
  imagePullPolicy: ['Always', 'IfNotPresent'],
  path: ['/'],
  periodSeconds: [10],
  protocol: ['TCP'],
  resources: [{}],
  restartPolicy: ['Always'],
  schedulerName: ['default-scheduler'],
  scheme: ['HTTP'],
  securityContext: [{}],
  successThreshold: [1],
  terminationGracePeriodSeconds: [30],
  terminationMessagePath: ['/dev/termination-log'],
  terminationMessagePolicy: ['File'],
  timeoutSeconds: [1],
};

/**
 * Whether a ReplicaSet's template is the Rollout's, apart from the hash label, metadata the rollout injected, the deprecated
 * `serviceAccount`, and defaults. It finds ReplicaSets whose hash was computed by another version (rollouts §0.1).
 */
export function isSameTemplate(
  rs: { metadata: { annotations?: Record<string, string> }; spec: { template?: unknown } },
  desired: PodTemplate | undefined,
): boolean {
  const template = withoutInjectedTerm((rs.spec.template ?? {}) as PodTemplate);
  const live = withoutInjected(template, injectedMetadata(rs.metadata.annotations));
  return covers(live, desired ?? {});
}

export function injectedMetadata(annotations: Record<string, string> | undefined): PodMetadata {
  const text = annotations?.[EPHEMERAL_METADATA_ANNOTATION];
  if (text === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? (parsed as PodMetadata) : {};
  } catch {
    return {};
  }
}

function withoutInjected(template: PodTemplate, injected: PodMetadata): PodTemplate {
  const { labels, annotations, ...rest } = template.metadata ?? {};
  const { [HASH_LABEL]: _hash, ...own } = labels ?? {};
  const without = (map: Record<string, string> | undefined, keys: Record<string, string> | undefined) =>
    Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => keys?.[key] === undefined));
  const metadata = {
    ...rest,
    labels: without(own, injected.labels),
    annotations: without(annotations, injected.annotations),
  };
  return { ...template, metadata };
}

/** Equal, but for defaults that only the live side has. Empty maps and lists count as absent. */
function covers(live: unknown, desired: unknown): boolean {
  if (Array.isArray(live) && Array.isArray(desired)) {
    return live.length === desired.length && live.every((item, index) => covers(item, desired[index]));
  }
  if (!isRecord(live) || !isRecord(desired)) return deepEqual(live, desired);
  for (const key of new Set([...Object.keys(live), ...Object.keys(desired)])) {
    if (key === 'serviceAccount') continue;
    const there = live[key];
    const wanted = desired[key];
    if (isEmpty(there) && isEmpty(wanted)) continue;
    if (wanted === undefined && DEFAULTS[key]?.some((value) => deepEqual(value, there))) continue;
    if (!covers(there, wanted)) return false;
  }
  return true;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}
