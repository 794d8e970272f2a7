import { isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { type LabelSelector, matchesSelector } from '#kube/selector.ts';
import { type Causes, eachOf, label1035Problem, type Members, mapOf, qualifiedNameProblem } from './causes.ts';
import { checkPort, validatePodSpec, validateQuantity, validateTemplate } from './pods.ts';
import { validateLimitRange, validateQuota } from './policies.ts';

/** What each built-in kind must satisfy beyond its types and metadata. Custom resources have no entry. */
export const VALIDATIONS: Readonly<Record<string, (object: KubeObject, causes: Causes) => void>> = {
  ConfigMap: (object, causes) => validateData(object, ['data', 'binaryData'], causes),
  LimitRange: validateLimitRange,
  PersistentVolumeClaim: validateClaim,
  Pod: (object, causes) => validatePodSpec(mapOf(object.spec), 'spec', causes),
  ResourceQuota: validateQuota,
  Secret: (object, causes) => validateData(object, ['data'], causes),
  Service: validateService,
  'CronJob.batch': (object, causes) => {
    const spec = mapOf(object.spec);
    if (typeof spec.schedule !== 'string' || spec.schedule === '') causes.required('spec.schedule');
    const job = mapOf(mapOf(spec.jobTemplate).spec);
    validateJobSpec(job, 'spec.jobTemplate.spec', causes);
  },
  'DaemonSet.apps': validateWorkload,
  'Deployment.apps': (object, causes) => {
    validateWorkload(object, causes);
    const strategy = mapOf(mapOf(object.spec).strategy);
    if (strategy.type !== 'Recreate' && strategy.type !== 'RollingUpdate') {
      causes.unsupported('spec.strategy.type', strategy.type, ['Recreate', 'RollingUpdate']);
    }
    if (strategy.type === 'Recreate' && isRecord(strategy.rollingUpdate)) {
      causes.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
    }
    const { maxSurge, maxUnavailable } = mapOf(strategy.rollingUpdate);
    const isZero = (value: unknown) => value === 0 || value === '0' || value === '0%';
    if (isZero(maxSurge) && isZero(maxUnavailable)) {
      causes.invalid('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0');
    }
  },
  'HorizontalPodAutoscaler.autoscaling': validateAutoscaler,
  'Ingress.networking.k8s.io': validateIngress,
  'Job.batch': (object, causes) => validateJobSpec(mapOf(object.spec), 'spec', causes),
  'PodDisruptionBudget.policy': (object, causes) => {
    const { minAvailable, maxUnavailable } = mapOf(object.spec);
    if (minAvailable !== undefined && maxUnavailable !== undefined) {
      causes.invalid('spec', object.spec, 'minAvailable and maxUnavailable cannot be both set');
    }
  },
  'ReplicaSet.apps': validateWorkload,
  'StatefulSet.apps': validateWorkload,
  'RoleBinding.rbac.authorization.k8s.io': validateBinding,
  'ClusterRoleBinding.rbac.authorization.k8s.io': validateBinding,
};

function notNegative(value: unknown, path: string, causes: Causes): void {
  if (typeof value === 'number' && value < 0) causes.invalid(path, value, 'must be greater than or equal to 0');
}

function validateWorkload(object: KubeObject, causes: Causes): void {
  const spec = mapOf(object.spec);
  for (const field of ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']) {
    notNegative(spec[field], `spec.${field}`, causes);
  }
  const template = mapOf(spec.template);
  if (!isRecord(spec.selector)) causes.required('spec.selector');
  else validateSelector(spec.selector, mapOf(template.metadata), causes);
  validateTemplate(template, 'spec.template', causes, claimNames(spec));
  const restartPolicy = mapOf(template.spec).restartPolicy;
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    causes.unsupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']);
  }
}

/** Claim templates become volumes of each pod. */
function claimNames(spec: Members): string[] {
  return eachOf(spec.volumeClaimTemplates, 'spec.volumeClaimTemplates').flatMap(([claim]) => {
    const { name } = mapOf(claim.metadata);
    return typeof name === 'string' ? [name] : [];
  });
}

