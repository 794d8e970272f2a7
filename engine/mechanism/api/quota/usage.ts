import { type Amount, NO_AMOUNT, readAmount } from '#kube/canonical-quantity.ts';
import { KINDS, kindIdOf, type ResourceKind, resourceName } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { eachOf, mapOf } from '../validation/causes.ts';
import { type Amounts, podResources, sumOf } from './pod-resources.ts';
import { matchesScopes, scopesOf } from './scopes.ts';

const count = (number: number): Amount => ({ nano: BigInt(number) * 10n ** 9n, format: 'decimal' });
const ONE = count(1);

/** Counted under their bare plural name as well as under `count/…`. */
const COUNTED_BY_NAME = ['configmaps', 'persistentvolumeclaims', 'pods', 'resourcequotas', 'secrets', 'services'];

/** The kind that a quota's resource is used by, or undefined when nothing the engine serves uses it. */
export function kindOfQuotaResource(name: string): ResourceKind | undefined {
  const id = kindIdOfQuotaResource(name);
  return KINDS.find((kind) => kind.namespaced && kind.id === id);
}

function kindIdOfQuotaResource(name: string): string | undefined {
  if (name.startsWith('count/')) {
    const counted = name.slice('count/'.length);
    return KINDS.find((kind) => resourceName(kind) === counted)?.id;
  }
  if (name === 'services.loadbalancers' || name === 'services.nodeports') return 'Service';
  if (name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')) return 'PersistentVolumeClaim';
  if (COUNTED_BY_NAME.includes(name)) return KINDS.find(({ group, plural }) => group === '' && plural === name)?.id;
  return isPodResource(name) ? 'Pod' : undefined;
}

function isPodResource(name: string): boolean {
  const bare = name.replace(/^(requests|limits)\./, '');
  if (['cpu', 'memory', 'ephemeral-storage'].includes(bare)) return true;
  if (bare.startsWith('hugepages-')) return !name.startsWith('limits.');
  return name.startsWith('requests.') && bare.includes('/') && !bare.includes('kubernetes.io/');
}

/**
 * What one object uses of everything a quota may limit. Pods that have ended use only their count.
 * Source: k8s.io/kubernetes v1.34 pkg/quota/v1/evaluator/core.
 */
export function usageOf(object: KubeObject, kind: ResourceKind): Amounts {
  const usage = new Map<string, Amount>([[`count/${resourceName(kind)}`, ONE]]);
  if (kind.group === '' && COUNTED_BY_NAME.includes(kind.plural)) usage.set(kind.plural, ONE);
  if (kind.id === 'Pod') return podUsage(object, usage);
  if (kind.id === 'Service') return serviceUsage(object, usage);
  if (kind.id === 'PersistentVolumeClaim') return claimUsage(object, usage);
  return usage;
}

function podUsage(pod: KubeObject, usage: Map<string, Amount>): Amounts {
  const { phase } = mapOf(pod.status);
  if (phase === 'Succeeded' || phase === 'Failed') {
    usage.delete('pods');
    return usage;
  }
  for (const [name, amount] of podResources(mapOf(pod.spec), 'requests')) {
    usage.set(`requests.${name}`, amount);
    if (!name.includes('/')) usage.set(name, amount);
  }
  for (const [name, amount] of podResources(mapOf(pod.spec), 'limits')) usage.set(`limits.${name}`, amount);
  return usage;
}

function serviceUsage(service: KubeObject, usage: Map<string, Amount>): Amounts {
  const { type, ports, allocateLoadBalancerNodePorts } = mapOf(service.spec);
  const all = eachOf(ports, '');
  const isBalanced = type === 'LoadBalancer';
  const given = all.filter(([port]) => port.nodePort !== undefined && port.nodePort !== 0);
  const nodePorts = isBalanced && allocateLoadBalancerNodePorts === false ? given : all;
  usage.set('services.loadbalancers', isBalanced ? ONE : NO_AMOUNT);
  usage.set('services.nodeports', isBalanced || type === 'NodePort' ? count(nodePorts.length) : NO_AMOUNT);
  return usage;
}

function claimUsage(claim: KubeObject, usage: Map<string, Amount>): Amounts {
  const { storageClassName, resources } = mapOf(claim.spec);
  const storage = readAmount(mapOf(mapOf(resources).requests).storage);
  const ofClass = typeof storageClassName === 'string' ? `${storageClassName}.storageclass.storage.k8s.io` : undefined;
  if (ofClass !== undefined) usage.set(`${ofClass}/persistentvolumeclaims`, ONE);
  if (storage === undefined) return usage;
  usage.set('requests.storage', storage);
  if (ofClass !== undefined) usage.set(`${ofClass}/requests.storage`, storage);
  return usage;
}

/** The part of `amounts` whose names are wanted. */
export function masked(amounts: Amounts, names: Iterable<string>): Map<string, Amount> {
  return new Map([...names].flatMap((name) => (amounts.has(name) ? [[name, amounts.get(name) as Amount]] : [])));
}

/** What a namespace uses of each resource the quota limits; resources that nothing served uses are left out. */
export function quotaUsage(quota: KubeObject, objects: Reader): Map<string, Amount> {
  const spec = mapOf(quota.spec);
  const names = Object.keys(mapOf(spec.hard)).sort();
  const scopes = scopesOf(spec);
  const used = new Map<string, Amount>();
  const byKind = Map.groupBy(names, kindOfQuotaResource);
  for (const [kind, wanted] of byKind) {
    if (kind === undefined) continue;
    const counted = (objects.list(kind.id, quota.metadata.namespace) as readonly KubeObject[]).filter((object) =>
      matchesScopes(scopes, object, kindIdOf(object)),
    );
    const sum = sumOf(...counted.map((object) => masked(usageOf(object, kind), wanted)));
    for (const name of wanted) used.set(name, sum.get(name) ?? NO_AMOUNT);
  }
  return used;
}
