import { isRecord } from '#core/json.ts';
import { amountText, readAmount } from '#kube/canonical-quantity.ts';
import { type Causes, eachOf, labelProblem, type Members, mapOf } from './causes.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';

const QUANTITY = /^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)(([KMGTPE]i)|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;
const ENV_NAME = /^[ -<>-~]+$/;

/**
 * The parts of a pod or pod template that the engine relies on.
 * @param claims Volumes that a StatefulSet's claim templates add to each pod.
 */
export function validatePodSpec(spec: Members, path: string, causes: Causes, claims: readonly string[] = []): void {
  const volumes = new Set<string>();
  for (const [volume, at] of eachOf(spec.volumes, `${path}.volumes`)) {
    checkUniqueName(volume.name, `${at}.name`, volumes, causes);
    const sources = Object.keys(volume).filter((key) => key !== 'name');
    if (sources.length > 1) causes.forbidden(`${at}.${sources[1]}`, 'may not specify more than 1 volume type');
  }
  for (const claim of claims) volumes.add(claim);
  if (!Array.isArray(spec.containers) || spec.containers.length === 0) causes.required(`${path}.containers`);
  const names = new Set<string>();
  for (const list of ['initContainers', 'containers']) {
    for (const [container, at] of eachOf(spec[list], `${path}.${list}`)) {
      checkUniqueName(container.name, `${at}.name`, names, causes);
      validateContainer(container, at, volumes, causes);
    }
  }
  const restartPolicies = ['Always', 'OnFailure', 'Never'];
  if (spec.restartPolicy !== undefined && !restartPolicies.includes(spec.restartPolicy as string)) {
    causes.unsupported(`${path}.restartPolicy`, spec.restartPolicy, restartPolicies);
  }
  const grace = spec.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace < 0) {
    causes.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0');
  }
}

/** `{ metadata, spec }` inside a workload. */
export function validateTemplate(
  template: Members,
  path: string,
  causes: Causes,
  claims: readonly string[] = [],
): void {
  const metadata = mapOf(template.metadata);
  validateLabels(metadata.labels, `${path}.metadata.labels`, causes);
  validateAnnotations(metadata.annotations, `${path}.metadata.annotations`, causes);
  validatePodSpec(mapOf(template.spec), `${path}.spec`, causes, claims);
}

function checkUniqueName(name: unknown, path: string, seen: Set<string>, causes: Causes): void {
  if (typeof name !== 'string' || name === '') {
    causes.required(path);
    return;
  }
  const problem = labelProblem(name);
  if (problem !== undefined) causes.invalid(path, name, problem);
  if (seen.has(name)) causes.duplicate(path, name);
  seen.add(name);
}

function validateContainer(container: Members, path: string, volumes: ReadonlySet<string>, causes: Causes): void {
  const { image } = container;
  if (typeof image !== 'string' || image === '') causes.required(`${path}.image`);
  else if (image.trim() !== image)
    causes.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
  const policies = ['Always', 'IfNotPresent', 'Never'];
  if (container.imagePullPolicy !== undefined && !policies.includes(container.imagePullPolicy as string)) {
    causes.unsupported(`${path}.imagePullPolicy`, container.imagePullPolicy, policies);
  }
  validatePorts(container.ports, `${path}.ports`, causes);
  for (const [variable, at] of eachOf(container.env, `${path}.env`)) {
    if (typeof variable.name !== 'string' || variable.name === '') causes.required(`${at}.name`);
    else if (!ENV_NAME.test(variable.name)) {
      causes.invalid(
        `${at}.name`,
        variable.name,
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      );
    }
    if (isRecord(variable.valueFrom) && typeof variable.value === 'string' && variable.value !== '') {
      causes.invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty');
    }
  }
  const mountPaths = new Set<unknown>();
  for (const [mount, at] of eachOf(container.volumeMounts, `${path}.volumeMounts`)) {
    if (typeof mount.name !== 'string' || mount.name === '') causes.required(`${at}.name`);
    else if (!volumes.has(mount.name)) causes.notFound(`${at}.name`, mount.name);
    if (typeof mount.mountPath !== 'string' || mount.mountPath === '') causes.required(`${at}.mountPath`);
    else if (mountPaths.has(mount.mountPath)) causes.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
    mountPaths.add(mount.mountPath);
  }
  validateResources(mapOf(container.resources), `${path}.resources`, causes);
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (isRecord(container[name])) validateProbe(container[name], `${path}.${name}`, name, causes);
  }
}

function validatePorts(ports: unknown, path: string, causes: Causes): void {
  const names = new Set<string>();
  for (const [port, at] of eachOf(ports, path)) {
    if (typeof port.containerPort !== 'number') causes.required(`${at}.containerPort`);
    else checkPort(port.containerPort, `${at}.containerPort`, causes);
    if (typeof port.name === 'string') {
      if (names.has(port.name)) causes.duplicate(`${at}.name`, port.name);
      if (port.name.length > 15) causes.invalid(`${at}.name`, port.name, 'must be no more than 15 characters');
      names.add(port.name);
    }
  }
}

export function checkPort(port: number, path: string, causes: Causes): void {
  if (port < 1 || port > 65535) causes.invalid(path, port, 'must be between 1 and 65535, inclusive');
}

/** Requests and limits must be quantities, and a request may not be above its limit. */
function validateResources(resources: Members, path: string, causes: Causes): void {
  for (const part of ['requests', 'limits']) {
    for (const [name, value] of Object.entries(mapOf(resources[part])))
      validateQuantity(value, `${path}.${part}.${name}`, causes);
  }
  const limits = mapOf(resources.limits);
  for (const [name, value] of Object.entries(mapOf(resources.requests))) {
    const [request, limit] = [readAmount(value), limits[name] === undefined ? undefined : readAmount(limits[name])];
    if (request === undefined || limit === undefined || request.nano <= limit.nano) continue;
    const detail = `must be less than or equal to ${name} limit of ${amountText(limit)}`;
    causes.invalid(`${path}.requests`, amountText(request), detail);
  }
}

export function validateQuantity(value: unknown, path: string, causes: Causes): void {
  if (typeof value === 'number' || (typeof value === 'string' && QUANTITY.test(value))) return;
  causes.invalid(
    path,
    value,
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  );
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];

function validateProbe(probe: Members, path: string, name: string, causes: Causes): void {
  const handlers = HANDLERS.filter((handler) => probe[handler] !== undefined);
  if (handlers.length === 0) causes.required(path, 'must specify a handler type');
  if (handlers.length > 1) causes.forbidden(`${path}.${handlers[1]}`, 'may not specify more than 1 handler type');
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    const value = probe[field];
    if (typeof value === 'number' && value < 0)
      causes.invalid(`${path}.${field}`, value, 'must be greater than or equal to 0');
  }
  if (name !== 'readinessProbe' && typeof probe.successThreshold === 'number' && probe.successThreshold !== 1) {
    causes.invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1');
  }
}
