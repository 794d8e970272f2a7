import {
  ageOf,
  type Cell,
  humanDuration,
  labelsText,
  listOf,
  type Members,
  mapOf,
  numberOf,
  selectorText,
  textOf,
} from './cells.ts';
import { GATEWAY_COLUMNS } from './gateway-columns.ts';
import { summarizePod } from './pod-cells.ts';

/** A column of `kubectl get`. `wide` ones are shown with `-o wide` only. */
export interface Column {
  name: string;
  type?: 'string' | 'integer' | 'boolean' | 'date';
  wide?: boolean;
  cell: (object: Members, nowMs: number) => Cell;
}

const name: Column = { name: 'Name', cell: (object) => textOf(mapOf(object.metadata).name) };
const age: Column = { name: 'Age', cell: (object, nowMs) => ageOf(mapOf(object.metadata).creationTimestamp, nowMs) };

function column(title: string, cell: Column['cell'], more: Partial<Column> = {}): Column {
  return { name: title, cell, ...more };
}

const spec = (object: Members) => mapOf(object.spec);
const status = (object: Members) => mapOf(object.status);
const template = (object: Members) => mapOf(mapOf(spec(object).template).spec);
const integer = { type: 'integer' } as const;
const wide = { wide: true } as const;

const TEMPLATE = [
  column(
    'Containers',
    (object) =>
      listOf(template(object).containers)
        .map((item) => textOf(item.name))
        .join(','),
    wide,
  ),
  column(
    'Images',
    (object) =>
      listOf(template(object).containers)
        .map((item) => textOf(item.image))
        .join(','),
    wide,
  ),
];
const SELECTOR = column('Selector', (object) => textOf(selectorText(spec(object).selector)), wide);

const POD = [
  name,
  column('Ready', (pod, nowMs) => summarizePod(pod, nowMs).ready),
  column('Status', (pod, nowMs) => summarizePod(pod, nowMs).status),
  column('Restarts', (pod, nowMs) => summarizePod(pod, nowMs).restarts),
  age,
  column('IP', (pod) => textOf(status(pod).podIP), wide),
  column('Node', (pod) => textOf(spec(pod).nodeName), wide),
  column('Nominated Node', (pod) => textOf(status(pod).nominatedNodeName), wide),
  column('Readiness Gates', (pod) => readinessGates(pod), wide),
];

