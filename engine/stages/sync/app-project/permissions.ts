import { normaliseRepoUrl } from '../../commit/repo-url.ts';
import { compileGlob, compilePathMatch } from '../../render/glob.ts';
import type { SyncWindow } from './sync-window.ts';

/** The parts of an AppProject's spec that say what its Applications may be made of. */
export interface ProjectSpec {
  sourceRepos?: readonly string[];
  destinations?: readonly ProjectDestination[];
  clusterResourceWhitelist?: readonly KindRule[];
  clusterResourceBlacklist?: readonly KindRule[];
  namespaceResourceWhitelist?: readonly KindRule[];
  namespaceResourceBlacklist?: readonly KindRule[];
  permitOnlyProjectScopedClusters?: boolean;
  syncWindows?: readonly SyncWindow[];
  [field: string]: unknown;
}

export interface ProjectDestination {
  server?: string;
  name?: string;
  namespace?: string;
}

export interface KindRule {
  group: string;
  kind: string;
  /** Cluster-scoped lists only. */
  name?: string;
}

/** A destination with its cluster resolved; empty texts are unknown parts. */
export interface Destination {
  server: string;
  name: string;
  namespace: string;
}

/**
 * Whether a project's `sourceRepos` permit a repository (argo-cd.md §1.2, cases cd/S01-S20). Patterns are walked in
 * order; a deny pattern (`!`) that hits refuses at once, and one that does not hit permits, as upstream has it.
 */
export function isSourcePermitted(spec: ProjectSpec, repoURL: string): boolean {
  const repository = normaliseRepoUrl(repoURL);
  let permitted = false;
  for (const entry of spec.sourceRepos ?? []) {
    const denies = entry.startsWith('!');
    const pattern = normaliseRepoUrl(denies ? entry.slice(1) : entry);
    const hit = pattern === '*' || compileGlob(pattern, '/')(repository);
    if (denies && hit) return false;
    if (denies || hit) permitted = true;
  }
  return permitted;
}

/**
 * Whether a project's `destinations` permit a cluster and namespace (argo-cd.md §1.3, cases cd/D01-D28).
 * @param projectClusters Servers and names of the clusters that belong to the project; matter only with
 * `permitOnlyProjectScopedClusters`.
 */
export function isDestinationPermitted(
  spec: ProjectSpec,
  destination: Destination,
  projectClusters: readonly { server: string; name: string }[] = [],
): boolean {
  let permitted = false;
  for (const item of spec.destinations ?? []) {
    const verdict = destinationVerdict(item, destination);
    if (verdict === 'denied') return false;
    if (verdict === 'permitted') permitted = true;
  }
  if (!permitted || spec.permitOnlyProjectScopedClusters !== true) return permitted;
  return projectClusters.some(
    ({ server, name }) =>
      (server !== '' && server === destination.server) || (name !== '' && name === destination.name),
  );
}

/** The precedence of upstream is kept: a denied name refuses for every namespace, a denied server only for its own. */
function destinationVerdict(item: ProjectDestination, destination: Destination): 'permitted' | 'denied' | 'none' {
  const { server = '', name = '', namespace = '' } = item;
  const nameMatches = destination.name !== '' && matchesSigned(name, destination.name);
  const serverMatches = destination.server !== '' && matchesSigned(server, destination.server);
  const namespaceMatches = matchesSigned(namespace, destination.namespace);
  if ((serverMatches || nameMatches) && namespaceMatches) return 'permitted';
  if (!nameMatches && name.startsWith('!')) return 'denied';
  if (!serverMatches && server.startsWith('!') && namespaceMatches) return 'denied';
  if (!namespaceMatches && namespace.startsWith('!') && serverMatches) return 'denied';
  return 'none';
}

function matchesSigned(pattern: string, value: string): boolean {
  if (pattern.startsWith('!')) return !compileGlob(pattern.slice(1))(value);
  return pattern === '*' || compileGlob(pattern)(value);
}

/**
 * Whether a project permits a kind, and for cluster-scoped kinds a name (argo-cd.md §1.4, cases cd/K01-K07). Namespaced
 * kinds are permitted unless lists say otherwise, cluster-scoped kinds only when listed; deny lists win.
 */
export function isKindPermitted(
  spec: ProjectSpec,
  resource: { group: string; kind: string; name: string },
  namespaced: boolean,
): boolean {
  if (namespaced) {
    const { namespaceResourceWhitelist: allowed, namespaceResourceBlacklist: denied = [] } = spec;
    return (allowed === undefined || inList(allowed, resource, false)) && !inList(denied, resource, false);
  }
  const { clusterResourceWhitelist: allowed = [], clusterResourceBlacklist: denied = [] } = spec;
  return inList(allowed, resource, true) && !inList(denied, resource, true);
}

function inList(rules: readonly KindRule[], resource: { group: string; kind: string; name: string }, byName: boolean) {
  return rules.some(
    (rule) =>
      compilePathMatch(rule.group)(resource.group) &&
      compilePathMatch(rule.kind)(resource.kind) &&
      (!byName || rule.name === undefined || rule.name === '' || compilePathMatch(rule.name)(resource.name)),
  );
}