function validateSelector(selector: Members, templateMetadata: Members, causes: Causes): void {
  const size = Object.keys(mapOf(selector.matchLabels)).length;
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions.length : 0;
  if (size + expressions === 0) {
    causes.invalid('spec.selector', selector, 'empty selector is invalid for deployment');
    return;
  }
  const labels = mapOf(templateMetadata.labels) as Record<string, string>;
  if (!matchesSelector(selector as LabelSelector, labels)) {
    causes.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
}

function validateJobSpec(spec: Members, path: string, causes: Causes): void {
  for (const field of [
    'completions',
    'parallelism',
    'backoffLimit',
    'activeDeadlineSeconds',
    'ttlSecondsAfterFinished',
  ]) {
    notNegative(spec[field], `${path}.${field}`, causes);
  }
  validateTemplate(mapOf(spec.template), `${path}.template`, causes);
  const restartPolicy = mapOf(mapOf(spec.template).spec).restartPolicy;
  if (restartPolicy === 'Always') {
    causes.unsupported(`${path}.template.spec.restartPolicy`, restartPolicy, ['OnFailure', 'Never']);
  }
}

const DATA_BYTES_MAX = 1024 * 1024;
const DATA_KEY = /^[-._a-zA-Z0-9]+$/;

function validateData(object: KubeObject, fields: readonly string[], causes: Causes): void {
  let bytes = 0;
  for (const field of fields) {
    for (const [key, value] of Object.entries(mapOf(object[field]))) {
      if (!DATA_KEY.test(key) || key === '.' || key.startsWith('..')) {
        causes.invalid(
          `${field}[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        );
      }
      bytes += String(value).length;
    }
  }
  if (bytes > DATA_BYTES_MAX) causes.tooLong('', DATA_BYTES_MAX);
}

function validateClaim(object: KubeObject, causes: Causes): void {
  const spec = mapOf(object.spec);
  if (!Array.isArray(spec.accessModes) || spec.accessModes.length === 0) {
    causes.required('spec.accessModes', 'at least 1 access mode is required');
  }
  const storage = mapOf(mapOf(spec.resources).requests).storage;
  if (storage === undefined) causes.required('spec.resources[storage]');
  else validateQuantity(storage, 'spec.resources[storage]', causes);
}

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function validateService(object: KubeObject, causes: Causes): void {
  const spec = mapOf(object.spec);
  if (!SERVICE_TYPES.includes(spec.type as string)) causes.unsupported('spec.type', spec.type, SERVICE_TYPES);
  if (spec.type === 'ExternalName') {
    if (typeof spec.externalName !== 'string' || spec.externalName === '') causes.required('spec.externalName');
    return;
  }
  const ports = eachOf(spec.ports, 'spec.ports');
  if (ports.length === 0 && spec.clusterIP !== 'None') causes.required('spec.ports');
  const names = new Set<unknown>();
  for (const [port, at] of ports) {
    if (typeof port.port !== 'number') causes.required(`${at}.port`);
    else checkPort(port.port, `${at}.port`, causes);
    if (typeof port.targetPort === 'number') checkPort(port.targetPort, `${at}.targetPort`, causes);
    if (ports.length > 1 && (port.name === undefined || port.name === '')) causes.required(`${at}.name`);
    if (port.name !== undefined && names.has(port.name)) causes.duplicate(`${at}.name`, port.name);
    if (typeof port.name === 'string' && port.name !== '') {
      const problem = label1035Problem(port.name.replace(/^\d+/, 'a'));
      if (problem !== undefined) causes.invalid(`${at}.name`, port.name, problem);
    }
    names.add(port.name);
  }
}

function validateAutoscaler(object: KubeObject, causes: Causes): void {
  const { minReplicas, maxReplicas, scaleTargetRef } = mapOf(object.spec);
  if (typeof maxReplicas !== 'number' || maxReplicas < 1) {
    causes.invalid('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0');
  } else if (typeof minReplicas === 'number' && minReplicas > maxReplicas) {
    causes.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  if (typeof minReplicas === 'number' && minReplicas < 1) {
    causes.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1');
  }
  for (const field of ['kind', 'name']) {
    if (typeof mapOf(scaleTargetRef)[field] !== 'string') causes.required(`spec.scaleTargetRef.${field}`);
  }
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validateIngress(object: KubeObject, causes: Causes): void {
  const spec = mapOf(object.spec);
  if (!isRecord(spec.defaultBackend) && eachOf(spec.rules, '').length === 0) {
    causes.invalid('spec', spec, 'either `defaultBackend` or `rules` must be specified');
  }
  for (const [rule, at] of eachOf(spec.rules, 'spec.rules')) {
    for (const [path, pathAt] of eachOf(mapOf(rule.http).paths, `${at}.http.paths`)) {
      if (path.pathType === undefined) causes.required(`${pathAt}.pathType`, 'pathType must be specified');
      else if (!PATH_TYPES.includes(path.pathType as string)) {
        causes.unsupported(`${pathAt}.pathType`, path.pathType, PATH_TYPES);
      }
      const absolute = typeof path.path === 'string' && path.path.startsWith('/');
      if (path.pathType !== 'ImplementationSpecific' && !absolute) {
        causes.invalid(`${pathAt}.path`, path.path ?? '', 'must be an absolute path');
      }
      validateIngressBackend(mapOf(path.backend), `${pathAt}.backend`, causes);
    }
  }
}

function validateIngressBackend(backend: Members, path: string, causes: Causes): void {
  if (backend.resource !== undefined) return;
  const service = mapOf(backend.service);
  if (typeof service.name !== 'string' || service.name === '')
    causes.required(`${path}.service.name`, 'name is required');
  const { name, number } = mapOf(service.port);
  if (name === undefined && number === undefined) {
    causes.required(`${path}.service.port`, 'port name or number is required');
  }
  if (typeof number === 'number') checkPort(number, `${path}.service.port.number`, causes);
}

function validateBinding(object: KubeObject, causes: Causes): void {
  const ref = mapOf(object.roleRef);
  if (ref.kind !== 'Role' && ref.kind !== 'ClusterRole')
    causes.unsupported('roleRef.kind', ref.kind ?? '', ['Role', 'ClusterRole']);
  if (typeof ref.name !== 'string' || ref.name === '') causes.required('roleRef.name');
  for (const [subject, at] of eachOf(object.subjects, 'subjects')) {
    if (typeof subject.name !== 'string' || subject.name === '') causes.required(`${at}.name`);
    if (subject.kind === 'ServiceAccount' && typeof subject.namespace !== 'string') causes.required(`${at}.namespace`);
    if (typeof subject.kind !== 'string' || qualifiedNameProblem(subject.kind) !== undefined) {
      causes.unsupported(`${at}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']);
    }
  }
}
