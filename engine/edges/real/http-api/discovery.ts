import { apiVersionOf, KINDS, type ResourceKind } from '#kube/kinds.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

interface Subresource {
  name: string;
  kind: string;
  group: string;
  version: string;
  verbs: readonly string[];
}

/** The subresources of a kind, as discovery announces them. */
export function subresourcesOf(kind: ResourceKind): Subresource[] {
  const { group, version } = kind;
  const own = { kind: kind.kind, group, version };
  const result: Subresource[] = [];
  if (kind.status === 'subresource') result.push({ name: 'status', ...own, verbs: ['get', 'patch', 'update'] });
  if (kind.scale !== undefined) {
    result.push({
      name: 'scale',
      kind: 'Scale',
      group: 'autoscaling',
      version: 'v1',
      verbs: ['get', 'patch', 'update'],
    });
  }
  if (kind.id === 'Pod') {
    result.push({ name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] });
    result.push({ name: 'log', ...own, verbs: ['get'] });
  }
  if (kind.id === 'Namespace') result.push({ name: 'finalize', ...own, verbs: ['update'] });
  return result;
}

/** Review kinds can only be created: the server answers and stores nothing. */
const REVIEWS: readonly { group: string; version: string; plural: string; kind: string }[] = [
  { group: 'authentication.k8s.io', version: 'v1', plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' },
  { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview' },
];

/** Group versions in the order they are announced; the core group is ''. */
export function groupVersions(): { group: string; version: string }[] {
  const seen = new Map<string, { group: string; version: string }>();
  for (const { group, version } of [...KINDS, ...REVIEWS]) seen.set(`${group}/${version}`, { group, version });
  return [...seen.values()];
}

function kindsOf(group: string, version: string): ResourceKind[] {
  return KINDS.filter((kind) => kind.group === group && kind.version === version);
}

export function legacyApiVersions(serverAddress: string): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

export function legacyGroupList(): unknown {
  const groups = groupVersions()
    .filter(({ group }) => group !== '')
    .map(({ group, version }) => groupEntry(group, version));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

function groupEntry(group: string, version: string) {
  const entry = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [entry], preferredVersion: entry };
}

/** `GET /apis/G`. Undefined for a group that is not served. */
export function legacyGroup(group: string): unknown {
  const found = groupVersions().find((item) => item.group === group && group !== '');
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group, found.version) };
}

/** `GET /api/v1` and `GET /apis/G/V`. Undefined for a group version that is not served. */
export function legacyResourceList(group: string, version: string): unknown {
  if (!groupVersions().some((item) => item.group === group && item.version === version)) return undefined;
  const resources: unknown[] = kindsOf(group, version).flatMap((kind) => [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: VERBS,
      ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    },
    ...subresourcesOf(kind).map((sub) => ({
      name: `${kind.plural}/${sub.name}`,
      singularName: '',
      namespaced: kind.namespaced,
      ...(sub.group === group && sub.version === version ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]);
  for (const review of REVIEWS.filter((item) => item.group === group && item.version === version)) {
    resources.push({
      name: review.plural,
      singularName: review.kind.toLowerCase(),
      namespaced: false,
      kind: review.kind,
      verbs: ['create'],
    });
  }
  const groupVersion = group === '' ? version : `${group}/${version}`;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/** Aggregated discovery: the core group at /api, all others at /apis. `version` is v2 or v2beta1, as asked. */
export function aggregatedDiscovery(core: boolean, version: string): unknown {
  const items = groupVersions()
    .filter(({ group }) => (group === '') === core)
    .map(({ group, version: served }) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: [{ version: served, freshness: 'Current', resources: aggregatedResources(group, served) }],
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function aggregatedResources(group: string, version: string): unknown[] {
  const resources: unknown[] = kindsOf(group, version).map((kind) => ({
    resource: kind.plural,
    responseKind: { group, version, kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: VERBS,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    subresources: subresourcesOf(kind).map((sub) => ({
      subresource: sub.name,
      responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
      verbs: sub.verbs,
    })),
  }));
  for (const review of REVIEWS.filter((item) => item.group === group && item.version === version)) {
    resources.push({
      resource: review.plural,
      responseKind: { group, version, kind: review.kind },
      scope: 'Cluster',
      singularResource: review.kind.toLowerCase(),
      verbs: ['create'],
    });
  }
  return resources;
}

export function findReview(
  group: string,
  version: string,
  plural: string,
): { kind: string; apiVersion: string } | undefined {
  const found = REVIEWS.find((item) => item.group === group && item.version === version && item.plural === plural);
  return found === undefined ? undefined : { kind: found.kind, apiVersion: `${group}/${version}` };
}

/** Kinds of a group version with their API version, for the OpenAPI documents. */
export function servedKinds(group: string, version: string): { kind: ResourceKind; apiVersion: string }[] {
  return kindsOf(group, version).map((kind) => ({ kind, apiVersion: apiVersionOf(kind) }));
}
