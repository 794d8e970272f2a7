import { deepEqual, isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import type { Admission } from '../admission.ts';
import { ApiError, invalid } from '../errors.ts';
import { Causes, mapOf } from '../validation/causes.ts';
import { podSecurityViolations, violationsText } from './evaluate.ts';
import { levelText, readPodSecurityPolicy } from './policy.ts';

/** Where a workload keeps the template of its pods. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  'CronJob.batch': ['spec', 'jobTemplate', 'spec', 'template'],
  'DaemonSet.apps': ['spec', 'template'],
  'Deployment.apps': ['spec', 'template'],
  'Job.batch': ['spec', 'template'],
  'ReplicaSet.apps': ['spec', 'template'],
  'StatefulSet.apps': ['spec', 'template'],
};

/**
 * Pod Security admission: refuses pods that violate the level their namespace enforces, and namespaces whose labels name
 * no level. Throws ApiError Forbidden or Invalid.
 */
export const podSecurityAdmission: Admission = {
  admit: (object, live, kind, objects) => {
    if (kind.id === 'Namespace' && object.metadata.labels !== live?.metadata.labels) checkLabels(object, live, kind);
    const isCreatedPod = kind.id === 'Pod' && live === undefined;
    const isChangedPod = kind.id === 'Pod' && live !== undefined && isSignificantChange(object, live);
    if (!isCreatedPod && !isChangedPod) return object;
    const { enforce } = policyAt(objects, object.metadata.namespace);
    const violations = podSecurityViolations(enforce, object.metadata, object.spec);
    if (violations.length === 0) return object;
    throw new ApiError(
      'Forbidden',
      `pods "${object.metadata.name}" is forbidden: violates PodSecurity "${levelText(enforce)}": ${violationsText(violations)}`,
      { name: object.metadata.name, kind: 'pods' },
    );
  },
};

/**
 * What the API warns of when it takes this object: pods and workloads whose pods violate the level their namespace warns of,
 * and, for a namespace with a new level, the pods in it that would be refused now. Empty for everything else.
 */
export function podSecurityWarnings(object: KubeObject, previous: KubeObject | undefined, objects: Reader): string[] {
  const kindId = object.apiVersion === 'v1' ? object.kind : `${object.kind}.${object.apiVersion.split('/')[0]}`;
  if (kindId === 'Namespace') return namespaceWarnings(object, previous, objects);
  const template = kindId === 'Pod' ? object : templateOf(kindId, object);
  if (template === undefined) return [];
  const { warn } = policyAt(objects, object.metadata.namespace);
  const violations = podSecurityViolations(warn, template.metadata, template.spec);
  if (violations.length === 0) return [];
  return [`would violate PodSecurity "${levelText(warn)}": ${violationsText(violations)}`];
}

function templateOf(kindId: string, object: KubeObject): Record<string, unknown> | undefined {
  const path = TEMPLATES[kindId];
  if (path === undefined) return undefined;
  const template = path.reduce<unknown>((value, step) => mapOf(value)[step], object);
  return isRecord(template) ? template : undefined;
}

function policyAt(objects: Reader, namespace: string | undefined) {
  const home = objects.get('Namespace', undefined, namespace ?? '');
  return readPodSecurityPolicy(home?.metadata.labels).policy;
}

/** What leads to a new look at a pod that is there: another image, another container, another profile annotation. */
function isSignificantChange(object: KubeObject, live: KubeObject): boolean {
  if (object.spec === live.spec && object.metadata.annotations === live.metadata.annotations) return false;
  const significant = ({ metadata, spec }: KubeObject) => {
    const profiles = Object.entries(metadata.annotations ?? {}).filter(([key]) => /seccomp|apparmor/.test(key));
    const pod = mapOf(spec);
    return [profiles, pod.initContainers, pod.containers, pod.ephemeralContainers];
  };
  return !deepEqual(significant(object), significant(live));
}

/** New or changed labels must be readable; old ones that are not are left alone. */
function checkLabels(object: KubeObject, live: KubeObject | undefined, kind: Parameters<Admission['admit']>[2]): void {
  const { problems } = readPodSecurityPolicy(object.metadata.labels);
  const before = live === undefined ? 0 : readPodSecurityPolicy(live.metadata.labels).problems.length;
  if (problems.length === 0 || (live !== undefined && before > 0)) return;
  const causes = new Causes();
  for (const { label, value, detail } of problems) causes.invalid(`metadata.labels[${label}]`, value, detail);
  throw invalid(kind, object.metadata.name, causes.list);
}

function namespaceWarnings(namespace: KubeObject, previous: KubeObject | undefined, objects: Reader): string[] {
  const { enforce } = readPodSecurityPolicy(namespace.metadata.labels).policy;
  const before = readPodSecurityPolicy(previous?.metadata.labels).policy.enforce;
  if (previous === undefined || levelText(before) === levelText(enforce)) return [];
  const byReasons = new Map<string, string[]>();
  for (const pod of objects.list('Pod', namespace.metadata.name)) {
    const violations = podSecurityViolations(enforce, pod.metadata, pod.spec);
    if (violations.length === 0) continue;
    const reasons = violations.map(({ reason }) => reason).join(', ');
    byReasons.set(reasons, [...(byReasons.get(reasons) ?? []), pod.metadata.name]);
  }
  if (byReasons.size === 0) return [];
  const lines = [...byReasons].map(([reasons, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
    return `${first}${more}: ${reasons}`;
  });
  const head = `existing pods in namespace "${namespace.metadata.name}" violate the new PodSecurity enforce level "${levelText(enforce)}"`;
  return [head, ...lines.sort()];
}
