import { type Clock, formatTime, parseTime } from '#core/clock.ts';
import type { Ids } from '#core/ids.ts';
import { deepEqual, isRecord } from '#core/json.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '#kube/finalizers.ts';
import { findKind, type KindId, kindIdOf, type ObjectRef, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject, Manifest, ObjectMeta } from '#kube/object.ts';
import type { Store } from '#store/store.ts';
import type { Admission } from './admission.ts';
import { ApiError, alreadyExists, conflict, notFound } from './errors.ts';
import { applyPatch, type Patch } from './patch.ts';

export interface WriteOptions {
  fieldManager?: string;
  subresource?: 'status';
  /** Decide and answer, but store nothing. */
  dryRun?: boolean;
}

export interface DeleteOptions {
  propagation?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
}

/**
 * The semantics of the Kubernetes API over the store: everything between "a client sent this" and "this is stored".
 * Both doors, the HTTP API and the interpreter of plans, write through here, so a controller is held to the same rules
 * as kubectl. Sources: kubernetes-api.md §4 (writes), §10 (deletion).
 */
export class Resources {
  readonly store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #admission: Admission;

  constructor(parts: { store: Store; clock: Clock; ids: Ids; admission: Admission }) {
    this.store = parts.store;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#admission = parts.admission;
  }

  /** The object, or ApiError NotFound. */
  get(ref: ObjectRef): KubeObject {
    const kind = this.#kindOf(ref.kind);
    const object = this.store.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
    if (object === undefined) throw notFound(kind, ref.name);
    return object;
  }

  /** Creates an object. Throws ApiError: AlreadyExists, NotFound (namespace), Forbidden (namespace is going), Invalid. */
  create(manifest: Manifest, options: WriteOptions = {}): KubeObject {
    const kind = this.#kindOf(kindIdOf(manifest));
    const metadata = this.#newMetadata(kind, manifest.metadata);
    this.#checkNamespace(kind, metadata);
    if (this.store.get(kind.id, metadata.namespace, metadata.name) !== undefined)
      throw alreadyExists(kind, metadata.name);
    const { status, ...rest } = manifest;
    const initial = { ...rest, ...(kind.status === 'field' && status !== undefined ? { status } : {}), metadata };
    const object = this.#admission.admit(initial as KubeObject, undefined, kind, this.store);
    return options.dryRun ? object : this.store.put(object);
  }

  /** Replaces an object (PUT). `metadata.resourceVersion`, when given, must be the stored one. */
  replace(manifest: Manifest, options: WriteOptions = {}): KubeObject {
    const kind = this.#kindOf(kindIdOf(manifest));
    const ref = { kind: kind.id, namespace: manifest.metadata.namespace, name: manifest.metadata.name ?? '' };
    return this.#update(kind, this.get(ref), manifest as KubeObject, options);
  }

  /** Applies a patch. A `metadata.resourceVersion` or `uid` inside the patch is a precondition. */
  patch(ref: ObjectRef, patch: Patch, options: WriteOptions = {}): KubeObject {
    const kind = this.#kindOf(ref.kind);
    const live = this.get(ref);
    return this.#update(kind, live, applyPatch(kind, live, patch), options);
  }

  /**
   * Deletes, or begins to: objects with finalizers and running pods get a deletionTimestamp and go later.
   * Returns the last state, marked as deleting when it still exists. Throws ApiError NotFound, Conflict.
   */
  delete(ref: ObjectRef, options: DeleteOptions = {}): KubeObject {
    const kind = this.#kindOf(ref.kind);
    const live = this.get(ref);
    checkPreconditions(kind, live, options.preconditions ?? {});
    const marked = this.#markDeleting(kind, live, options);
    if (options.dryRun) return marked ?? live;
    if (marked === undefined) return this.store.remove(ref) ?? live;
    return deepEqual(marked, live) ? live : this.store.put(marked);
  }

