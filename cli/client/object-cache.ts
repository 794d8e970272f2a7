import { setTimeout as delay } from 'node:timers/promises';
import { findKind, type KindId, type ObjectOf, type ResourceKind } from '../../engine/vocabulary/kube/kinds.ts';
import { type KubeObject, objectKey } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure, type WatchEvent } from './api.ts';

/** Objects to hold: all of a kind, or those of one namespace. */
export interface Interest {
  kind: KindId;
  namespace?: string;
}

const RECONNECT_MS = 500;

/**
 * A local copy of some objects, kept current by list and watch, as an informer does: a broken or expired watch is
 * answered by a new list. Live views and waiting commands read it instead of asking again and again.
 */
export class ObjectCache {
  readonly #api: Api;
  readonly #interests: readonly Interest[];
  readonly #objects = new Map<Interest, Map<string, KubeObject>>();
  #version = 0;
  #wake: (() => void) | undefined;
  #isLost = false;

  constructor(api: Api, interests: readonly Interest[]) {
    this.#api = api;
    this.#interests = interests;
  }

  /** Lists everything once, then follows in the background until `signal` aborts. Rejects when a first list fails. */
  async start(signal: AbortSignal): Promise<void> {
    const versions = await Promise.all(this.#interests.map((interest) => this.#relist(interest)));
    this.#interests.forEach((interest, index) => {
      void this.#follow(interest, versions[index]!, signal);
    });
  }

  /** All held objects of a kind, by namespace and name. */
  list<Id extends KindId>(id: Id): ObjectOf<Id>[] {
    const maps = this.#interests.filter(({ kind }) => kind === id).map((interest) => this.#objects.get(interest));
    const objects = maps.flatMap((map) => [...(map?.values() ?? [])]);
    return objects.sort((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1)) as ObjectOf<Id>[];
  }

  find<Id extends KindId>(id: Id, namespace: string | undefined, name: string): ObjectOf<Id> | undefined {
    return this.list(id).find((object) => {
      const { metadata } = object as KubeObject;
      return metadata.namespace === namespace && metadata.name === name;
    });
  }

  /** True while a watch is broken and its new list has not worked yet. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Resolves at the next change, after `waitMsMax` without one, or when `signal` aborts. */
  async changed(waitMsMax: number, signal: AbortSignal): Promise<void> {
    const seen = this.#version;
    const settled = new AbortController();
    const change = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const either = AbortSignal.any([signal, settled.signal]);
    const wait = delay(waitMsMax, undefined, { signal: either }).catch(() => undefined);
    if (this.#version === seen) await Promise.race([change, wait]);
    this.#wake = undefined;
    settled.abort();
  }

  async #relist(interest: Interest): Promise<string> {
    const { items, resourceVersion } = await this.#api.listKind(known(interest.kind), {
      namespace: interest.namespace,
    });
    this.#objects.set(interest, new Map(items.map((item) => [objectKey(item), item])));
    this.#touch();
    return resourceVersion;
  }

  async #follow(interest: Interest, from: string, signal: AbortSignal): Promise<void> {
    let resourceVersion: string | undefined = from;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await this.#relist(interest);
        this.#isLost = false;
        const query = { namespace: interest.namespace, resourceVersion };
        const kind = known(interest.kind);
        await this.#api.watch(
          kind,
          query,
          (event) => {
            resourceVersion = event.object.metadata.resourceVersion;
            this.#apply(interest, event);
          },
          signal,
        );
      } catch (error) {
        resourceVersion = undefined;
        const isExpired = error instanceof ApiFailure && error.code === 410;
        if (isExpired) continue;
        this.#isLost = true;
        this.#touch();
        await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #apply(interest: Interest, { type, object }: WatchEvent): void {
    if (type === 'BOOKMARK') return;
    const objects = this.#objects.get(interest)!;
    if (type === 'DELETED') objects.delete(objectKey(object));
    else objects.set(objectKey(object), object);
    this.#touch();
  }

  #touch(): void {
    this.#version += 1;
    this.#wake?.();
  }
}

function known(id: KindId): ResourceKind {
  const kind = findKind(id);
  if (kind === undefined) throw new Error(`the kind ${id} is not in the table of kinds`);
  return kind;
}
