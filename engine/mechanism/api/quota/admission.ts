import { type Amount, amountText, NO_AMOUNT } from '#kube/canonical-quantity.ts';
import { type ResourceKind, resourceName } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import type { Admission } from '../admission.ts';
import { ApiError } from '../errors.ts';
import { eachOf, mapOf } from '../validation/causes.ts';
import { type Amounts, amountsOf } from './pod-resources.ts';
import { matchesScopes, scopesOf } from './scopes.ts';
import { kindOfQuotaResource, masked, quotaUsage, usageOf } from './usage.ts';

/** Resources a container must name when a quota limits them. */
const MUST_BE_NAMED = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
/** An update of these may need more than before. */
const MAY_GROW = ['Service', 'PersistentVolumeClaim'];

/**
 * Refuses objects that a ResourceQuota of their namespace has no room for, and pods that do not say how much they need
 * of what is limited. What is used is counted from the objects at this moment, so two writes never share the same room.
 * Throws ApiError Forbidden. Source: k8s.io/apiserver v0.34 pkg/admission/plugin/resourcequota.
 */
export const quotaAdmission: Admission = {
  admit: (object, live, kind, objects) => {
    if (!kind.namespaced || (live !== undefined && (!MAY_GROW.includes(kind.id) || object.spec === live.spec))) {
      return object;
    }
    for (const quota of objects.list('ResourceQuota', object.metadata.namespace)) {
      checkQuota(quota as unknown as KubeObject, { object, live, kind, objects });
    }
    return object;
  },
};

interface Request {
  object: KubeObject;
  live: KubeObject | undefined;
  kind: ResourceKind;
  objects: Reader;
}

function checkQuota(quota: KubeObject, { object, live, kind, objects }: Request): void {
  const spec = mapOf(quota.spec);
  const hard = amountsOf(spec.hard);
  const names = [...hard.keys()].filter((name) => kindOfQuotaResource(name)?.id === kind.id).sort();
  if (names.length === 0 || !matchesScopes(scopesOf(spec), object, kind.id)) return;
  if (kind.id === 'Pod') checkNamed(object, quota.metadata.name, names);
  const requested = difference(masked(usageOf(object, kind), names), live && usageOf(live, kind));
  if (requested.size === 0) return;
  const used = quotaUsage(quota, objects);
  const exceeded = [...requested.keys()].filter(
    (name) => (used.get(name) ?? NO_AMOUNT).nano + amountOf(requested, name).nano > amountOf(hard, name).nano,
  );
  if (exceeded.length === 0) return;
  throw forbidden(
    kind,
    object,
    `exceeded quota: ${quota.metadata.name}, requested: ${listText(requested, exceeded)}, used: ${listText(used, exceeded)}, limited: ${listText(hard, exceeded)}`,
  );
}

/** Containers that say nothing of a resource the quota limits. */
function checkNamed(pod: KubeObject, quota: string, names: readonly string[]): void {
  const spec = mapOf(pod.spec);
  const whole = mapOf(spec.resources);
  if (Object.keys({ ...mapOf(whole.requests), ...mapOf(whole.limits) }).length > 0) return;
  const containers = [...eachOf(spec.containers, ''), ...eachOf(spec.initContainers, '')].map(
    ([container]) => container,
  );
  const missing = names
    .filter((name) => MUST_BE_NAMED.includes(name))
    .flatMap((name) => {
      const [list, resource] = name.includes('.') ? (name.split('.') as [string, string]) : ['requests', name];
      const silent = containers.filter(({ resources }) => mapOf(mapOf(resources)[list])[resource] === undefined);
      const who = [...new Set(silent.map((container) => String(container.name)))].sort();
      return who.length === 0 ? [] : [`${name} for: ${who.join(',')}`];
    });
  if (missing.length === 0) return;
  throw new ApiError(
    'Forbidden',
    `pods "${pod.metadata.name}" is forbidden: failed quota: ${quota}: must specify ${missing.join('; ')}`,
    { name: pod.metadata.name, kind: 'pods' },
  );
}

/** What is used beyond `before`; without it everything. Zeros are left out. */
function difference(usage: Amounts, before: Amounts | undefined): Map<string, Amount> {
  const result = new Map<string, Amount>();
  for (const [name, { nano, format }] of usage) {
    const more = nano - (before?.get(name)?.nano ?? 0n);
    if (more !== 0n) result.set(name, { nano: more, format });
  }
  return result;
}

function amountOf(amounts: Amounts, name: string): Amount {
  return amounts.get(name) ?? NO_AMOUNT;
}

function listText(amounts: Amounts, names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => `${name}=${amountText(amountOf(amounts, name))}`)
    .join(',');
}

function forbidden(kind: ResourceKind, { metadata }: KubeObject, why: string): ApiError {
  return new ApiError('Forbidden', `${resourceName(kind)} "${metadata.name}" is forbidden: ${why}`, {
    name: metadata.name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
  });
}
