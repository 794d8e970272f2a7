import { findKind, type ResourceKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import type { Application } from '../view/environments.ts';

/** One resource that an application lists in its status. */
export interface ListedResource {
  group: string;
  kind: string;
  namespace: string;
  name: string;
  status: string | undefined;
  health: string | undefined;
}

export function listedResources({ status }: Application): ListedResource[] {
  return (status?.resources ?? []).map((resource) => ({
    group: resource.group ?? '',
    kind: resource.kind ?? '',
    namespace: resource.namespace ?? '',
    name: resource.name ?? '',
    status: resource.status,
    health: resource.health?.status,
  }));
}

export function kindOf({ group, kind }: { group: string; kind: string }): ResourceKind | undefined {
  return findKind(group === '' ? kind : `${kind}.${group}`);
}

/** The live object of a resource; undefined when there is none, or no such kind. */
export async function findLive(
  api: Api,
  resource: { group: string; kind: string; namespace: string; name: string },
): Promise<KubeObject | undefined> {
  const kind = kindOf(resource);
  if (kind === undefined) return undefined;
  try {
    const object = await api.getKind(kind, resource.namespace || undefined, resource.name);
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    return { ...object, apiVersion, kind: kind.kind };
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 404) return undefined;
    throw error;
  }
}

/** What an application lists, with the live objects; a few requests at a time. */
export async function liveResources(
  api: Api,
  application: Application,
): Promise<{ resource: ListedResource; live: KubeObject | undefined }[]> {
  const resources = listedResources(application);
  const result: { resource: ListedResource; live: KubeObject | undefined }[] = [];
  for (let at = 0; at < resources.length; at += 8) {
    const some = resources.slice(at, at + 8);
    const found = await Promise.all(some.map((resource) => findLive(api, resource)));
    for (const [index, resource] of some.entries()) result.push({ resource, live: found[index] });
  }
  return result;
}
