import {
  assessFlow,
  type Direction,
  type Flow,
  type Policy,
  policiesSelecting,
} from '../../engine/mechanism/lib/network-policy/network-policy.ts';
import { type DeclaredFlow, declaredFlows } from '../model/declared-flows.ts';
import { stringAt } from '../model/fields.ts';
import { about, isFilledFromElsewhere } from '../model/lookup.ts';
import { type Network, type NetworkPod, networkOf } from '../model/network.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

const defaultDeny: Rule = {
  id: 'network/default-deny',
  severity: 'warning',
  summary: 'pods that no network policy isolates, in a namespace that has policies for others',
  why: 'A pod that no policy selects may be reached by, and may reach, everything in the cluster and beyond. Policies for some pods of a namespace leave the others open. A namespace without any policy is named when the tree has policies elsewhere, or when it enforces Pod Security restricted; as information.',
  example: {
    bad: '# only the database has a policy',
    good: 'kind: NetworkPolicy\nmetadata: {name: default-deny}\nspec: {podSelector: {}, policyTypes: [Ingress, Egress]}',
  },
  *check(tree) {
    const network = networkOf(tree);
    for (const [namespace, pods] of Map.groupBy(network.pods, (pod) => pod.namespace)) {
      if (isFilledFromElsewhere(tree, namespace)) continue;
      const hasPolicies = network.policies.some(({ metadata }) => metadata.namespace === namespace);
      const open = pods.flatMap((pod) => {
        const directions = (['Ingress', 'Egress'] as const).filter(
          (direction) => policiesSelecting(network.policies, pod, direction).length === 0,
        );
        return directions.length === 0 ? [] : [{ pod, directions }];
      });
      const [first] = open;
      if (first === undefined) continue;
      if (!hasPolicies) {
        if (!isMeantToBeClosed(tree, network, namespace)) continue;
        yield {
          ...about(tree, first.pod.template.owner, []),
          severity: 'info',
          message: `namespace ${namespace} has no network policy: ${describe(open.length)} open to everything`,
          fix: 'add a policy that denies everything, and one for each flow that exists',
        };
        continue;
      }
      for (const { pod, directions } of open) {
        yield {
          ...about(tree, pod.template.owner, []),
          message: `no network policy isolates ${pod.template.owner.title} for ${directions.join(' and ').toLowerCase()}`,
          fix: 'add a policy with podSelector {} and policyTypes [Ingress, Egress] to the namespace',
        };
      }
    }
  },
};

/** Network policies elsewhere in the tree, or a restricted namespace, say that somebody wants flows to be closed. */
function isMeantToBeClosed(tree: Tree, network: Network, namespace: string): boolean {
  const level = tree.find('Namespace', '', namespace)?.value;
  const enforced = stringAt(level, ['metadata', 'labels', 'pod-security.kubernetes.io/enforce']);
  return network.policies.length > 0 || enforced === 'restricted';
}

function describe(count: number): string {
  return count === 1 ? 'its pod is' : `its ${count} kinds of pods are`;
}

const flow: Rule = {
  id: 'network/flow',
  severity: 'error',
  summary: 'a flow that the tree declares and its network policies forbid',
  why: 'An Ingress, a ServiceMonitor or a URL in the environment names a Service that the policies keep out of reach. Connections time out; no log of the application says why.',
  example: {
    bad: 'env: [{name: REDIS_URL, value: "redis://redis:6379"}]   # and no policy lets the pod out',
    good: 'egress: [{to: [{podSelector: {matchLabels: {app: redis}}}], ports: [{port: 6379}]}]',
  },
  *check(tree) {
    const network = networkOf(tree);
    if (network.policies.length === 0) return;
    const seen = new Set<string>();
    for (const declared of declaredFlows(tree)) {
      const problem = problemOf(network, declared);
      const { by, path, service, to, port } = declared;
      const id = `${by.title} ${path.join('.')} ${service.title} ${to.name} ${port}`;
      if (problem === undefined || seen.has(id)) continue;
      seen.add(id);
      yield { ...about(tree, by, path), ...problem };
    }
  },
};

