import { assert } from '#core/assert.ts';
import { deepFreeze } from '#core/json.ts';
import { type KindId, kindIdOf, type ObjectOf, type ObjectRef, refOf } from '#kube/kinds.ts';
import { controllerOf, type KubeObject, objectKey } from '#kube/object.ts';
import type { Journal } from './journal.ts';
import { SortedObjects, sortedByKey } from './sorted-objects.ts';

/** Read access to every object. Objects are deeply frozen; lists are sorted by namespace, then name. */
export interface Reader {
  /** The version of the last write: one counter for the whole store. */
  readonly resourceVersion: number;
  get<Id extends KindId>(kind: Id, namespace: string | undefined, name: string): ObjectOf<Id> | undefined;
  list<Id extends KindId>(kind: Id, namespace?: string): readonly ObjectOf<Id>[];
  /** Objects of a kind whose controlling owner has this uid; with an empty uid, those that nothing controls. */
  ownedBy<Id extends KindId>(kind: Id, ownerUid: string): readonly ObjectOf<Id>[];
  byUid(uid: string): KubeObject | undefined;
  /** Every object, in no promised order. */
  all(): Iterable<KubeObject>;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchEvent {
  type: WatchEventType;
  /** As stored; for DELETED the last state, with the resourceVersion of the deletion. */
  object: KubeObject;
  /** The state before, for MODIFIED. */
  previous?: KubeObject;
  resourceVersion: number;
}

export type Listener = (event: WatchEvent) => void;

/**
 * Writes that a watch may be late by (up to twice as many are held): whoever is later lists anew. Events keep whole objects
 * in memory, the big statuses of Applications and AnalysisRuns too, so this bounds the engine's memory over weeks.
 */
const HISTORY_MAX = 1024;

/** A watch asked for events older than the store still holds (HTTP 410). */
export class ExpiredError extends Error {
  override name = 'ExpiredError';
}

/**
 * The versioned store: objects by kind and key, one global resourceVersion, ordered events. It knows nothing of
 * admission: `Resources` (mechanism/api) is the door for writers, and calls `put` and `remove` with finished objects.
 * A write is journalled before it becomes visible, and listeners run synchronously in the order of the writes.
 */
export class Store implements Reader {
  #resourceVersion = 0;
  readonly #kinds = new Map<string, KindShelf>();
  readonly #byUid = new Map<string, KubeObject>();
  readonly #listeners = new Set<Listener>();
  readonly #history: WatchEvent[] = [];
  readonly #historyMax: number;
  readonly #journal: Journal;
  readonly #pending: WatchEvent[] = [];
  #delivering = false;

  constructor(journal: Journal, options: { historyMax?: number } = {}) {
    this.#journal = journal;
    this.#historyMax = options.historyMax ?? HISTORY_MAX;
    const loaded = journal.load();
    this.#resourceVersion = loaded.resourceVersion;
    for (const object of loaded.objects) this.#index(deepFreeze(object));
  }

  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  get<Id extends KindId>(kind: Id, namespace: string | undefined, name: string): ObjectOf<Id> | undefined {
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    return this.#kinds.get(kind)?.objects.get(key) as ObjectOf<Id> | undefined;
  }

  list<Id extends KindId>(kind: Id, namespace?: string): readonly ObjectOf<Id>[] {
    const shelf = this.#kinds.get(kind);
    if (shelf === undefined) return [];
    return shelf.sorted(namespace) as unknown as readonly ObjectOf<Id>[];
  }

  ownedBy<Id extends KindId>(kind: Id, ownerUid: string): readonly ObjectOf<Id>[] {
    const owned = this.#kinds.get(kind)?.byOwner.get(ownerUid);
    if (owned === undefined) return [];
    return sortedByKey(owned.values()) as unknown as readonly ObjectOf<Id>[];
  }

  byUid(uid: string): KubeObject | undefined {
    return this.#byUid.get(uid);
  }

  all(): Iterable<KubeObject> {
    return this.#byUid.values();
  }

  /** Kinds that have at least one object, sorted. */
  kinds(): KindId[] {
    return [...this.#kinds.keys()].filter((kind) => (this.#kinds.get(kind) as KindShelf).objects.size > 0).sort();
  }

  /**
   * Stores `object` under the next resourceVersion and returns what was stored. The caller has made it complete (uid,
   * timestamps, generation) and has checked preconditions against the state it read in the same turn.
   */
  put(object: KubeObject): KubeObject {
    const ref = refOf(object);
    const previous = this.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
    assert(previous === undefined || previous.metadata.uid === object.metadata.uid, 'an object keeps its uid');
    const resourceVersion = this.#resourceVersion + 1;
    const stored = deepFreeze({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(resourceVersion) },
    });
    this.#journal.append({ op: 'put', resourceVersion, object: stored });
    this.#resourceVersion = resourceVersion;
    if (previous !== undefined) this.#unindex(previous);
    this.#index(stored);
    this.#publish(
      previous === undefined
        ? { type: 'ADDED', object: stored, resourceVersion }
        : { type: 'MODIFIED', object: stored, previous, resourceVersion },
    );
    return stored;
  }

