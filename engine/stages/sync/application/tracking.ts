import { kindIdOf, type ObjectRef, refOf } from '#kube/kinds.ts';
import { groupOf, type KubeObject, type Manifest } from '#kube/object.ts';
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

/** How managed objects are marked: `application.resourceTrackingMethod` of argocd-cm and what belongs to it. */
export interface Tracking {
  method: TrackingMethod;
  labelKey: string;
  /** Objects that carry another installation's id are not ours. */
  installationId: string | undefined;
}

export type TrackingMethod = 'annotation' | 'label' | 'annotation+label';

export const DEFAULT_TRACKING: Tracking = {
  method: 'annotation',
  labelKey: 'app.kubernetes.io/instance',
  installationId: undefined,
};

const LABEL_CHARS_MAX = 63;
const INSTALLATION_ANNOTATION = 'argocd.argoproj.io/installation-id';

/** A manifest's metadata with the marks of the instance that manages it. */
export function withTracking<M extends { labels?: Record<string, string>; annotations?: Record<string, string> }>(
  metadata: M,
  instance: string,
  id: string,
  { method, labelKey, installationId }: Tracking,
): M {
  const { [INSTALLATION_ANNOTATION]: _other, ...annotations } = metadata.annotations ?? {};
  const label = method === 'label' ? instance : cutLabel(instance);
  return {
    ...metadata,
    ...(method === 'annotation' ? {} : { labels: { ...metadata.labels, [labelKey]: label } }),
    ...(method === 'label'
      ? {}
      : {
          annotations: {
            ...annotations,
            [TRACKING_ANNOTATION]: id,
            ...(installationId === undefined ? {} : { [INSTALLATION_ANNOTATION]: installationId }),
          },
        }),
  };
}

/** At most 63 characters, ending in a letter or digit. With tracking by label alone the value is the name and is not cut. */
function cutLabel(value: string): string {
  return value.length <= LABEL_CHARS_MAX ? value : value.slice(0, LABEL_CHARS_MAX).replace(/[^A-Za-z0-9]+$/, '');
}

/**
 * The instance that manages a live object. An id that names another object was copied along with other annotations and
 * does not count; a label says no more than the name.
 */
export function trackedInstance(object: KubeObject, tracking: Tracking = DEFAULT_TRACKING): string | undefined {
  const { metadata } = object;
  if (tracking.method === 'label') return metadata.labels?.[tracking.labelKey] || undefined;
  const id = metadata.annotations?.[TRACKING_ANNOTATION];
  if (id === undefined) return undefined;
  if ((metadata.annotations?.[INSTALLATION_ANNOTATION] || undefined) !== tracking.installationId) return undefined;
  const match = /^([^:]+):([^/]*)\/([^:]+):([^/]*)\/(.+)$/.exec(id);
  if (match === null) return undefined;
  const [, instance, group, kind, namespace, name] = match;
  const own =
    group === groupOf(object.apiVersion) &&
    kind === object.kind &&
    name === metadata.name &&
    (metadata.namespace === undefined || namespace === metadata.namespace);
  return own ? instance : undefined;
}

/**
 * An object last synced under tracking by label has no id yet: for the comparison it has the one it is to get, so that a
 * change of the method makes nothing out of sync.
 */
export function withTrackingBackfilled(live: KubeObject, target: Manifest, tracking: Tracking): KubeObject {
  if (tracking.method === 'label' || live.metadata.labels?.[tracking.labelKey] === undefined) return live;
  if (live.metadata.annotations?.[TRACKING_ANNOTATION] !== undefined) return live;
  const id = target.metadata.annotations?.[TRACKING_ANNOTATION];
  if (id === undefined) return live;
  const annotations = { ...live.metadata.annotations, [TRACKING_ANNOTATION]: id };
  const { [tracking.labelKey]: old, ...labels } = live.metadata.labels;
  const keepsLabel = target.metadata.labels?.[tracking.labelKey] !== undefined;
  return {
    ...live,
    metadata: { ...live.metadata, annotations, labels: keepsLabel ? { ...labels, [tracking.labelKey]: old } : labels },
  } as KubeObject;
}

/**
 * Live objects by the instance that manages them. A memo over the store, brought up to date from its events, so that
 * asking costs what has changed and not what there is.
 */
class TrackingIndex {
  #resourceVersion = -1;
  readonly #tracking: Tracking;
  readonly #byInstance = new Map<string, Map<string, ObjectRef>>();

  constructor(tracking: Tracking) {
    this.#tracking = tracking;
  }

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
    const instance = trackedInstance(object, this.#tracking);
    if (instance === undefined) return;
    const refs = this.#byInstance.get(instance) ?? new Map<string, ObjectRef>();
    this.#byInstance.set(instance, refs);
    refs.set(identity(object), refOf(object));
  }

  #remove(object: KubeObject): void {
    const instance = trackedInstance(object, this.#tracking);
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

const INDEXES = new WeakMap<Reader, Map<string, TrackingIndex>>();

/** Every live object that the instance manages, sorted by kind, namespace and name. */
export function trackedObjects(
  reader: Reader,
  instance: string,
  tracking: Tracking = DEFAULT_TRACKING,
): readonly KubeObject[] {
  const indexes = INDEXES.get(reader) ?? new Map<string, TrackingIndex>();
  INDEXES.set(reader, indexes);
  const id = `${tracking.method} ${tracking.labelKey} ${tracking.installationId ?? ''}`;
  const index = indexes.get(id) ?? new TrackingIndex(tracking);
  indexes.set(id, index);
  return index.of(reader, instance);
}
