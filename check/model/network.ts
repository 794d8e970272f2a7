import type {
  NamespaceFacts,
  NetworkWorld,
  PodFacts,
  Policy,
} from '../../engine/mechanism/lib/network-policy/network-policy.ts';
import { elementsAt, mapAt, stringAt, valueAt } from './fields.ts';
import type { PlacedObject } from './placed-object.ts';
import { containersOf, type PodTemplate, podTemplatesOf } from './pods.ts';
import type { FieldPath } from './source.ts';
import type { Tree } from './tree.ts';

/** A template as policies see the pods made from it. */
export interface NetworkPod extends PodFacts {
  template: PodTemplate;
}

/** Namespaces, policies and pods of a tree. Whatever has the wrong type is left out: another rule reports it. */
export interface Network extends NetworkWorld {
  pods: readonly NetworkPod[];
  /** The object a policy was read from. */
  objectOf(policy: Policy): PlacedObject;
}

const NETWORKS = new WeakMap<Tree, Network>();

export function networkOf(tree: Tree): Network {
  let network = NETWORKS.get(tree);
  if (network === undefined) {
    network = readNetwork(tree);
    NETWORKS.set(tree, network);
  }
  return network;
}

function readNetwork(tree: Tree): Network {
  const objects = new Map<Policy, PlacedObject>();
  for (const object of tree.byKind('NetworkPolicy.networking.k8s.io')) objects.set(policyOf(object), object);
  const namespaces = tree
    .byKind('Namespace')
    .map(({ name, value }): NamespaceFacts => ({ name, labels: textsAt(value, ['metadata', 'labels']) }));
  const pods = tree.objects.flatMap(podTemplatesOf).map((template): NetworkPod => {
    const containers = containersOf(template).flatMap(({ value }) => elementsAt(value, ['ports']));
    const ports = containers.flatMap(({ value: port }) =>
      typeof port.containerPort === 'number'
        ? [
            {
              containerPort: port.containerPort,
              ...(typeof port.name === 'string' ? { name: port.name } : {}),
              ...(typeof port.protocol === 'string' ? { protocol: port.protocol } : {}),
            },
          ]
        : [],
    );
    const { namespace, name } = template.owner;
    return { namespace, name, labels: textsAt(template.labels, []), ports, template };
  });
  return {
    namespaces,
    policies: [...objects.keys()],
    pods,
    objectOf: (policy) => objects.get(policy) as PlacedObject,
  };
}

function policyOf({ value, name, namespace }: PlacedObject): Policy {
  const types = valueAt(value, ['spec', 'policyTypes']);
  const metadata = { name, namespace, uid: '', resourceVersion: '', creationTimestamp: '' };
  return {
    metadata,
    spec: {
      podSelector: selectorOf(mapAt(value, ['spec', 'podSelector'])),
      ...(Array.isArray(types) ? { policyTypes: types.map(String) as ('Ingress' | 'Egress')[] } : {}),
      ingress: elementsAt(value, ['spec', 'ingress']).map(({ value: rule }) => ({
        from: peersAt(rule, 'from'),
        ports: portsOf(rule),
      })),
      egress: elementsAt(value, ['spec', 'egress']).map(({ value: rule }) => ({
        to: peersAt(rule, 'to'),
        ports: portsOf(rule),
      })),
    },
  };
}

function peersAt(rule: unknown, field: 'from' | 'to') {
  return elementsAt(rule, [field]).map(({ value }) => peerOf(value));
}

function portsOf(rule: unknown) {
  return elementsAt(rule, ['ports']).map(({ value }) => portOf(value));
}

function peerOf(peer: Readonly<Record<string, unknown>>) {
  const except = valueAt(peer, ['ipBlock', 'except']);
  const selector = (field: 'podSelector' | 'namespaceSelector') =>
    peer[field] === undefined ? {} : { [field]: selectorOf(mapAt(peer, [field])) };
  return {
    ...selector('podSelector'),
    ...selector('namespaceSelector'),
    ...(peer.ipBlock === undefined
      ? {}
      : {
          ipBlock: {
            cidr: stringAt(peer, ['ipBlock', 'cidr']) ?? '',
            except: Array.isArray(except) ? except.map(String) : [],
          },
        }),
  };
}

function portOf({ port, endPort, protocol }: Readonly<Record<string, unknown>>) {
  return {
    ...(typeof port === 'number' || typeof port === 'string' ? { port } : {}),
    ...(typeof endPort === 'number' ? { endPort } : {}),
    // A protocol nobody knows matches nothing, as it should.
    ...(typeof protocol === 'string' ? { protocol: protocol as 'TCP' } : {}),
  };
}

function selectorOf(selector: Readonly<Record<string, unknown>>) {
  return {
    matchLabels: textsAt(selector, ['matchLabels']),
    matchExpressions: elementsAt(selector, ['matchExpressions']).map(({ value: { key, operator, values } }) => ({
      key: String(key),
      operator: String(operator),
      values: Array.isArray(values) ? values.map(String) : [],
    })),
  };
}

function textsAt(root: unknown, path: FieldPath): Record<string, string> {
  return Object.fromEntries(Object.entries(mapAt(root, path)).map(([key, value]) => [key, String(value)]));
}