  /** Removes the object and returns its last state, or undefined when it is not there. */
  remove(ref: ObjectRef): KubeObject | undefined {
    const object = this.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
    if (object === undefined) return undefined;
    const resourceVersion = this.#resourceVersion + 1;
    this.#journal.append({ op: 'remove', resourceVersion, uid: object.metadata.uid });
    this.#resourceVersion = resourceVersion;
    this.#unindex(object);
    const last = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } });
    this.#publish({ type: 'DELETED', object: last, resourceVersion });
    return last;
  }

  /** Calls `listener` for every write from now on. Returns the end of the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Events after `resourceVersion`, oldest first. Throws ExpiredError when some of them are no longer held
   * (also after a restart: history is not kept over one).
   */
  eventsSince(resourceVersion: number): readonly WatchEvent[] {
    if (resourceVersion >= this.#resourceVersion) return [];
    const oldest = this.#history[0];
    if (oldest === undefined || oldest.resourceVersion > resourceVersion + 1) {
      throw new ExpiredError(
        `too old resource version: ${resourceVersion} (${oldest?.resourceVersion ?? this.#resourceVersion})`,
      );
    }
    const first = resourceVersion + 1 - oldest.resourceVersion;
    return this.#history.slice(Math.max(0, first));
  }

  #index(object: KubeObject): void {
    const kind = kindIdOf(object);
    const shelf = this.#kinds.get(kind) ?? new KindShelf();
    this.#kinds.set(kind, shelf);
    shelf.add(object);
    this.#byUid.set(object.metadata.uid, object);
  }

  #unindex(object: KubeObject): void {
    this.#kinds.get(kindIdOf(object))?.delete(object);
    this.#byUid.delete(object.metadata.uid);
  }

  /** Listeners may write; their writes are delivered after the event they are in, so everybody sees one order. */
  #publish(event: WatchEvent): void {
    this.#history.push(event);
    if (this.#history.length > this.#historyMax * 2) this.#history.splice(0, this.#history.length - this.#historyMax);
    this.#pending.push(event);
    if (this.#delivering) return;
    this.#delivering = true;
    const errors: unknown[] = [];
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      for (const listener of [...this.#listeners]) {
        try {
          listener(next);
        } catch (error) {
          errors.push(error);
        }
      }
    }
    this.#delivering = false;
    // A listener that throws is a defect, and is shown; it must not keep the others from hearing of a write that is done.
    if (errors.length > 0) throw errors[0];
  }
}

/** The objects of one kind, with the indexes with the indexes that reads need. A write costs its own entries, not the sorting of a list. */
class KindShelf {
  readonly objects = new Map<string, KubeObject>();
  readonly byOwner = new Map<string, Map<string, KubeObject>>();
  readonly #all = new SortedObjects();
  readonly #byNamespace = new Map<string, SortedObjects>();

  add(object: KubeObject): void {
    this.objects.set(objectKey(object), object);
    const owner = controllerOf(object)?.uid ?? '';
    const owned = this.byOwner.get(owner) ?? new Map<string, KubeObject>();
    this.byOwner.set(owner, owned);
    owned.set(objectKey(object), object);
    this.#note(object, object);
  }

  delete(object: KubeObject): void {
    this.objects.delete(objectKey(object));
    const owner = controllerOf(object)?.uid ?? '';
    const owned = this.byOwner.get(owner);
    owned?.delete(objectKey(object));
    if (owned?.size === 0) this.byOwner.delete(owner);
    this.#note(object, undefined);
  }

  sorted(namespace: string | undefined): readonly KubeObject[] {
    if (namespace === undefined) return this.#all.read();
    return this.#byNamespace.get(namespace)?.read() ?? NOTHING;
  }

  #note(object: KubeObject, now: KubeObject | undefined): void {
    const key = objectKey(object);
    this.#all.set(key, now);
    const { namespace } = object.metadata;
    if (namespace === undefined) return;
    let list = this.#byNamespace.get(namespace);
    if (list === undefined) {
      list = new SortedObjects();
      this.#byNamespace.set(namespace, list);
    }
    list.set(key, now);
  }
}

const NOTHING: readonly KubeObject[] = Object.freeze([]);
