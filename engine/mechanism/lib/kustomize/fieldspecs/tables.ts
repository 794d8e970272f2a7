/** Which fields each setting touches, as data (spec §5, §6.1). Configuration files extend these tables. */
import type { FieldSpec } from '../kustomization/types.ts';

/** The objects that refer to objects of one kind by name. */
export interface NameReference {
  group?: string;
  version?: string;
  kind: string;
  referrers: readonly FieldSpec[];
}

export interface FieldTables {
  namePrefix: readonly FieldSpec[];
  nameSuffix: readonly FieldSpec[];
  namespace: readonly FieldSpec[];
  commonLabels: readonly FieldSpec[];
  templateLabels: readonly FieldSpec[];
  labels: readonly FieldSpec[];
  commonAnnotations: readonly FieldSpec[];
  nameReference: readonly NameReference[];
  varReference: readonly FieldSpec[];
  images: readonly FieldSpec[];
  replicas: readonly FieldSpec[];
}

const WORKLOADS = ['Deployment', 'ReplicaSet', 'DaemonSet'] as const;

function create(path: string, gvk: Omit<FieldSpec, 'path' | 'create'> = {}): FieldSpec {
  return { ...gvk, path, create: true };
}

function podTemplateMetadata(field: 'labels' | 'annotations', statefulSet: FieldSpec[]): FieldSpec[] {
  const path = `spec/template/metadata/${field}`;
  return [
    create(`metadata/${field}`),
    create(path, { version: 'v1', kind: 'ReplicationController' }),
    ...WORKLOADS.map((kind) => create(path, { kind })),
    ...statefulSet,
    create(path, { group: 'batch', kind: 'Job' }),
    create(`spec/jobTemplate/metadata/${field}`, { group: 'batch', kind: 'CronJob' }),
    create(`spec/jobTemplate/spec/template/metadata/${field}`, { group: 'batch', kind: 'CronJob' }),
  ];
}

const templateLabels = podTemplateMetadata('labels', [
  create('spec/template/metadata/labels', { group: 'apps', kind: 'StatefulSet' }),
  create('spec/volumeClaimTemplates[]/metadata/labels', { group: 'apps', kind: 'StatefulSet' }),
]);

const commonAnnotations = podTemplateMetadata('annotations', [
  create('spec/template/metadata/annotations', { kind: 'StatefulSet' }),
]);

function affinitySelectors(kind: string): FieldSpec[] {
  const spec = 'spec/template/spec';
  const affinities = ['podAffinity', 'podAntiAffinity'].flatMap((affinity) => [
    `${spec}/affinity/${affinity}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
    `${spec}/affinity/${affinity}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
  ]);
  return [...affinities, `${spec}/topologySpreadConstraints/labelSelector/matchLabels`].map((path) => ({
    path,
    group: 'apps',
    kind,
  }));
}

