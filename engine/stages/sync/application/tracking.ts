import { kindIdOf, type ObjectRef, refOf } from '#kube/kinds.ts';
import { groupOf, type KubeObject } from '#kube/object.ts';
import type { Reader, WatchEvent } from '#store/store.ts';

export const TRACKING_ANNOTATION = 'argocd.argoproj.io/tracking-id';

/** The name an Application tracks its resources under: bare in the control plane's namespace, `NS_NAME` elsewhere. */
export function instanceName(application: { namespace?: string; name: string }, controlPlaneNamespace: string): string {
  const { namespace, name } = application;
  return namespace === undefined || namespace === controlPlaneNamespace ? name : `${namespace}_${name}`;
}

/** The queue key of the Application behind an instance name. */
export function keyOfInstance(instance: string, controlPlaneNamespace: string): string {
  const split = instance.indexOf('_');
  return split < 0
    ? `${controlPlaneNamespace}/${instance}`
    : `${instance.slice(0, split)}/${instance.slice(split + 1)}`;
}

/** `APP:GROUP/KIND:NS/NAME`; cluster-scoped objects carry the destination's namespace (argo-cd.md §3.4). */
export function trackingId(
  instance: string,
  object: { group: string; kind: string; namespace: string; name: string },
): string {
  return `${instance}:${object.group}/${object.kind}:${object.namespace}/${object.name}`;
}

/**
 * The instance that manages a live object. An id that names another object was copied along with other annotations and
 * does not count.
 */
export function trackedInstance(object: KubeObject): string | undefined {
  const id = object.metadata.annotations?.[TRACKING_ANNOTATION];
  if (id === undefined) return undefined;
  const match = /^([^:]+):([^/]*)\/([^:]+):([^/]*)\/(.+)$/.exec(id);
  if (match === null) return undefined;
  const [, instance, group, kind, namespace, name] = match;
  const { metadata } = object;
  const own =
    group === groupOf(object.apiVersion) &&
    kind === object.kind &&
    name === metadata.name &&
    (metadata.namespace === undefined || namespace === metadata.namespace);
  return own ? instance : undefined;
}

/**
 * Live objects by the instance that manages them. A memo over the store, brought up to date from its events, so that
 * asking costs what has changed and not what there is.
 */
class TrackingIndex {
  #resourceVersion = -1;
  readonly #byInstance = new Map<string, Map<string, ObjectRef>>();

  of(reader: Reader, instance: string): readonly KubeObject[] {
    this.#update(reader);
    const refs = [...(this.#byInstance.get(instance) ?? [])].sort(([left], [right]) => (left < right ? -1 : 1));
    return refs.flatMap(([, ref]) => {
      const object = reader.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
      return object === undefined ? [] : [object];
    });
  }

  #update(reader: Reader): void {
    if (reader.resourceVersion === this.#resourceVersion) return;
    const events = this.#resourceVersion < 0 ? undefined : eventsSince(reader, this.#resourceVersion);
    this.#resourceVersion = reader.resourceVersion;
    if (events === undefined) {
      this.#byInstance.clear();
      for (const object of reader.all()) this.#add(object);
      return;
    }
    for (const event of events) {
      this.#remove(event.previous ?? event.object);
      if (event.type !== 'DELETED') this.#add(event.object);
    }
  }

  #add(object: KubeObject): void {
    const instance = trackedInstance(object);
    if (instance === undefined) return;
    const refs = this.#byInstance.get(instance) ?? new Map<string, ObjectRef>();
    this.#byInstance.set(instance, refs);
    refs.set(identity(object), refOf(object));
  }

  #remove(object: KubeObject): void {
    const instance = trackedInstance(object);
    if (instance !== undefined) this.#byInstance.get(instance)?.delete(identity(object));
  }
}

function identity(object: KubeObject): string {
  return `${kindIdOf(object)} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** The store's recent events, when this reader has them and still holds all of them. */
function eventsSince(reader: Reader, resourceVersion: number): readonly WatchEvent[] | undefined {
  const source = reader as Partial<{ eventsSince(resourceVersion: number): readonly WatchEvent[] }>;
  try {
    return source.eventsSince?.(resourceVersion);
  } catch {
    return undefined;
  }
}

const INDEXES = new WeakMap<Reader, TrackingIndex>();

/** Every live object that the instance manages, sorted by kind, namespace and name. */
export function trackedObjects(reader: Reader, instance: string): readonly KubeObject[] {
  const index = INDEXES.get(reader) ?? new TrackingIndex();
  INDEXES.set(reader, index);
  return index.of(reader, instance);
}
