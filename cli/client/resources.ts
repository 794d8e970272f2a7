import { KINDS, type ResourceKind } from '../../engine/vocabulary/kube/kinds.ts';
import { CliError } from '../errors.ts';
import { nearestName } from '../suggest.ts';
import type { Api } from './api.ts';

interface DiscoveredResource {
  name: string;
  singularName?: string;
  kind: string;
  namespaced: boolean;
  shortNames?: string[];
  categories?: string[];
}

/**
 * The kinds behind the first word of `pern get`: a plural, singular, short name, kind, `plural.group`, a category
 * (`all`), or several of them with commas. What the table of kinds does not have is looked up in the API's discovery.
 * Throws CliError with the nearest known name.
 */
export async function resolveKinds(words: string, api: Pick<Api, 'json'>): Promise<ResourceKind[]> {
  const found: ResourceKind[] = [];
  let discovered: ResourceKind[] | undefined;
  for (const word of words.split(',').filter((part) => part !== '')) {
    let kinds = matchKinds(word, KINDS);
    if (kinds.length === 0) {
      discovered ??= await discoverKinds(api);
      kinds = matchKinds(word, discovered);
    }
    if (kinds.length === 0) throw unknownKind(word, [...KINDS, ...(discovered ?? [])]);
    found.push(...kinds.filter((kind) => !found.includes(kind)));
  }
  return found;
}

/** Kinds that a word names, or all of a category. */
export function matchKinds(word: string, kinds: readonly ResourceKind[]): ResourceKind[] {
  const wanted = word.toLowerCase();
  const dot = wanted.indexOf('.');
  const [name, group] = dot < 0 ? [wanted, undefined] : [wanted.slice(0, dot), wanted.slice(dot + 1)];
  const named = kinds.filter(
    (kind) =>
      (group === undefined || kind.group === group || `${kind.version}.${kind.group}` === group) &&
      (kind.plural === name ||
        kind.singular === name ||
        kind.kind.toLowerCase() === name ||
        kind.shortNames.includes(name)),
  );
  return named.length > 0 ? named.slice(0, 1) : kinds.filter((kind) => kind.categories.includes(wanted));
}

function unknownKind(word: string, kinds: readonly ResourceKind[]): CliError {
  const near = nearestName(
    word.toLowerCase(),
    kinds.flatMap((kind) => [kind.plural, kind.singular, ...kind.shortNames]),
  );
  return new CliError({
    what: `the server has no resource type "${word}"`,
    fix: near === undefined ? 'try pods, services, rollouts, applications, events ...' : `did you mean "${near}"?`,
  });
}

async function discoverKinds(api: Pick<Api, 'json'>): Promise<ResourceKind[]> {
  const groups = (await api.json({ method: 'GET', path: '/apis' })) as {
    groups?: { name: string; preferredVersion: { version: string } }[];
  };
  const places = [
    { group: '', version: 'v1', path: '/api/v1' },
    ...(groups.groups ?? []).map(({ name, preferredVersion: { version } }) => ({
      group: name,
      version,
      path: `/apis/${name}/${version}`,
    })),
  ];
  const lists = await Promise.all(
    places.map(async ({ group, version, path }) => {
      const list = (await api.json({ method: 'GET', path })) as { resources?: DiscoveredResource[] };
      return (list.resources ?? [])
        .filter(({ name }) => !name.includes('/'))
        .map((resource) => discoveredKind(resource, group, version));
    }),
  );
  return lists.flat();
}

function discoveredKind(resource: DiscoveredResource, group: string, version: string): ResourceKind {
  return {
    id: group === '' ? resource.kind : `${resource.kind}.${group}`,
    group,
    version,
    kind: resource.kind,
    plural: resource.name,
    singular: resource.singularName ?? resource.kind.toLowerCase(),
    shortNames: resource.shortNames ?? [],
    categories: resource.categories ?? [],
    namespaced: resource.namespaced,
    status: 'subresource',
    generation: 'none',
    custom: true,
  };
}
