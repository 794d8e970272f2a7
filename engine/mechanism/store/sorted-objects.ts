import { type KubeObject, objectKey } from '#kube/object.ts';

interface Item {
  readonly key: string;
  readonly object: KubeObject;
}

/**
 * A list of objects by key that is read often and changes a little at a time: changes wait until the list is read, and are
 * then worked into a copy, so that a list once handed out never changes.
 */
export class SortedObjects {
  #items: readonly Item[] = [];
  #list: readonly KubeObject[] | undefined = Object.freeze([]);
  /** By key: the object as it is now, or undefined when it is gone. */
  readonly #changes = new Map<string, KubeObject | undefined>();

  set(key: string, object: KubeObject | undefined): void {
    this.#changes.set(key, object);
    this.#list = undefined;
  }

  /** Frozen, sorted by key. */
  read(): readonly KubeObject[] {
    if (this.#list === undefined) {
      this.#apply();
      this.#list = Object.freeze(this.#items.map(({ object }) => object));
    }
    return this.#list;
  }

  #apply(): void {
    const changed = [...this.#changes].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#changes.clear();
    const merged: Item[] = [];
    let at = 0;
    for (const [key, object] of changed) {
      const place = this.#placeOf(key, at);
      while (at < place) merged.push(this.#items[at++] as Item);
      if (this.#items[at]?.key === key) at++;
      if (object !== undefined) merged.push({ key, object });
    }
    this.#items = merged.length === 0 ? this.#items.slice(at) : merged.concat(this.#items.slice(at));
  }

  /** Index of the first item from `from` on whose key is not before `key`. */
  #placeOf(key: string, from: number): number {
    let low = from;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle] as Item).key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function sortedByKey(objects: Iterable<KubeObject>): readonly KubeObject[] {
  const items = Array.from(objects, (object) => ({ key: objectKey(object), object }));
  if (items.length > 1) items.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return items.map(({ object }) => object);
}
