import type { IApplication } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application';
import type { IApplicationSet } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/ApplicationSet';
import type { IAppProject } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject';
import type { IAnalysisRun } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisRun';
import type { IAnalysisTemplate } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate';
import type { IClusterAnalysisTemplate } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/ClusterAnalysisTemplate';
import type { IExperiment } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/Experiment';
import type { IRollout } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/Rollout';
import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import type { IPassword } from '@kubernetes-models/external-secrets/generators.external-secrets.io/v1alpha1/Password';
import type { IGateway } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway';
import type { IGatewayClass } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GatewayClass';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import type { IReferenceGrant } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1beta1/ReferenceGrant';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IEndpointSlice } from 'kubernetes-models/discovery.k8s.io/v1/EndpointSlice';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IEvent } from 'kubernetes-models/v1/Event';
import type { ILimitRange } from 'kubernetes-models/v1/LimitRange';
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { INode } from 'kubernetes-models/v1/Node';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { IResourceQuota } from 'kubernetes-models/v1/ResourceQuota';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { KubeObject, Stored } from './object.ts';

/**
 * The kinds this engine knows, and everything about a kind that is data: names, scope, subresources, generation rule.
 * A kind's id is `Kind` in the core group and `Kind.group` elsewhere (`Pod`, `Rollout.argoproj.io`).
 */
export interface ResourceKind {
  id: string;
  group: string;
  version: string;
  kind: string;
  /** The resource name in URLs. */
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  /** `subresource`: `.status` is written through /status only. `field`: an ordinary field. `none`: no status. */
  status: 'subresource' | 'field' | 'none';
  /** Which changes raise `metadata.generation` (kubernetes-api.md §4.1.1). */
  generation: 'spec' | 'spec-and-annotations' | 'all-but-metadata' | 'none';
  /** Field paths of the scale subresource, where the kind has one. */
  scale?: { specReplicas: string; statusReplicas: string; selector: string };
  /** True for kinds that a CustomResourceDefinition brings in a cluster. */
  custom: boolean;
}

/** Static types of the kinds that controllers work on. Any other kind is a plain KubeObject. */
export interface KindMap {
  ConfigMap: Stored<IConfigMap>;
  Event: Stored<IEvent>;
  LimitRange: Stored<ILimitRange>;
  Namespace: Stored<INamespace>;
  Node: Stored<INode>;
  PersistentVolumeClaim: Stored<IPersistentVolumeClaim>;
  Pod: Stored<IPod>;
  ResourceQuota: Stored<IResourceQuota>;
  Secret: Stored<ISecret>;
  Service: Stored<IService>;
  ServiceAccount: Stored<IServiceAccount>;
  'Deployment.apps': Stored<IDeployment>;
  'ReplicaSet.apps': Stored<IReplicaSet>;
  'StatefulSet.apps': Stored<IStatefulSet>;
  'HorizontalPodAutoscaler.autoscaling': Stored<IHorizontalPodAutoscaler>;
  'Job.batch': Stored<IJob>;
  'EndpointSlice.discovery.k8s.io': Stored<IEndpointSlice>;
  'Ingress.networking.k8s.io': Stored<IIngress>;
  'NetworkPolicy.networking.k8s.io': Stored<INetworkPolicy>;
  'PodDisruptionBudget.policy': Stored<IPodDisruptionBudget>;
  'AnalysisRun.argoproj.io': Stored<IAnalysisRun>;
  'AnalysisTemplate.argoproj.io': Stored<IAnalysisTemplate>;
  'Application.argoproj.io': Stored<IApplication>;
  'ApplicationSet.argoproj.io': Stored<IApplicationSet>;
  'AppProject.argoproj.io': Stored<IAppProject>;
  'ClusterAnalysisTemplate.argoproj.io': Stored<IClusterAnalysisTemplate>;
  'Experiment.argoproj.io': Stored<IExperiment>;
  'Rollout.argoproj.io': Stored<IRollout>;
  'Gateway.gateway.networking.k8s.io': Stored<IGateway>;
  'GatewayClass.gateway.networking.k8s.io': Stored<IGatewayClass>;
  'HTTPRoute.gateway.networking.k8s.io': Stored<IHTTPRoute>;
  'ReferenceGrant.gateway.networking.k8s.io': Stored<IReferenceGrant>;
  'ServiceMonitor.monitoring.coreos.com': Stored<IServiceMonitor>;
  'ExternalSecret.external-secrets.io': Stored<IExternalSecret>;
  'Password.generators.external-secrets.io': Stored<IPassword>;
}

export type KindId = keyof KindMap | (string & {});
export type ObjectOf<Id extends KindId> = Id extends keyof KindMap ? KindMap[Id] : KubeObject;

