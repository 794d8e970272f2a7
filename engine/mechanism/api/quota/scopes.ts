import { isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { matchesRequirement } from '#kube/selector.ts';
import { eachOf, type Members, mapOf } from '../validation/causes.ts';
import { podResources } from './pod-resources.ts';

/** One condition on what a quota counts. */
export interface Scope {
  scopeName: string;
  operator: string;
  values: string[];
}

/** The scopes of a quota: `scopes` and `scopeSelector` together. */
export function scopesOf(spec: Members): Scope[] {
  const plain = Array.isArray(spec.scopes) ? spec.scopes.map(String) : [];
  const selected = eachOf(mapOf(spec.scopeSelector).matchExpressions, '').map(([one]) => ({
    scopeName: String(one.scopeName),
    operator: String(one.operator),
    values: Array.isArray(one.values) ? one.values.map(String) : [],
  }));
  return [...plain.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] })), ...selected];
}

/** Whether a quota with these scopes counts the object. Quotas with scopes count pods alone. */
export function matchesScopes(scopes: readonly Scope[], object: KubeObject, kindId: string): boolean {
  if (scopes.length === 0) return true;
  return kindId === 'Pod' && scopes.every((scope) => matchesPod(scope, mapOf(object.spec)));
}

function matchesPod({ scopeName, operator, values }: Scope, spec: Members): boolean {
  switch (scopeName) {
    case 'Terminating':
      return typeof spec.activeDeadlineSeconds === 'number';
    case 'NotTerminating':
      return typeof spec.activeDeadlineSeconds !== 'number';
    case 'BestEffort':
      return isBestEffort(spec);
    case 'NotBestEffort':
      return !isBestEffort(spec);
    case 'PriorityClass': {
      const name = typeof spec.priorityClassName === 'string' ? spec.priorityClassName : '';
      const labels = name === '' ? undefined : { PriorityClass: name };
      return matchesRequirement({ key: 'PriorityClass', operator, values }, labels);
    }
    case 'CrossNamespacePodAffinity':
      return usesOtherNamespaces(spec);
    default:
      return false;
  }
}

/** No container asks for or is limited in CPU or memory. */
function isBestEffort(spec: Members): boolean {
  const lists = [podResources(spec, 'requests'), podResources(spec, 'limits')];
  return lists.every((list) => ['cpu', 'memory'].every((name) => (list.get(name)?.nano ?? 0n) === 0n));
}

function usesOtherNamespaces(spec: Members): boolean {
  const affinity = mapOf(spec.affinity);
  return ['podAffinity', 'podAntiAffinity'].some((kind) => {
    const terms = mapOf(affinity[kind]);
    const required = eachOf(terms.requiredDuringSchedulingIgnoredDuringExecution, '').map(([term]) => term);
    const preferred = eachOf(terms.preferredDuringSchedulingIgnoredDuringExecution, '').map(([term]) =>
      mapOf(term.podAffinityTerm),
    );
    return [...required, ...preferred].some(
      ({ namespaces, namespaceSelector }) =>
        (Array.isArray(namespaces) && namespaces.length > 0) || isRecord(namespaceSelector),
    );
  });
}
