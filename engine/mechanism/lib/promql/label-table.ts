/** Every label of a store once: equal labels share memory, and a label set is known by a few numbers instead of its text. */
import type { LabelPair, Labels } from './labels.ts';

export interface LabelEntry {
  readonly pair: LabelPair;
  /** Never given to another label while a series has this one. */
  readonly id: number;
}

interface NameEntry {
  readonly name: string;
  readonly byValue: Map<string, LabelEntry>;
  /** Series of one target come together and share most labels. */
  last: LabelEntry | undefined;
}

/** Shorter slices are copied by the JavaScript engine anyway. */
const SLICE_MIN = 13;
const HALF = 0x10000;

export class LabelTable {
  readonly #byName = new Map<string, NameEntry>();
  #nextId = 0;
  #scratch = new Uint16Array(64);

  /** How many labels are known, those no series has any more among them. */
  size = 0;

  entryOf(pair: LabelPair): LabelEntry {
    const [name, value] = pair;
    let named = this.#byName.get(name);
    if (named === undefined) {
      named = { name: detachText(name), byValue: new Map(), last: undefined };
      this.#byName.set(named.name, named);
    }
    if (named.last?.pair[1] === value) return named.last;
    let entry = named.byValue.get(value);
    if (entry === undefined) {
      const own = detachText(value);
      entry = { pair: [named.name, own], id: this.#nextId };
      this.#nextId += 1;
      this.size += 1;
      named.byValue.set(own, entry);
    }
    named.last = entry;
    return entry;
  }

  /** The key of a label set by its entries, sorted by name: equal for equal sets and for no others. */
  keyOf(entries: readonly LabelEntry[]): string {
    if (this.#scratch.length < 2 * entries.length) this.#scratch = new Uint16Array(4 * entries.length);
    const scratch = this.#scratch;
    let length = 0;
    for (const { id } of entries) {
      scratch[length] = id / HALF;
      scratch[length + 1] = id % HALF;
      length += 2;
    }
    return String.fromCharCode.apply(null, scratch.subarray(0, length) as unknown as number[]);
  }

  /** Forgets every label that none of these sets has. */
  keepOnly(sets: Iterable<Labels>): void {
    const used = new Set<LabelPair>();
    for (const { pairs } of sets) for (const pair of pairs) used.add(pair);
    for (const [name, named] of this.#byName) {
      for (const [value, { pair }] of named.byValue) if (!used.has(pair)) named.byValue.delete(value);
      named.last = undefined;
      if (named.byValue.size === 0) this.#byName.delete(name);
    }
    this.size = used.size;
  }
}

/** A copy of `text` that shares no memory with the string it was cut from: a slice would keep a whole scrape body. */
export function detachText(text: string): string {
  return text.length < SLICE_MIN ? text : Buffer.from(text).toString();
}
