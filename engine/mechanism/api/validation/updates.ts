import { deepEqual, isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { type Causes, type Members, mapOf } from './causes.ts';

/** What may not change once an object exists. */
export const UPDATE_RULES: Readonly<Record<string, (next: KubeObject, live: KubeObject, causes: Causes) => void>> = {
  ConfigMap: keepImmutable,
  Secret: (next, live, causes) => {
    keepImmutable(next, live, causes);
    if (next.type !== live.type) causes.invalid('type', next.type, 'field is immutable');
  },
  PersistentVolumeClaim: keepClaim,
  Pod: keepPod,
  Service: keepClusterAddress,
  'DaemonSet.apps': keepSelector,
  'Deployment.apps': keepSelector,
  'ReplicaSet.apps': keepSelector,
  'StatefulSet.apps': keepStatefulSet,
  'Job.batch': keepJob,
  'RoleBinding.rbac.authorization.k8s.io': keepRole,
  'ClusterRoleBinding.rbac.authorization.k8s.io': keepRole,
};

function keepSelector(next: KubeObject, live: KubeObject, causes: Causes): void {
  const selector = mapOf(next.spec).selector;
  if (!deepEqual(selector, mapOf(live.spec).selector)) causes.invalid('spec.selector', selector, 'field is immutable');
}

const STATEFUL_SET_FREE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function keepStatefulSet(next: KubeObject, live: KubeObject, causes: Causes): void {
  if (deepEqual(without(next.spec, STATEFUL_SET_FREE), without(live.spec, STATEFUL_SET_FREE))) return;
  causes.forbidden(
    'spec',
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  );
}

function keepJob(next: KubeObject, live: KubeObject, causes: Causes): void {
  const [spec, before] = [mapOf(next.spec), mapOf(live.spec)];
  for (const field of ['selector', 'completions', 'completionMode']) {
    if (!deepEqual(spec[field], before[field])) causes.invalid(`spec.${field}`, spec[field], 'field is immutable');
  }
  if (!deepEqual(spec.template, before.template)) causes.invalid('spec.template', spec.template, 'field is immutable');
}

function keepClusterAddress(next: KubeObject, live: KubeObject, causes: Causes): void {
  const [spec, before] = [mapOf(next.spec), mapOf(live.spec)];
  const changesType = spec.type !== before.type && (spec.type === 'ExternalName' || before.type === 'ExternalName');
  if (changesType || before.clusterIP === undefined || before.clusterIP === '') return;
  if (spec.clusterIP !== before.clusterIP) {
    causes.invalid('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set');
  }
}

function keepImmutable(next: KubeObject, live: KubeObject, causes: Causes): void {
  if (live.immutable !== true) return;
  if (next.immutable !== true) causes.forbidden('immutable', 'field is immutable when `immutable` is set');
  for (const field of ['data', 'binaryData']) {
    if (!deepEqual(next[field], live[field])) causes.forbidden(field, 'field is immutable when `immutable` is set');
  }
}

/** Scheduling sets nodeName once; images, tolerations and deadlines may change. */
function keepPod(next: KubeObject, live: KubeObject, causes: Causes): void {
  const before = mapOf(live.spec);
  const free = ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds', 'schedulingGates'];
  if (before.nodeName === undefined || before.nodeName === '') free.push('nodeName');
  if (deepEqual(withoutImages(without(next.spec, free)), withoutImages(without(live.spec, free)))) return;
  causes.forbidden(
    'spec',
    'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
  );
}

function withoutImages(spec: Members): Members {
  const strip = (list: unknown) =>
    Array.isArray(list) ? list.map((item: unknown) => (isRecord(item) ? without(item, ['image']) : item)) : list;
  return { ...spec, containers: strip(spec.containers), initContainers: strip(spec.initContainers) };
}

/** Binding sets the volume and class once; only the requested size may change later. */
function keepClaim(next: KubeObject, live: KubeObject, causes: Causes): void {
  const before = mapOf(live.spec);
  const free = ['resources', 'volumeAttributesClassName'];
  for (const field of ['volumeName', 'storageClassName']) if (before[field] === undefined) free.push(field);
  if (deepEqual(without(next.spec, free), without(live.spec, free))) return;
  causes.forbidden(
    'spec',
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
  );
}

function keepRole(next: KubeObject, live: KubeObject, causes: Causes): void {
  if (!deepEqual(next.roleRef, live.roleRef)) causes.invalid('roleRef', next.roleRef, 'cannot change roleRef');
}

function without(value: unknown, keys: readonly string[]): Members {
  return Object.fromEntries(Object.entries(mapOf(value)).filter(([key]) => !keys.includes(key)));
}