  #kindOf(id: KindId): ResourceKind {
    const kind = findKind(id);
    if (kind === undefined) throw new ApiError('NotFound', `the server could not find the requested resource (${id})`);
    return kind;
  }

  #newMetadata(kind: ResourceKind, given: Manifest['metadata']): ObjectMeta {
    const {
      resourceVersion: _version,
      uid: _uid,
      generation: _generation,
      deletionTimestamp: _deleting,
      ...rest
    } = given;
    const name = given.name ?? (given.generateName === undefined ? '' : `${given.generateName}${this.#ids.suffix(5)}`);
    const { namespace, ...clusterWide } = rest;
    return {
      ...(kind.namespaced ? rest : clusterWide),
      name,
      uid: this.#ids.uid(),
      resourceVersion: '',
      ...(kind.generation === 'none' ? {} : { generation: 1 }),
      creationTimestamp: formatTime(this.#clock.now()),
    };
  }

  #checkNamespace(kind: ResourceKind, metadata: ObjectMeta): void {
    if (metadata.name === '')
      throw new ApiError(
        'Invalid',
        `${kind.kind} is invalid: metadata.name: Required value: name or generateName is required`,
      );
    if (!kind.namespaced) return;
    if (metadata.namespace === undefined) {
      throw new ApiError(
        'BadRequest',
        `an empty namespace may not be set when a resource name is provided (${kind.kind} "${metadata.name}")`,
      );
    }
    const namespace = this.store.get('Namespace', undefined, metadata.namespace);
    if (namespace === undefined) throw notFound(findKind('Namespace') as ResourceKind, metadata.namespace);
    if (namespace.metadata.deletionTimestamp !== undefined) {
      throw new ApiError(
        'Forbidden',
        `${kind.plural} "${metadata.name}" is forbidden: unable to create new content in namespace ${metadata.namespace} because it is being terminated`,
      );
    }
  }

  #update(kind: ResourceKind, live: KubeObject, next: KubeObject, options: WriteOptions): KubeObject {
    checkPreconditions(kind, live, next.metadata);
    const merged =
      options.subresource === 'status' ? withStatusOf(kind, live, next) : withoutStatusOf(kind, live, next);
    const metadata = keepServerFields(live.metadata, merged.metadata);
    const admitted = this.#admission.admit({ ...merged, metadata }, live, kind, this.store);
    if (deepEqual(admitted, live)) return live;
    const counted = raisesGeneration(kind, live, admitted)
      ? { ...admitted, metadata: { ...admitted.metadata, generation: (live.metadata.generation ?? 0) + 1 } }
      : admitted;
    if (options.dryRun) return counted;
    if (isGone(counted))
      return (
        this.store.remove({ kind: kind.id, namespace: live.metadata.namespace, name: live.metadata.name }) ?? counted
      );
    return this.store.put(counted);
  }

  /** The object marked as deleting, or undefined when nothing holds it and it can go at once. */
  #markDeleting(kind: ResourceKind, live: KubeObject, options: DeleteOptions): KubeObject | undefined {
    const nowMs = this.#clock.now();
    const graceSeconds = kind.id === 'Pod' ? podGraceSeconds(live, options.gracePeriodSeconds) : 0;
    const finalizers = finalizersFor(live, options.propagation);
    const held = finalizers.length > 0 || graceSeconds > 0 || namespaceFinalizers(kind, live).length > 0;
    if (!held) return undefined;
    const previousMs = parseTime(live.metadata.deletionTimestamp);
    const deadlineMs = Math.min(previousMs ?? Number.POSITIVE_INFINITY, nowMs + graceSeconds * 1000);
    const metadata: ObjectMeta = {
      ...live.metadata,
      deletionTimestamp: formatTime(deadlineMs),
      deletionGracePeriodSeconds: Math.min(live.metadata.deletionGracePeriodSeconds ?? graceSeconds, graceSeconds),
      ...(finalizers.length > 0 ? { finalizers } : {}),
    };
    const status = kind.id === 'Namespace' ? { status: { ...(live.status as object), phase: 'Terminating' } } : {};
    return { ...live, ...status, metadata };
  }
}