function problemOf(network: Network, declared: DeclaredFlow): { message: string; fix: string } | undefined {
  const { from, who, service, to, port } = declared;
  const target = `port ${port} of ${to.template.owner.title}`;
  if (from === undefined) {
    const selecting = policiesSelecting(network.policies, to, 'Ingress');
    if (selecting.length === 0 || selecting.some((policy) => admitsStrangers(network, policy, declared)))
      return undefined;
    return {
      message: `${who} cannot reach ${target} behind ${service.title}: ${named(selecting)} let nobody of another namespace in`,
      fix: 'add an ingress rule with a namespaceSelector for it',
    };
  }
  const verdict = assessFlow(network, { from, to, port });
  if (verdict.allowed) return undefined;
  const message = `${who} needs ${target}`;
  if (!verdict.egress.allowed) {
    return {
      message: `${message}: no egress rule of ${verdict.egress.selecting.join(', ')} allows it`,
      fix: `add an egress rule from ${from.name} to ${to.name}`,
    };
  }
  return {
    message: `${message}: no ingress rule of ${verdict.ingress.selecting.join(', ')} allows it`,
    fix: `add an ingress rule for ${to.name} from ${from.name}`,
  };
}

/** Whether one policy lets somebody from outside of the namespace reach the port: who that is, the tree does not know. */
function admitsStrangers(network: Network, policy: Policy, { to, port }: DeclaredFlow): boolean {
  return (policy.spec.ingress ?? []).some((rule) => {
    const peers = rule.from ?? [];
    const isWide = peers.length === 0 || peers.some((peer) => peer.namespaceSelector ?? peer.ipBlock);
    return isWide && allowsPort(network, policy, 'Ingress', { ports: rule.ports }, { from: to, to, port });
  });
}

/** Whether a rule allows the port, whoever the peer is. */
function allowsPort(
  network: Network,
  policy: Policy,
  direction: Direction,
  { ports }: Pick<NonNullable<Policy['spec']['ingress']>[number], 'ports'>,
  wanted: Flow,
): boolean {
  const rule = direction === 'Ingress' ? { ingress: [{ ports }] } : { egress: [{ ports }] };
  const alone = { metadata: policy.metadata, spec: { podSelector: {}, policyTypes: [direction], ...rule } };
  const verdict = assessFlow({ namespaces: network.namespaces, policies: [alone] }, wanted);
  return (direction === 'Ingress' ? verdict.ingress : verdict.egress).allowing.length > 0;
}

function named(policies: readonly Policy[]): string {
  const names = policies.map(({ metadata }) => metadata.name).sort();
  return `${names.length === 1 ? 'policy' : 'policies'} ${names.join(', ')}`;
}

const nameResolution: Rule = {
  id: 'network/name-resolution',
  severity: 'error',
  summary: 'a pod that needs a name and whose network policies keep it from the name server',
  why: 'Every host name in the environment is resolved by a pod of kube-system, on port 53 by UDP. A policy for egress that forgets it makes every other egress rule useless.',
  example: {
    bad: 'egress: [{to: [{podSelector: {matchLabels: {app: redis}}}]}]',
    good: 'egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}]}]',
  },
  *check(tree) {
    const network = networkOf(tree);
    const asking = new Map<NetworkPod, DeclaredFlow>();
    for (const declared of declaredFlows(tree)) {
      if (declared.from !== undefined && !asking.has(declared.from)) asking.set(declared.from, declared);
    }
    for (const [pod, { by, path, who, service }] of asking) {
      const selecting = policiesSelecting(network.policies, pod, 'Egress');
      if (selecting.length === 0 || selecting.some((policy) => reachesNames(network, policy, pod))) continue;
      yield {
        ...about(tree, by, path),
        message: `${who} names ${service.title}, and ${named(selecting)} allow no port 53 by UDP`,
        fix: 'add an egress rule to namespace kube-system, ports UDP 53 and TCP 53',
      };
    }
  },
};

function reachesNames(network: Network, policy: Policy, pod: NetworkPod): boolean {
  return (policy.spec.egress ?? []).some((rule) => {
    const peers = rule.to ?? [];
    const isWide = peers.length === 0 || peers.some((peer) => peer.namespaceSelector ?? peer.ipBlock);
    const wanted: Flow = { from: pod, to: pod, port: 53, protocol: 'UDP' };
    return isWide && allowsPort(network, policy, 'Egress', { ports: rule.ports }, wanted);
  });
}

export const NETWORK: readonly Rule[] = [defaultDeny, flow, nameResolution];