function readinessGates(pod: Members): string {
  const gates = listOf(spec(pod).readinessGates);
  if (gates.length === 0) return '<none>';
  const conditions = listOf(status(pod).conditions);
  const met = gates.filter((gate) =>
    conditions.some((item) => item.type === gate.conditionType && item.status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}

const SERVICE = [
  name,
  column('Type', (service) => textOf(spec(service).type)),
  column('Cluster-IP', (service) => textOf(spec(service).clusterIP)),
  column('External-IP', externalAddress),
  column('Port(s)', (service) => textOf(listOf(spec(service).ports).map(portText).join(','))),
  age,
  column('Selector', (service) => labelsText(spec(service).selector), wide),
];

function externalAddress(service: Members): string {
  const { type, externalName, externalIPs } = spec(service);
  if (type === 'ExternalName') return textOf(externalName);
  const given = Array.isArray(externalIPs) ? externalIPs.join(',') : '';
  if (type !== 'LoadBalancer') return textOf(given);
  const ingress = listOf(mapOf(status(service).loadBalancer).ingress).map((item) => textOf(item.ip ?? item.hostname));
  return ingress.length > 0 ? ingress.join(',') : '<pending>';
}

function portText(port: Members): string {
  const node = port.nodePort === undefined ? '' : `:${String(port.nodePort)}`;
  return `${String(port.port)}${node}/${textOf(port.protocol, 'TCP')}`;
}

const DEPLOYMENT = [
  name,
  column('Ready', (object) => `${numberOf(status(object).readyReplicas)}/${numberOf(spec(object).replicas)}`),
  column('Up-to-date', (object) => numberOf(status(object).updatedReplicas), integer),
  column('Available', (object) => numberOf(status(object).availableReplicas), integer),
  age,
  ...TEMPLATE,
  SELECTOR,
];

const REPLICA_SET = [
  name,
  column('Desired', (object) => numberOf(spec(object).replicas), integer),
  column('Current', (object) => numberOf(status(object).replicas), integer),
  column('Ready', (object) => numberOf(status(object).readyReplicas), integer),
  age,
  ...TEMPLATE,
  SELECTOR,
];

const JOB = [
  name,
  column('Status', jobStatus),
  column('Completions', completions),
  column('Duration', (job, nowMs) => jobDuration(job, nowMs)),
  age,
  ...TEMPLATE,
  SELECTOR,
];

function jobStatus(job: Members): string {
  const conditions = listOf(status(job).conditions);
  const isTrue = (type: string) => conditions.some((item) => item.type === type && item.status === 'True');
  if (isTrue('Complete')) return 'Complete';
  if (isTrue('Failed')) return 'Failed';
  if (mapOf(job.metadata).deletionTimestamp !== undefined) return 'Terminating';
  if (isTrue('Suspended')) return 'Suspended';
  return isTrue('FailureTarget') ? 'FailureTarget' : 'Running';
}

function completions(job: Members): string {
  const succeeded = numberOf(status(job).succeeded);
  const wanted = spec(job).completions;
  if (typeof wanted === 'number') return `${succeeded}/${wanted}`;
  const parallelism = numberOf(spec(job).parallelism);
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: Members, nowMs: number): string {
  const { startTime, completionTime } = status(job);
  if (typeof startTime !== 'string') return '';
  const endMs = typeof completionTime === 'string' ? Date.parse(completionTime) : nowMs;
  return humanDuration(endMs - Date.parse(startTime));
}

const INGRESS = [
  name,
  column('Class', (object) => textOf(spec(object).ingressClassName)),
  column('Hosts', ingressHosts),
  column('Address', (object) =>
    listOf(mapOf(status(object).loadBalancer).ingress)
      .map((item) => textOf(item.ip ?? item.hostname, ''))
      .join(','),
  ),
  column('Ports', (object) => (listOf(spec(object).tls).length > 0 ? '80, 443' : '80')),
  age,
];

function ingressHosts(object: Members): string {
  const hosts = listOf(spec(object).rules).map((rule) => textOf(rule.host, '*'));
  if (hosts.length === 0) return '*';
  return hosts.length <= 3 ? hosts.join(',') : `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...`;
}

const EVENT = [
  column('Last Seen', (event, nowMs) => eventAge(event, nowMs)),
  column('Type', (event) => textOf(event.type)),
  column('Reason', (event) => textOf(event.reason)),
  column('Object', (event) => {
    const object = mapOf(event.involvedObject);
    return `${textOf(object.kind).toLowerCase()}/${textOf(object.name)}`;
  }),
  column('Subobject', (event) => textOf(mapOf(event.involvedObject).fieldPath, ''), wide),
  column('Source', (event) => textOf(mapOf(event.source).component ?? event.reportingComponent, ''), wide),
  column('Message', (event) => textOf(event.message, '').trim()),
  column('First Seen', (event, nowMs) => ageOf(event.firstTimestamp ?? event.eventTime, nowMs), wide),
  column('Count', (event) => numberOf(mapOf(event.series).count ?? event.count ?? 1), { ...integer, wide: true }),
  { ...name, wide: true },
];

function eventAge(event: Members, nowMs: number): string {
  return ageOf(mapOf(event.series).lastObservedTime ?? event.lastTimestamp ?? event.eventTime, nowMs);
}

const AUTOSCALER = [
  name,
  column('Reference', (object) => {
    const target = mapOf(spec(object).scaleTargetRef);
    return `${textOf(target.kind)}/${textOf(target.name)}`;
  }),
  column('Targets', autoscalerTargets),
  column('MinPods', (object) => textOf(spec(object).minReplicas, '<unset>')),
  column('MaxPods', (object) => numberOf(spec(object).maxReplicas), integer),
  column('Replicas', (object) => numberOf(status(object).currentReplicas), integer),
  age,
];

function autoscalerTargets(object: Members): string {
  const current = listOf(status(object).currentMetrics);
  const texts = listOf(spec(object).metrics).map((metric, index) => {
    const source = mapOf(metric.resource ?? metric.pods ?? metric.object ?? metric.external);
    const target = mapOf(source.target);
    const now = mapOf(mapOf(Object.values(mapOf(current[index])).find((value) => typeof value === 'object')).current);
    const label = metric.type === 'Resource' ? `${textOf(source.name)}: ` : '';
    if (target.averageUtilization !== undefined) {
      const seen = now.averageUtilization === undefined ? '<unknown>' : `${String(now.averageUtilization)}%`;
      return `${label}${seen}/${String(target.averageUtilization)}%`;
    }
    return `${label}${textOf(now.averageValue ?? now.value, '<unknown>')}/${textOf(target.averageValue ?? target.value)}`;
  });
  if (texts.length === 0) return '<none>';
  return texts.length <= 2 ? texts.join(', ') : `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...`;
}

const CLAIM = [
  name,
  column('Status', (claim) =>
    mapOf(claim.metadata).deletionTimestamp === undefined ? textOf(status(claim).phase) : 'Terminating',
  ),
  column('Volume', (claim) => textOf(spec(claim).volumeName, '')),
  column('Capacity', (claim) => textOf(mapOf(status(claim).capacity).storage, '')),
  column('Access Modes', (claim) => accessModes(status(claim).accessModes)),
  column('StorageClass', (claim) => textOf(spec(claim).storageClassName, '')),
  age,
  column('VolumeMode', (claim) => textOf(spec(claim).volumeMode), wide),
];

const ACCESS: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(modes: unknown): string {
  return Array.isArray(modes) ? modes.map((mode) => ACCESS[String(mode)] ?? String(mode)).join(',') : '';
}

const NODE = [
  name,
  column('Status', (node) => {
    const ready = listOf(status(node).conditions).find((condition) => condition.type === 'Ready');
    const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
    return spec(node).unschedulable === true ? `${word},SchedulingDisabled` : word;
  }),
  column('Roles', (node) => {
    const prefix = 'node-role.kubernetes.io/';
    const labels = Object.keys(mapOf(mapOf(node.metadata).labels)).filter((label) => label.startsWith(prefix));
    return textOf(
      labels
        .map((label) => label.slice(prefix.length))
        .sort()
        .join(','),
    );
  }),
  age,
  column('Version', (node) => textOf(mapOf(status(node).nodeInfo).kubeletVersion, '')),
  column('Internal-IP', (node) => nodeAddress(node, 'InternalIP'), wide),
  column('External-IP', (node) => nodeAddress(node, 'ExternalIP'), wide),
  column('OS-Image', (node) => textOf(mapOf(status(node).nodeInfo).osImage, '<unknown>'), wide),
  column('Kernel-Version', (node) => textOf(mapOf(status(node).nodeInfo).kernelVersion, '<unknown>'), wide),
  column(
    'Container-Runtime',
    (node) => textOf(mapOf(status(node).nodeInfo).containerRuntimeVersion, '<unknown>'),
    wide,
  ),
];

function nodeAddress(node: Members, type: string): string {
  return textOf(listOf(status(node).addresses).find((address) => address.type === type)?.address);
}

const ENDPOINT_SLICE = [
  name,
  column('AddressType', (slice) => textOf(slice.addressType)),
  column('Ports', (slice) =>
    atMostThree(
      listOf(slice.ports).map((port) => textOf(port.port, '*')),
      '<unset>',
    ),
  ),
  column('Endpoints', (slice) =>
    atMostThree(
      listOf(slice.endpoints).flatMap((endpoint) =>
        Array.isArray(endpoint.addresses) ? endpoint.addresses.map(String) : [],
      ),
      '<unset>',
    ),
  ),
  age,
];

function atMostThree(texts: readonly string[], empty: string): string {
  if (texts.length === 0) return empty;
  return texts.length <= 3 ? texts.join(',') : `${texts.slice(0, 3).join(',')} + ${texts.length - 3} more...`;
}

const BINDING = [
  name,
  column('Role', (binding) => `${textOf(mapOf(binding.roleRef).kind)}/${textOf(mapOf(binding.roleRef).name)}`),
  age,
  ...(['User', 'Group', 'ServiceAccount'] as const).map((kind) =>
    column(
      `${kind}s`,
      (binding) =>
        listOf(binding.subjects)
          .filter((subject) => subject.kind === kind)
          .map((subject) =>
            kind === 'ServiceAccount' ? `${textOf(subject.namespace)}/${textOf(subject.name)}` : textOf(subject.name),
          )
          .join(', '),
      wide,
    ),
  ),
];

const CREATED_AT = column('Created At', (object) => textOf(mapOf(object.metadata).creationTimestamp), { type: 'date' });

const PHASE = column('Status', (object) => textOf(status(object).phase, ''));

/** kubernetes-api.md §8.1; custom kinds as the printer columns of their CRDs. */
export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  ...GATEWAY_COLUMNS,
  ConfigMap: [
    name,
    column('Data', (object) => Object.keys(mapOf(object.data)).length + Object.keys(mapOf(object.binaryData)).length),
    age,
  ],
  Event: EVENT,
  Namespace: [name, column('Status', (object) => textOf(status(object).phase)), age],
  Node: NODE,
  PersistentVolume: [
    name,
    column('Capacity', (volume) => textOf(mapOf(spec(volume).capacity).storage, '')),
    column('Access Modes', (volume) => accessModes(spec(volume).accessModes)),
    column('Reclaim Policy', (volume) => textOf(spec(volume).persistentVolumeReclaimPolicy, '')),
    column('Status', (volume) => textOf(status(volume).phase, '')),
    column('Claim', (volume) => {
      const claim = mapOf(spec(volume).claimRef);
      return claim.name === undefined ? '' : `${textOf(claim.namespace)}/${textOf(claim.name)}`;
    }),
    column('StorageClass', (volume) => textOf(spec(volume).storageClassName, '')),
    column('Reason', (volume) => textOf(status(volume).reason, '')),
    age,
    column('VolumeMode', (volume) => textOf(spec(volume).volumeMode), wide),
  ],
  PersistentVolumeClaim: CLAIM,
  Pod: POD,
  Secret: [
    name,
    column('Type', (object) => textOf(object.type, '')),
    column('Data', (object) => Object.keys(mapOf(object.data)).length),
    age,
  ],
  Service: SERVICE,
  ServiceAccount: [name, column('Secrets', (account) => listOf(account.secrets).length), age],
  'DaemonSet.apps': [
    name,
    column('Desired', (object) => numberOf(status(object).desiredNumberScheduled), integer),
    column('Current', (object) => numberOf(status(object).currentNumberScheduled), integer),
    column('Ready', (object) => numberOf(status(object).numberReady), integer),
    column('Up-to-date', (object) => numberOf(status(object).updatedNumberScheduled), integer),
    column('Available', (object) => numberOf(status(object).numberAvailable), integer),
    column('Node Selector', (object) => labelsText(template(object).nodeSelector)),
    age,
    ...TEMPLATE,
    SELECTOR,
  ],
  'Deployment.apps': DEPLOYMENT,
  'ReplicaSet.apps': REPLICA_SET,
  'StatefulSet.apps': [
    name,
    column('Ready', (object) => `${numberOf(status(object).readyReplicas)}/${numberOf(spec(object).replicas)}`),
    age,
    ...TEMPLATE,
  ],
  'HorizontalPodAutoscaler.autoscaling': AUTOSCALER,
  'CronJob.batch': [
    name,
    column('Schedule', (object) => textOf(spec(object).schedule)),
    column('Timezone', (object) => textOf(spec(object).timeZone)),
    column('Suspend', (object) => String(spec(object).suspend === true), { type: 'boolean' }),
    column('Active', (object) => listOf(status(object).active).length, integer),
    column('Last Schedule', (object, nowMs) => {
      const time = status(object).lastScheduleTime;
      return time === undefined ? '<none>' : ageOf(time, nowMs);
    }),
    age,
  ],
  'Job.batch': JOB,
  'Lease.coordination.k8s.io': [name, column('Holder', (lease) => textOf(spec(lease).holderIdentity, '')), age],
  'EndpointSlice.discovery.k8s.io': ENDPOINT_SLICE,
  'Ingress.networking.k8s.io': INGRESS,
  'IngressClass.networking.k8s.io': [
    name,
    column('Controller', (object) => textOf(spec(object).controller)),
    column('Parameters', (object) => {
      const parameters = mapOf(spec(object).parameters);
      return parameters.name === undefined ? '<none>' : `${textOf(parameters.kind)}/${textOf(parameters.name)}`;
    }),
    age,
  ],
  'NetworkPolicy.networking.k8s.io': [
    name,
    column('Pod-Selector', (policy) => textOf(selectorText(spec(policy).podSelector))),
    age,
  ],
  'PodDisruptionBudget.policy': [
    name,
    column('Min Available', (budget) => textOf(spec(budget).minAvailable, 'N/A')),
    column('Max Unavailable', (budget) => textOf(spec(budget).maxUnavailable, 'N/A')),
    column('Allowed Disruptions', (budget) => numberOf(status(budget).disruptionsAllowed), integer),
    age,
  ],
  'ClusterRole.rbac.authorization.k8s.io': [name, CREATED_AT],
  'ClusterRoleBinding.rbac.authorization.k8s.io': BINDING,
  'Role.rbac.authorization.k8s.io': [name, CREATED_AT],
  'RoleBinding.rbac.authorization.k8s.io': BINDING,
  'PriorityClass.scheduling.k8s.io': [
    name,
    column('Value', (object) => numberOf(object.value), integer),
    column('Global-Default', (object) => String(object.globalDefault === true), { type: 'boolean' }),
    age,
  ],
  'StorageClass.storage.k8s.io': [
    name,
    column('Provisioner', (object) => textOf(object.provisioner)),
    column('ReclaimPolicy', (object) => textOf(object.reclaimPolicy)),
    column('VolumeBindingMode', (object) => textOf(object.volumeBindingMode)),
    column('AllowVolumeExpansion', (object) => String(object.allowVolumeExpansion === true)),
    age,
  ],
  'Notification.pern-gitops.dev': [
    name,
    column('About', (object) => textOf(mapOf(spec(object).about).name)),
    column('Trigger', (object) => textOf(spec(object).trigger)),
    column('Service', (object) => textOf(spec(object).service)),
    column('Recipient', (object) => textOf(spec(object).recipient)),
    PHASE,
    age,
  ],
  'AnalysisRun.argoproj.io': [name, PHASE, age],
  'Application.argoproj.io': [
    name,
    column('Sync Status', (object) => textOf(mapOf(status(object).sync).status, '')),
    column('Health Status', (object) => textOf(mapOf(status(object).health).status, '')),
    age,
    column('Revision', (object) => textOf(mapOf(status(object).sync).revision, ''), wide),
    column('Project', (object) => textOf(spec(object).project, ''), wide),
  ],
  'ApplicationSet.argoproj.io': [name, age],
  'Experiment.argoproj.io': [name, PHASE, age],
  'ExternalSecret.external-secrets.io': [
    name,
    column('StoreType', (object) => textOf(mapOf(spec(object).secretStoreRef).kind, '')),
    column('Store', (object) => textOf(mapOf(spec(object).secretStoreRef).name, '')),
    column('Refresh Interval', (object) => textOf(spec(object).refreshInterval, '')),
    column('Status', (object) => textOf(readyCondition(object).reason, '')),
    column('Ready', (object) => textOf(readyCondition(object).status, '')),
  ],
  'Rollout.argoproj.io': [
    name,
    column('Desired', (object) => numberOf(spec(object).replicas ?? 1), integer),
    column('Current', (object) => numberOf(status(object).replicas), integer),
    column('Up-to-date', (object) => numberOf(status(object).updatedReplicas), integer),
    column('Available', (object) => numberOf(status(object).availableReplicas), integer),
    age,
  ],
};

function readyCondition(object: Members): Members {
  return mapOf(listOf(status(object).conditions).find((condition) => condition.type === 'Ready'));
}

/** Kinds without a row of their own print what the server prints for them. */
export const DEFAULT_COLUMNS: readonly Column[] = [name, age];