const selectors: FieldSpec[] = [
  create('spec/selector', { version: 'v1', kind: 'Service' }),
  create('spec/selector', { version: 'v1', kind: 'ReplicationController' }),
  create('spec/selector/matchLabels', { kind: 'Deployment' }),
  ...affinitySelectors('Deployment'),
  create('spec/selector/matchLabels', { kind: 'ReplicaSet' }),
  create('spec/selector/matchLabels', { kind: 'DaemonSet' }),
  create('spec/selector/matchLabels', { group: 'apps', kind: 'StatefulSet' }),
  ...affinitySelectors('StatefulSet'),
  { path: 'spec/selector/matchLabels', group: 'batch', kind: 'Job' },
  { path: 'spec/jobTemplate/spec/selector/matchLabels', group: 'batch', kind: 'CronJob' },
  { path: 'spec/selector/matchLabels', group: 'policy', kind: 'PodDisruptionBudget' },
  { path: 'spec/podSelector/matchLabels', group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  { path: 'spec/ingress/from/podSelector/matchLabels', group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  { path: 'spec/egress/to/podSelector/matchLabels', group: 'networking.k8s.io', kind: 'NetworkPolicy' },
];

const IMAGE_FIELDS = ['containers[]/image', 'initContainers[]/image', 'volumes[]/image/reference'];

/** Where the pod spec of each kind lies. */
const POD_SPECS: Readonly<Record<string, string>> = {
  Pod: 'spec',
  PodTemplate: 'template/spec',
  Deployment: 'spec/template/spec',
  ReplicaSet: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
  Job: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
};

function inPodSpecs(fields: readonly string[]): FieldSpec[] {
  return Object.entries(POD_SPECS).flatMap(([kind, podSpec]) =>
    fields.map((field) => ({ path: `${podSpec}/${field}`, kind, ...(kind === 'Pod' ? { version: 'v1' } : {}) })),
  );
}

const PLAIN_POD_SPECS: Readonly<Record<string, string>> = {
  Pod: 'spec',
  StatefulSet: 'spec/template/spec',
  Deployment: 'spec/template/spec',
  ReplicationController: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
  Job: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
};

function inPlainPodSpecs(field: string): FieldSpec[] {
  return Object.entries(PLAIN_POD_SPECS).map(([kind, podSpec]) => ({ path: `${podSpec}/${field}`, kind }));
}

const on = (kind: string, ...paths: string[]): FieldSpec[] => paths.map((path) => ({ path, kind }));

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

const configMapReferrers: FieldSpec[] = [
  ...inPodSpecs([
    'volumes/configMap/name',
    'containers/env/valueFrom/configMapKeyRef/name',
    'initContainers/env/valueFrom/configMapKeyRef/name',
    'containers/envFrom/configMapRef/name',
    'initContainers/envFrom/configMapRef/name',
    'volumes/projected/sources/configMap/name',
  ]),
  ...on('Node', 'spec/configSource/configMap'),
  ...on('Role', 'rules/resourceNames'),
  ...on('ClusterRole', 'rules/resourceNames'),
  ...on('Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap'),
];

const secretReferrers: FieldSpec[] = [
  ...inPodSpecs([
    'volumes/secret/secretName',
    'containers/env/valueFrom/secretKeyRef/name',
    'initContainers/env/valueFrom/secretKeyRef/name',
    'containers/envFrom/secretRef/name',
    'initContainers/envFrom/secretRef/name',
    'imagePullSecrets/name',
    'volumes/projected/sources/secret/name',
  ]),
  ...on(
    'Ingress',
    'spec/tls/secretName',
    'metadata/annotations/ingress.kubernetes.io\\/auth-secret',
    'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret',
    'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret',
  ),
  ...on('ServiceAccount', 'imagePullSecrets/name'),
  ...on(
    'StorageClass',
    'parameters/secretName',
    'parameters/adminSecretName',
    'parameters/userSecretName',
    'parameters/secretRef',
  ),
  ...on('Role', 'rules/resourceNames'),
  ...on('ClusterRole', 'rules/resourceNames'),
  {
    path: 'spec/template/spec/containers/env/valueFrom/secretKeyRef/name',
    kind: 'Service',
    group: 'serving.knative.dev',
    version: 'v1',
  },
  ...on('PersistentVolume', 'spec/azureFile/secretName'),
];

const scaleTarget = on('HorizontalPodAutoscaler', 'spec/scaleTargetRef/name');

const nameReference: NameReference[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) => ({
    kind,
    referrers: scaleTarget,
  })),
  { kind: 'ConfigMap', version: 'v1', referrers: configMapReferrers },
  { kind: 'Secret', version: 'v1', referrers: secretReferrers },
  {
    kind: 'Service',
    version: 'v1',
    referrers: [
      { path: 'spec/serviceName', kind: 'StatefulSet', group: 'apps' },
      ...on(
        'Ingress',
        'spec/rules/http/paths/backend/serviceName',
        'spec/backend/serviceName',
        'spec/rules/http/paths/backend/service/name',
        'spec/defaultBackend/service/name',
      ),
      { path: 'spec/service/name', kind: 'APIService', group: 'apiregistration.k8s.io' },
      { path: 'webhooks/clientConfig/service', kind: 'ValidatingWebhookConfiguration', group: ADMISSION },
      { path: 'webhooks/clientConfig/service', kind: 'MutatingWebhookConfiguration', group: ADMISSION },
    ],
  },
  { kind: 'Role', group: RBAC, referrers: [{ path: 'roleRef/name', kind: 'RoleBinding', group: RBAC }] },
  {
    kind: 'ClusterRole',
    group: RBAC,
    referrers: ['RoleBinding', 'ClusterRoleBinding'].map((kind) => ({ path: 'roleRef/name', kind, group: RBAC })),
  },
  {
    kind: 'ServiceAccount',
    version: 'v1',
    referrers: [
      ...['RoleBinding', 'ClusterRoleBinding'].map((kind) => ({ path: 'subjects', kind, group: RBAC })),
      ...inPlainPodSpecs('serviceAccountName'),
    ],
  },
  {
    kind: 'PersistentVolumeClaim',
    version: 'v1',
    referrers: inPlainPodSpecs('volumes/persistentVolumeClaim/claimName'),
  },
  {
    kind: 'PersistentVolume',
    version: 'v1',
    referrers: [...on('PersistentVolumeClaim', 'spec/volumeName'), ...on('ClusterRole', 'rules/resourceNames')],
  },
  {
    kind: 'StorageClass',
    version: 'v1',
    group: 'storage.k8s.io',
    referrers: [
      ...on('PersistentVolume', 'spec/storageClassName'),
      ...on('PersistentVolumeClaim', 'spec/storageClassName'),
      ...on('StatefulSet', 'spec/volumeClaimTemplates/spec/storageClassName'),
    ],
  },
  { kind: 'PriorityClass', version: 'v1', group: 'scheduling.k8s.io', referrers: inPlainPodSpecs('priorityClassName') },
  // Upstream's table names the group of IngressClass "networking.k8s.io/v1", which no object has: it never matches.
  {
    kind: 'IngressClass',
    version: 'v1',
    group: 'networking.k8s.io/v1',
    referrers: on('Ingress', 'spec/ingressClassName'),
  },
  {
    kind: 'ValidatingAdmissionPolicy',
    group: ADMISSION,
    referrers: [{ path: 'spec/policyName', kind: 'ValidatingAdmissionPolicyBinding', group: ADMISSION }],
  },
];

