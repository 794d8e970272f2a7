/** Label sets: immutable, sorted by name, comparable by one key. */

export const METRIC_NAME = '__name__';

export type LabelPair = readonly [name: string, value: string];

/** The labels of a series or of a result element; the metric name is the label `__name__`. Empty values do not exist. */
export class Labels {
  static readonly EMPTY = new Labels([]);

  /** Sorted by name, no empty values, no duplicates. */
  readonly pairs: readonly LabelPair[];
  #key: string | undefined;
  #nameless: Labels | undefined;

  private constructor(pairs: readonly LabelPair[]) {
    this.pairs = pairs;
  }

  /** From pairs in any order; a later pair wins over an earlier one; empty values are left out. */
  static fromPairs(pairs: Iterable<LabelPair>): Labels {
    const byName = new Map<string, string>();
    for (const [name, value] of pairs) byName.set(name, value);
    return new Labels(sortedPairs(byName));
  }

  static fromMap(labels: ReadonlyMap<string, string>): Labels {
    return Labels.fromSorted(sortedPairs(labels));
  }

  static fromObject(labels: Readonly<Record<string, string>>): Labels {
    return Labels.fromPairs(Object.entries(labels));
  }

  /** From pairs that are sorted, unique and not empty already. */
  static fromSorted(pairs: readonly LabelPair[]): Labels {
    return pairs.length === 0 ? Labels.EMPTY : new Labels(pairs);
  }

  /** Equal for equal label sets and for no others. */
  get key(): string {
    if (this.#key === undefined) {
      let key = '';
      for (const pair of this.pairs) key += `${pair[0]}\u0001${pair[1]}\u0000`;
      this.#key = key;
    }
    return this.#key;
  }

  /** The value of a label, or the empty string when there is none. */
  get(name: string): string {
    for (const pair of this.pairs) if (pair[0] === name) return pair[1];
    return '';
  }

  has(name: string): boolean {
    return this.pairs.some((pair) => pair[0] === name);
  }

  /** The metric name, or the empty string. */
  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  /** The same labels without the metric name. */
  withoutName(): Labels {
    this.#nameless ??= this.has(METRIC_NAME) ? this.without([METRIC_NAME]) : this;
    return this.#nameless;
  }

  /** Only the labels named. */
  only(names: readonly string[]): Labels {
    return Labels.fromSorted(this.pairs.filter((pair) => names.includes(pair[0])));
  }

  /** All but the labels named. */
  without(names: readonly string[]): Labels {
    return Labels.fromSorted(this.pairs.filter((pair) => !names.includes(pair[0])));
  }

  /** With one label set; an empty value removes it. */
  with(name: string, value: string): Labels {
    const byName = new Map(this.pairs);
    byName.set(name, value);
    return Labels.fromSorted(sortedPairs(byName));
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.pairs);
  }

  /** The series as PromQL writes it, `name{a="1"}`. */
  toString(): string {
    const rest = this.withoutName().pairs.map(([name, value]) => `${formatLabelName(name)}=${JSON.stringify(value)}`);
    return rest.length === 0 && this.metricName !== '' ? this.metricName : `${this.metricName}{${rest.join(', ')}}`;
  }

  /** All labels in braces, the metric name among them, as upstream's matching errors show them. */
  toBraces(): string {
    return `{${this.pairs.map(([name, value]) => `${formatLabelName(name)}=${JSON.stringify(value)}`).join(', ')}}`;
  }
}

/** Order of series: by the sorted pairs, name before value, shorter sets first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.pairs.length, b.pairs.length);
  for (let i = 0; i < length; i += 1) {
    const [nameA, valueA] = a.pairs[i]!;
    const [nameB, valueB] = b.pairs[i]!;
    if (nameA !== nameB) return nameA < nameB ? -1 : 1;
    if (valueA !== valueB) return valueA < valueB ? -1 : 1;
  }
  return a.pairs.length - b.pairs.length;
}

function sortedPairs(byName: ReadonlyMap<string, string>): LabelPair[] {
  const pairs: LabelPair[] = [];
  for (const pair of byName) if (pair[1] !== '') pairs.push(pair);
  return pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function formatLabelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}
