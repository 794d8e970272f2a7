import { isRecord } from '#core/json.ts';
import { apiVersionOf, findKind, kindIdOf } from '../kinds.ts';
import { changed, type Members, mapOf, under } from './members.ts';
import { defaultPod } from './pod.ts';
import {
  defaultAutoscaler,
  defaultBinding,
  defaultClaim,
  defaultLimitRange,
  defaultNetworkPolicy,
  defaultSecret,
  defaultService,
} from './resources.ts';
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultStatefulSet,
} from './workloads.ts';

const ofSpec = (change: (spec: Members) => Members) => (object: Members) => changed(object, 'spec', change);

const RULES: Readonly<Record<string, (object: Members) => Members>> = {
  LimitRange: ofSpec(defaultLimitRange),
  Namespace: defaultNamespace,
  PersistentVolume: (object) =>
    ofSpec((spec) => under(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }))({
      ...object,
      status: under(mapOf(object.status), { phase: 'Pending' }),
    }),
  PersistentVolumeClaim: defaultClaim,
  Pod: ofSpec(defaultPod),
  Secret: defaultSecret,
  Service: ofSpec(defaultService),
  'ClusterRoleBinding.rbac.authorization.k8s.io': defaultBinding,
  'CronJob.batch': ofSpec(defaultCronJob),
  'DaemonSet.apps': ofSpec(defaultDaemonSet),
  'Deployment.apps': ofSpec(defaultDeployment),
  'HorizontalPodAutoscaler.autoscaling': ofSpec(defaultAutoscaler),
  'Job.batch': defaultJobObject,
  'NetworkPolicy.networking.k8s.io': ofSpec(defaultNetworkPolicy),
  'ReplicaSet.apps': ofSpec(defaultReplicaSet),
  'RoleBinding.rbac.authorization.k8s.io': defaultBinding,
  'StatefulSet.apps': ofSpec(defaultStatefulSet),
  'StorageClass.storage.k8s.io': (object) =>
    under(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: false }),
};

/**
 * The object with the server's defaults filled in (kubernetes-api.md §5). Objects of other API versions than the
 * engine serves, and custom resources, come back as they are. Malformed parts are left for validation to refuse.
 */
export function applyDefaults<T extends { apiVersion: string; kind: string }>(object: T): T {
  const kind = findKind(kindIdOf(object));
  const rule = kind === undefined || apiVersionOf(kind) !== object.apiVersion ? undefined : RULES[kind.id];
  return rule === undefined ? object : (rule(object as unknown as Members) as unknown as T);
}

function defaultNamespace(object: Members): Members {
  const metadata = mapOf(object.metadata);
  const labels = { ...mapOf(metadata.labels), 'kubernetes.io/metadata.name': metadata.name };
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: under(mapOf(object.spec), metadata.deletionTimestamp === undefined ? { finalizers: ['kubernetes'] } : {}),
    status: under(mapOf(object.status), { phase: 'Active' }),
  };
}

/** A Job without labels takes those of its template. */
function defaultJobObject(job: Members): Members {
  const filled = changed(job, 'spec', defaultJob);
  const metadata = mapOf(filled.metadata);
  const templateMetadata = mapOf(mapOf(mapOf(filled.spec).template).metadata);
  const unlabelled = !isRecord(metadata.labels) || Object.keys(metadata.labels).length === 0;
  if (!unlabelled || !isRecord(templateMetadata.labels)) return filled;
  return { ...filled, metadata: { ...metadata, labels: templateMetadata.labels } };
}