/** Names one object. `namespace` is undefined for cluster-scoped kinds. */
export interface ObjectRef {
  kind: KindId;
  namespace: string | undefined;
  name: string;
}

type Traits = Partial<
  Pick<ResourceKind, 'shortNames' | 'categories' | 'namespaced' | 'status' | 'generation' | 'scale' | 'singular'>
>;

const WORKLOAD: Traits = { categories: ['all'], status: 'subresource', generation: 'spec' };
const CONFIG: Traits = { status: 'none', generation: 'none' };
const CLUSTER: Traits = { namespaced: false };
const REPLICAS = { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.status.selector' };
const CUSTOM_FIELD_STATUS: Traits = { status: 'field', generation: 'all-but-metadata' };
const CUSTOM_STATUS: Traits = { status: 'subresource', generation: 'all-but-metadata' };

const BUILT_IN: readonly [apiVersion: string, kind: string, plural: string, traits: Traits][] = [
  ['v1', 'ConfigMap', 'configmaps', { ...CONFIG, shortNames: ['cm'] }],
  ['v1', 'Event', 'events', { ...CONFIG, shortNames: ['ev'] }],
  ['v1', 'LimitRange', 'limitranges', { ...CONFIG, shortNames: ['limits'] }],
  ['v1', 'Namespace', 'namespaces', { ...CLUSTER, shortNames: ['ns'], generation: 'none' }],
  ['v1', 'Node', 'nodes', { ...CLUSTER, shortNames: ['no'], generation: 'none' }],
  ['v1', 'PersistentVolume', 'persistentvolumes', { ...CLUSTER, shortNames: ['pv'], generation: 'none' }],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', { shortNames: ['pvc'], generation: 'none' }],
  ['v1', 'Pod', 'pods', { ...WORKLOAD, shortNames: ['po'] }],
  ['v1', 'ResourceQuota', 'resourcequotas', { shortNames: ['quota'], generation: 'none' }],
  ['v1', 'Secret', 'secrets', CONFIG],
  ['v1', 'Service', 'services', { ...WORKLOAD, shortNames: ['svc'], generation: 'none' }],
  ['v1', 'ServiceAccount', 'serviceaccounts', { ...CONFIG, shortNames: ['sa'] }],
  [
    'apps/v1',
    'Deployment',
    'deployments',
    { ...WORKLOAD, shortNames: ['deploy'], generation: 'spec-and-annotations', scale: REPLICAS },
  ],
  ['apps/v1', 'DaemonSet', 'daemonsets', { ...WORKLOAD, shortNames: ['ds'] }],
  ['apps/v1', 'ReplicaSet', 'replicasets', { ...WORKLOAD, shortNames: ['rs'], scale: REPLICAS }],
  ['apps/v1', 'StatefulSet', 'statefulsets', { ...WORKLOAD, shortNames: ['sts'], scale: REPLICAS }],
  [
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    { ...WORKLOAD, shortNames: ['hpa'], generation: 'none' },
  ],
  ['batch/v1', 'CronJob', 'cronjobs', { ...WORKLOAD, shortNames: ['cj'] }],
  ['batch/v1', 'Job', 'jobs', WORKLOAD],
  ['coordination.k8s.io/v1', 'Lease', 'leases', CONFIG],
  ['discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', { status: 'none', generation: 'all-but-metadata' }],
  ['networking.k8s.io/v1', 'Ingress', 'ingresses', { shortNames: ['ing'] }],
  ['networking.k8s.io/v1', 'IngressClass', 'ingressclasses', { ...CLUSTER, status: 'none' }],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', { shortNames: ['netpol'], status: 'none' }],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', { shortNames: ['pdb'] }],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', { ...CONFIG, ...CLUSTER }],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', { ...CONFIG, ...CLUSTER }],
  ['rbac.authorization.k8s.io/v1', 'Role', 'roles', CONFIG],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', CONFIG],
  ['scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', { ...CLUSTER, shortNames: ['pc'], status: 'none' }],
  ['storage.k8s.io/v1', 'StorageClass', 'storageclasses', { ...CONFIG, ...CLUSTER, shortNames: ['sc'] }],
];