function checkPreconditions(
  kind: ResourceKind,
  live: KubeObject,
  expected: { uid?: string; resourceVersion?: string },
): void {
  const { name, uid, resourceVersion } = live.metadata;
  if (expected.uid !== undefined && expected.uid !== '' && expected.uid !== uid) {
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${expected.uid}, UID in object meta: ${uid}`);
  }
  if (
    expected.resourceVersion !== undefined &&
    expected.resourceVersion !== '' &&
    expected.resourceVersion !== resourceVersion
  ) {
    throw conflict(
      kind,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
}

/** A write to /status: `.status` is taken; of the rest, built-in kinds take metadata, custom kinds nothing (§4.4). */
function withStatusOf(kind: ResourceKind, live: KubeObject, next: KubeObject): KubeObject {
  if (kind.status !== 'subresource') throw notFound(kind, live.metadata.name);
  const metadata = kind.custom ? live.metadata : { ...next.metadata, labels: live.metadata.labels };
  return { ...live, metadata, status: next.status };
}

function withoutStatusOf(kind: ResourceKind, live: KubeObject, next: KubeObject): KubeObject {
  if (kind.status === 'field') return next;
  const { status: _ignored, ...rest } = next;
  return live.status === undefined ? (rest as KubeObject) : ({ ...rest, status: live.status } as KubeObject);
}

function keepServerFields(live: ObjectMeta, next: ObjectMeta): ObjectMeta {
  return {
    ...next,
    name: live.name,
    ...(live.namespace === undefined ? {} : { namespace: live.namespace }),
    uid: live.uid,
    resourceVersion: live.resourceVersion,
    creationTimestamp: live.creationTimestamp,
    ...(live.generation === undefined ? {} : { generation: live.generation }),
    ...(live.deletionTimestamp === undefined
      ? {}
      : { deletionTimestamp: live.deletionTimestamp, deletionGracePeriodSeconds: live.deletionGracePeriodSeconds }),
  };
}

/** kubernetes-api.md §4.1.1. */
function raisesGeneration(kind: ResourceKind, live: KubeObject, next: KubeObject): boolean {
  switch (kind.generation) {
    case 'none':
      return false;
    case 'spec':
      return !deepEqual(live.spec, next.spec);
    case 'spec-and-annotations':
      return !deepEqual(live.spec, next.spec) || !deepEqual(live.metadata.annotations, next.metadata.annotations);
    case 'all-but-metadata': {
      const body = ({ metadata: _metadata, status, ...rest }: KubeObject) =>
        kind.status === 'field' ? { ...rest, status } : rest;
      return !deepEqual(body(live), body(next));
    }
  }
}

function podGraceSeconds(pod: KubeObject, requested: number | undefined): number {
  const spec = isRecord(pod.spec) ? pod.spec : {};
  const phase = isRecord(pod.status) ? pod.status.phase : undefined;
  const neverRan = spec.nodeName === undefined || phase === 'Succeeded' || phase === 'Failed';
  if (requested === undefined && neverRan) return 0;
  const specified = typeof spec.terminationGracePeriodSeconds === 'number' ? spec.terminationGracePeriodSeconds : 30;
  const graceSeconds = requested ?? specified;
  return neverRan ? 0 : graceSeconds;
}

function finalizersFor(live: KubeObject, propagation: DeleteOptions['propagation']): string[] {
  const present = live.metadata.finalizers ?? [];
  const wanted =
    propagation === 'Foreground' ? FOREGROUND_FINALIZER : propagation === 'Orphan' ? ORPHAN_FINALIZER : undefined;
  return wanted === undefined || present.includes(wanted) ? [...present] : [...present, wanted];
}

function namespaceFinalizers(kind: ResourceKind, live: KubeObject): unknown[] {
  if (kind.id !== 'Namespace' || !isRecord(live.spec)) return [];
  return Array.isArray(live.spec.finalizers) ? live.spec.finalizers : [];
}

/** A deleting object whose last finalizer went away. A pod still in its grace period is held by the kubelet. */
function isGone(object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined) return false;
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  const kind = findKind(kindIdOf(object)) as ResourceKind;
  if (namespaceFinalizers(kind, object).length > 0) return false;
  return (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}
