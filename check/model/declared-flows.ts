import { elementsAt, stringAt, valueAt } from './fields.ts';
import { isSelectedBy } from './lookup.ts';
import { type NetworkPod, networkOf } from './network.ts';
import type { PlacedObject } from './placed-object.ts';
import { containersOf } from './pods.ts';
import type { FieldPath } from './source.ts';
import type { Tree } from './tree.ts';

/** A connection that some object of the tree says will be opened. */
export interface DeclaredFlow {
  /** The object and field that says so. */
  by: PlacedObject;
  path: FieldPath;
  /** The pods that open it; undefined for something outside of the tree (an ingress controller, Prometheus). */
  from: NetworkPod | undefined;
  /** What opens it, for messages. */
  who: string;
  service: PlacedObject;
  to: NetworkPod;
  port: number | string;
}

/** Every flow the tree declares: Ingress → Service, environment → Service, ServiceMonitor → port. */
export function* declaredFlows(tree: Tree): Generator<DeclaredFlow> {
  yield* ingressFlows(tree);
  yield* environmentFlows(tree);
  yield* monitorFlows(tree);
}

function* ingressFlows(tree: Tree): Generator<DeclaredFlow> {
  for (const ingress of tree.byKind('Ingress.networking.k8s.io')) {
    const rules = elementsAt(ingress.value, ['spec', 'rules']).flatMap(({ path }) =>
      elementsAt(ingress.value, [...path, 'http', 'paths']).map((at) => [...at.path, 'backend', 'service']),
    );
    for (const path of [...rules, ['spec', 'defaultBackend', 'service'] as FieldPath]) {
      const name = stringAt(ingress.value, [...path, 'name']);
      const service = name === undefined ? undefined : tree.find('Service', ingress.namespace, name, ingress);
      const port =
        valueAt(ingress.value, [...path, 'port', 'name']) ?? valueAt(ingress.value, [...path, 'port', 'number']);
      if (service === undefined) continue;
      const who = 'the ingress controller';
      for (const end of endsOf(tree, service, port)) yield { by: ingress, path, from: undefined, who, service, ...end };
    }
  }
}

function* monitorFlows(tree: Tree): Generator<DeclaredFlow> {
  for (const monitor of tree.byKind('ServiceMonitor.monitoring.coreos.com')) {
    const selector = valueAt(monitor.value, ['spec', 'selector']);
    const services = tree.byKind('Service').filter(({ namespace, value }) => {
      const labels = valueAt(value, ['metadata', 'labels']) ?? {};
      return namespace === monitor.namespace && isSelectedBy(selector, labels as Record<string, unknown>);
    });
    for (const { path, value } of elementsAt(monitor.value, ['spec', 'endpoints'])) {
      for (const service of services) {
        for (const end of endsOf(tree, service, value.port)) {
          yield { by: monitor, path: [...path, 'port'], from: undefined, who: 'Prometheus', service, ...end };
        }
      }
    }
  }
}

const HOST_VARIABLE = /^(PGHOST|[A-Z0-9_]*_HOST)$/;
const URL_VALUE = /^([a-z][a-z0-9+]*):\/\/(?:[^@/\s]*@)?([a-z0-9][-a-z0-9.]*)(?::(\d+))?(?:[/?]|$)/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  postgres: 5432,
  postgresql: 5432,
  redis: 6379,
};

function* environmentFlows(tree: Tree): Generator<DeclaredFlow> {
  for (const pod of networkOf(tree).pods) {
    const { template } = pod;
    for (const container of containersOf(template)) {
      const variables = elementsAt(template.owner.value, [...container.path, 'env']);
      for (const { path, value } of variables) {
        const target = targetOf(tree, pod, value, variables);
        if (target === undefined) continue;
        const who = `${String(value.name)} of ${template.owner.title}`;
        for (const end of endsOf(tree, target.service, target.port)) {
          if (end.to.template.owner === template.owner) continue;
          const at = [...path, 'value'];
          yield { by: template.owner, path: at, from: pod, who, service: target.service, ...end };
        }
      }
    }
  }
}

/** The Service and port that a variable names: a URL, or a host with its port in the variable beside it. */
function targetOf(
  tree: Tree,
  pod: NetworkPod,
  variable: Readonly<Record<string, unknown>>,
  all: readonly { value: Readonly<Record<string, unknown>> }[],
): { service: PlacedObject; port: number } | undefined {
  const { name, value } = variable;
  if (typeof name !== 'string' || typeof value !== 'string') return undefined;
  const url = URL_VALUE.exec(value);
  if (url !== null) {
    const port = url[3] === undefined ? DEFAULT_PORTS[url[1] as string] : Number(url[3]);
    const service = serviceOfHost(tree, pod, url[2] as string);
    return service === undefined || port === undefined ? undefined : { service, port };
  }
  if (!HOST_VARIABLE.test(name)) return undefined;
  const service = serviceOfHost(tree, pod, value);
  const portName = name.replace(/HOST$/, 'PORT');
  const written = all.find((other) => other.value.name === portName)?.value.value;
  const port = written === undefined ? (name === 'PGHOST' ? 5432 : undefined) : Number(written);
  return service === undefined || port === undefined || Number.isNaN(port) ? undefined : { service, port };
}

/** `name`, `name.namespace`, `name.namespace.svc…`. */
function serviceOfHost(tree: Tree, { namespace, template }: NetworkPod, host: string): PlacedObject | undefined {
  const [name = '', other, kind] = host.split('.');
  if (kind !== undefined && kind !== 'svc') return undefined;
  return tree.find('Service', other ?? namespace, name, template.owner);
}

/** The pods behind a port of a Service, and the port there. */
function endsOf(tree: Tree, service: PlacedObject, port: unknown): { to: NetworkPod; port: number | string }[] {
  const entry = elementsAt(service.value, ['spec', 'ports']).find(
    ({ value }) => value.name === port || value.port === port,
  );
  const selector = valueAt(service.value, ['spec', 'selector']);
  if (entry === undefined || selector === undefined) return [];
  const { targetPort, port: own } = entry.value;
  const target = targetPort ?? own;
  if (typeof target !== 'number' && typeof target !== 'string') return [];
  return networkOf(tree)
    .pods.filter(
      ({ namespace, labels }) => namespace === service.namespace && isSelectedBy({ matchLabels: selector }, labels),
    )
    .map((to) => ({ to, port: target }));
}