const CUSTOM: readonly [apiVersion: string, kind: string, plural: string, traits: Traits][] = [
  ['argoproj.io/v1alpha1', 'AnalysisRun', 'analysisruns', { ...CUSTOM_FIELD_STATUS, shortNames: ['ar'] }],
  ['argoproj.io/v1alpha1', 'AnalysisTemplate', 'analysistemplates', { ...CUSTOM_FIELD_STATUS, shortNames: ['at'] }],
  ['argoproj.io/v1alpha1', 'Application', 'applications', { ...CUSTOM_FIELD_STATUS, shortNames: ['app', 'apps'] }],
  [
    'argoproj.io/v1alpha1',
    'ApplicationSet',
    'applicationsets',
    { ...CUSTOM_STATUS, shortNames: ['appset', 'appsets'] },
  ],
  [
    'argoproj.io/v1alpha1',
    'AppProject',
    'appprojects',
    { ...CUSTOM_FIELD_STATUS, shortNames: ['appproj', 'appprojs'] },
  ],
  [
    'argoproj.io/v1alpha1',
    'ClusterAnalysisTemplate',
    'clusteranalysistemplates',
    { ...CUSTOM_FIELD_STATUS, ...CLUSTER, shortNames: ['cat'] },
  ],
  ['argoproj.io/v1alpha1', 'Experiment', 'experiments', { ...CUSTOM_FIELD_STATUS, shortNames: ['exp'] }],
  [
    'argoproj.io/v1alpha1',
    'Rollout',
    'rollouts',
    {
      ...CUSTOM_STATUS,
      shortNames: ['ro'],
      categories: ['all'],
      scale: { ...REPLICAS, statusReplicas: '.status.HPAReplicas' },
    },
  ],
  ['gateway.networking.k8s.io/v1', 'Gateway', 'gateways', { ...CUSTOM_STATUS, shortNames: ['gtw'] }],
  [
    'gateway.networking.k8s.io/v1',
    'GatewayClass',
    'gatewayclasses',
    { ...CUSTOM_STATUS, ...CLUSTER, shortNames: ['gc'] },
  ],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'httproutes', CUSTOM_STATUS],
  [
    'gateway.networking.k8s.io/v1beta1',
    'ReferenceGrant',
    'referencegrants',
    { status: 'none', generation: 'all-but-metadata', shortNames: ['refgrant'] },
  ],
  [
    'monitoring.coreos.com/v1alpha1',
    'AlertmanagerConfig',
    'alertmanagerconfigs',
    { ...CUSTOM_STATUS, shortNames: ['amcfg'] },
  ],
  ['monitoring.coreos.com/v1', 'PodMonitor', 'podmonitors', { ...CUSTOM_STATUS, shortNames: ['pmon'] }],
  ['monitoring.coreos.com/v1', 'PrometheusRule', 'prometheusrules', { ...CUSTOM_STATUS, shortNames: ['promrule'] }],
  ['monitoring.coreos.com/v1', 'ServiceMonitor', 'servicemonitors', { ...CUSTOM_STATUS, shortNames: ['smon'] }],
  ['external-secrets.io/v1', 'ExternalSecret', 'externalsecrets', { ...CUSTOM_STATUS, shortNames: ['es'] }],
  ['generators.external-secrets.io/v1alpha1', 'Password', 'passwords', CUSTOM_STATUS],
  ['pern-gitops.dev/v1alpha1', 'Notification', 'notifications', { ...CUSTOM_STATUS, shortNames: ['notif'] }],
];

function resourceKind(apiVersion: string, kind: string, plural: string, traits: Traits, custom: boolean): ResourceKind {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return {
    id: group === '' ? kind : `${kind}.${group}`,
    group: group as string,
    version: version as string,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    status: 'subresource',
    generation: 'spec',
    custom,
    ...traits,
  };
}

/** Every kind the engine serves, core group first, then by group and kind. */
export const KINDS: readonly ResourceKind[] = [
  ...BUILT_IN.map((row) => resourceKind(...row, false)),
  ...CUSTOM.map((row) => resourceKind(...row, true)),
];

const BY_ID = new Map(KINDS.map((kind) => [kind.id, kind]));
const BY_RESOURCE = new Map(KINDS.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));

/** The id of an object's kind, whether the engine knows the kind or not. */
export function kindIdOf(object: { apiVersion: string; kind: string }): KindId {
  const slash = object.apiVersion.indexOf('/');
  return slash < 0 ? object.kind : `${object.kind}.${object.apiVersion.slice(0, slash)}`;
}

export function findKind(id: KindId): ResourceKind | undefined {
  return BY_ID.get(id);
}

/** The kind behind a URL's group, version and resource name. */
export function findResource(group: string, version: string, plural: string): ResourceKind | undefined {
  return BY_RESOURCE.get(`${group}/${version}/${plural}`);
}

export function apiVersionOf(kind: ResourceKind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `deployments.apps`, `pods`: how messages name a resource. */
export function resourceName(kind: ResourceKind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

export function refOf(object: {
  apiVersion: string;
  kind: string;
  metadata: { namespace?: string; name?: string };
}): ObjectRef {
  return { kind: kindIdOf(object), namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
}

/** `Rollout.argoproj.io pern-app-development/backend`: how logs and transcripts name an object. */
export function formatRef(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
}