const VAR_KINDS: Readonly<Record<string, string>> = {
  CronJob: 'spec/jobTemplate/spec/template/spec',
  DaemonSet: 'spec/template/spec',
  Deployment: 'spec/template/spec',
  Job: 'spec/template/spec',
  Pod: 'spec',
  ReplicaSet: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
};

const VAR_FIELDS = ['containers', 'initContainers'].flatMap((list) =>
  ['args', 'command', 'env/value', 'volumeMounts/mountPath'].map((field) => `${list}/${field}`),
);

const varReference: FieldSpec[] = [
  ...Object.entries(VAR_KINDS).flatMap(([kind, podSpec]) =>
    VAR_FIELDS.map((field) => ({ path: `${podSpec}/${field}`, kind })),
  ),
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet'].flatMap((kind) =>
    on(kind, 'spec/template/spec/volumes/nfs/server'),
  ),
  ...on('CronJob', 'spec/jobTemplate/spec/template/volumes/nfs/server'),
  ...on('Pod', 'spec/volumes/nfs/server'),
  ...on('Deployment', 'spec/template/metadata/annotations'),
  ...on('Ingress', 'spec/rules/host', 'spec/tls/hosts', 'spec/tls/secretName'),
  ...on('Service', 'spec/ports/port', 'spec/ports/targetPort'),
  ...on('StatefulSet', 'spec/volumeClaimTemplates/spec/nfs/server'),
  ...on('PersistentVolume', 'spec/nfs/server'),
  { path: 'metadata/labels' },
  { path: 'metadata/annotations' },
];

export const defaultTables: FieldTables = {
  namePrefix: [{ path: 'metadata/name' }],
  nameSuffix: [{ path: 'metadata/name' }],
  namespace: [
    create('metadata/name', { kind: 'Namespace' }),
    create('spec/service/namespace', { group: 'apiregistration.k8s.io', kind: 'APIService' }),
    {
      path: 'spec/conversion/webhook/clientConfig/service/namespace',
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
    },
  ],
  commonLabels: [...selectors, ...templateLabels],
  templateLabels,
  labels: [],
  commonAnnotations,
  nameReference,
  varReference,
  images: ['spec', 'spec/template/spec'].flatMap((podSpec) =>
    IMAGE_FIELDS.map((field) => create(`${podSpec}/${field}`)),
  ),
  replicas: ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) =>
    create('spec/replicas', { kind }),
  ),
};
