import type { KindMap } from '#kube/kinds.ts';
import { ContainerConfigError, fieldValue, type NodeFacts, resourceValue } from './fields.ts';
import type { Container, Pod } from './pod-types.ts';
import type { Referenced } from './references.ts';

type EnvVar = NonNullable<Container['env']>[number];
type EnvFrom = NonNullable<Container['envFrom']>[number];

/** What the environment of a pod's containers is made of. */
export interface EnvironmentSources {
  pod: Pod;
  referenced: Referenced;
  services: readonly KindMap['Service'][];
  node: NodeFacts;
}

/**
 * A container's environment in the kubelet's order: service links, envFrom, env; later ones win. Throws
 * ContainerConfigError that names the missing object or key.
 */
export function environmentOf(container: Container, sources: EnvironmentSources): { name: string; value: string }[] {
  const links = sources.pod.spec.enableServiceLinks === false ? {} : serviceVariables(sources.services);
  const env: Record<string, string> = { ...links };
  for (const source of container.envFrom ?? []) Object.assign(env, variablesFrom(source, sources));
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, container, sources, env);
    if (value !== undefined) env[variable.name] = value;
  }
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}

/** `$(NAME)` → value, `$$` → `$`; references to unknown names stay as they are. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) =>
    whole === '$$' ? '$' : ((name === undefined ? undefined : env[name]) ?? whole),
  );
}

function variablesFrom(source: EnvFrom, { referenced }: EnvironmentSources): Record<string, string> {
  const ref = source.configMapRef ?? source.secretRef;
  if (ref?.name === undefined) return {};
  const isSecret = source.configMapRef === undefined;
  const object = isSecret ? referenced.secrets[ref.name] : referenced.configMaps[ref.name];
  if (object === undefined) {
    if (ref.optional === true) return {};
    throw new ContainerConfigError(`${isSecret ? 'secret' : 'configmap'} "${ref.name}" not found`);
  }
  const entries = Object.keys(object.data ?? {}).sort();

  return Object.fromEntries(
    entries.map((key) => [
      `${source.prefix ?? ''}${key}`,
      isSecret ? secretText(object.data?.[key]) : (object.data?.[key] ?? ''),
    ]),
  );
}

function variableValue(
  variable: EnvVar,
  container: Container,
  { pod, referenced, node }: EnvironmentSources,
  env: Readonly<Record<string, string>>,
): string | undefined {
  const { valueFrom } = variable;
  if (valueFrom === undefined || valueFrom === null) return expand(variable.value ?? '', env);
  if (valueFrom.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, node);
  if (valueFrom.resourceFieldRef) return resourceValue(pod, valueFrom.resourceFieldRef, container);
  if (valueFrom.configMapKeyRef) {
    const { name = '', key, optional } = valueFrom.configMapKeyRef;
    return keyOf(
      { what: 'configmap', title: 'ConfigMap', name, key, optional, pod },
      referenced.configMaps[name]?.data,
    );
  }
  if (valueFrom.secretKeyRef) {
    const { name = '', key, optional } = valueFrom.secretKeyRef;
    const text = keyOf({ what: 'secret', title: 'Secret', name, key, optional, pod }, referenced.secrets[name]?.data);
    return text === undefined ? undefined : secretText(text);
  }
  throw new ContainerConfigError(
    `env ${variable.name}: valueFrom.${Object.keys(valueFrom).join(', ')} is not supported`,
  );
}

function keyOf(
  ref: { what: string; title: string; name: string; key: string; optional: boolean | undefined; pod: Pod },
  data: Readonly<Record<string, string>> | undefined,
): string | undefined {
  const value = data?.[ref.key];
  if (value !== undefined || ref.optional === true) return value;
  throw new ContainerConfigError(
    data === undefined
      ? `${ref.what} "${ref.name}" not found`
      : `couldn't find key ${ref.key} in ${ref.title} ${ref.pod.metadata.namespace}/${ref.name}`,
  );
}

/** Secrets hold base64 of UTF-8 text. */
export function secretText(base64: string | undefined): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64 ?? ''), (character) => character.charCodeAt(0)));
}

/** `<SVC>_SERVICE_HOST`, `<SVC>_SERVICE_PORT` and the Docker links of services with an address. */
function serviceVariables(services: readonly KindMap['Service'][]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { metadata, spec } of services) {
    const ip = spec.clusterIP;
    const ports = spec.ports ?? [];
    const first = ports[0];
    if (ip === undefined || ip === '' || ip === 'None' || first === undefined) continue;
    const name = metadata.name.toUpperCase().replaceAll('-', '_');
    env[`${name}_SERVICE_HOST`] = ip;
    env[`${name}_SERVICE_PORT`] = String(first.port);
    for (const port of ports) {
      if (port.name) env[`${name}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`] = String(port.port);
    }
    const url = (port: (typeof ports)[number]) => `${(port.protocol ?? 'TCP').toLowerCase()}://${ip}:${port.port}`;
    env[`${name}_PORT`] = url(first);
    for (const port of ports) {
      const prefix = `${name}_PORT_${port.port}_${port.protocol ?? 'TCP'}`;
      env[prefix] = url(port);
      env[`${prefix}_PROTO`] = (port.protocol ?? 'TCP').toLowerCase();
      env[`${prefix}_PORT`] = String(port.port);
      env[`${prefix}_ADDR`] = ip;
    }
  }
  return env;
}
