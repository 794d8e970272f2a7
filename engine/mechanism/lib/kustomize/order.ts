/** The order of the output (spec §10). */
import type { SortOptions } from './kustomization/types.ts';
import type { Gvk, Resource } from './resource.ts';

const ORDER_FIRST = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const ORDER_LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** The resources in output order: by rank of the kind, then group_version_kind, then namespace and name; `fifo` keeps
 * the order of the input. Without options the legacy order holds, as on kustomize's command line. */
export function sortResources(resources: readonly Resource[], options: SortOptions | undefined): Resource[] {
  if (options?.order === 'fifo') return [...resources];
  const legacy = options?.legacySortOptions;
  const ranks = rankKinds(
    legacy ? (legacy.orderFirst ?? []) : ORDER_FIRST,
    legacy ? (legacy.orderLast ?? []) : ORDER_LAST,
  );
  const keyed = resources.map((resource) => ({ resource, key: sortKey(resource, ranks) }));
  keyed.sort((a, b) => compareSortKeys(a.key, b.key));
  return keyed.map(({ resource }) => resource);
}

function rankKinds(first: readonly string[], last: readonly string[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  first.forEach((kind, index) => {
    ranks.set(kind, index - first.length);
  });
  last.forEach((kind, index) => {
    ranks.set(kind, index + 1);
  });
  return ranks;
}

interface SortKey {
  rank: number;
  kind: string;
  group: string;
  gvk: string;
  id: string;
}

function sortKey(resource: Resource, ranks: ReadonlyMap<string, number>): SortKey {
  const gvk = resource.gvk;
  return {
    rank: ranks.get(gvk.kind) ?? 0,
    kind: gvk.kind,
    group: gvk.group,
    gvk: gvkText(gvk),
    id: `${idText(gvk)}|${resource.namespace || '~X'}|${resource.name || '~N'}`,
  };
}

function idText(gvk: Gvk): string {
  return `${gvk.kind || '[noKind]'}.${gvk.version || '[noVer]'}.${gvk.group || '[noGrp]'}`;
}

function compareSortKeys(a: SortKey, b: SortKey): number {
  if (a.gvk === b.gvk) return compareText(a.id, b.id);
  if (a.rank !== b.rank) return a.rank - b.rank;
  // The core Namespace comes before a Namespace of another group.
  if (a.kind === 'Namespace' && b.kind === 'Namespace' && (a.group === '' || b.group === ''))
    return compareText(b.gvk, a.gvk);
  return compareText(a.gvk, b.gvk);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const DEFAULT_RANKS = rankKinds(ORDER_FIRST, ORDER_LAST);

/** The order of groups, versions and kinds that upstream sorts field specs by. */
export function compareGvk(a: Gvk, b: Gvk): number {
  const rank = (DEFAULT_RANKS.get(a.kind) ?? 0) - (DEFAULT_RANKS.get(b.kind) ?? 0);
  return rank === 0 ? compareText(gvkText(a), gvkText(b)) : rank;
}

function gvkText(gvk: Gvk): string {
  return `${gvk.group || '~G'}_${gvk.version || '~V'}_${gvk.kind || '~K'}`;
}
