/** Merging of field tables: defaults, `configurations` files, and the tables of bases. */
import { fail, type Position } from '../errors.ts';
import type { FieldSpec } from '../kustomization/types.ts';
import { compareGvk } from '../order.ts';
import { type Gvk, isSelected, sameGvk } from '../resource.ts';
import { defaultTables, type FieldTables, type NameReference } from './tables.ts';

type At = Position & { source?: string };

const emptyTables: FieldTables = {
  namePrefix: [],
  nameSuffix: [],
  namespace: [],
  commonLabels: [],
  templateLabels: [],
  labels: [],
  commonAnnotations: [],
  nameReference: [],
  varReference: [],
  images: [],
  replicas: [],
};

/** The tables of an accumulator (undefined: none yet) with more tables merged in. As upstream, the specs are sorted by
 * group, version and kind before they are merged, and a general spec is dropped when a special one for the same path
 * comes before it. Throws KustomizeError for specs that contradict each other. */
export function mergeTables(tables: FieldTables | undefined, more: FieldTables, at: At): FieldTables {
  if (more === defaultTables && (tables === undefined || tables === defaultTables)) return defaultTables;
  const known = MERGED.get(tables ?? emptyTables) ?? new WeakMap<FieldTables, FieldTables>();
  MERGED.set(tables ?? emptyTables, known);
  return remembered(known, more, () => mergeInto(tables ?? emptyTables, more, at));
}

/** Tables are never changed, and an overlay merges those of its base at each build. */
const MERGED = new WeakMap<FieldTables, WeakMap<FieldTables, FieldTables>>();
const EXTENDED = new WeakMap<Partial<FieldTables>, FieldTables>();

function remembered<K extends object>(cache: WeakMap<K, FieldTables>, key: K, make: () => FieldTables): FieldTables {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

/** The default tables extended by the `configurations` files of one kustomization. */
export function extendDefaults(configurations: readonly Partial<FieldTables>[], at: At): FieldTables {
  if (configurations.length === 0) return defaultTables;
  const [only] = configurations;
  if (only !== undefined && configurations.length === 1)
    return remembered(EXTENDED, only, () => extend(configurations, at));
  return extend(configurations, at);
}

function extend(configurations: readonly Partial<FieldTables>[], at: At): FieldTables {
  const joined = configurations.reduce<FieldTables>((tables, more) => mergeInto(tables, more, at), emptyTables);
  return mergeInto(defaultTables, joined, at);
}

function mergeInto(tables: FieldTables, more: Partial<FieldTables>, at: At): FieldTables {
  const merged: { -readonly [K in keyof FieldTables]: FieldTables[K] } = { ...tables };
  for (const name of Object.keys(more) as (keyof FieldTables)[]) {
    if (name === 'nameReference')
      merged.nameReference = mergeReferences(tables.nameReference, more.nameReference ?? [], at);
    else merged[name] = mergeSpecs(tables[name], more[name] ?? [], at).sort((a, b) => compareGvk(gvkOf(a), gvkOf(b)));
  }
  return merged;
}

function mergeReferences(known: readonly NameReference[], more: readonly NameReference[], at: At): NameReference[] {
  const result = [...known];
  for (const reference of more) {
    const index = result.findIndex((other) => sameGvk(gvkOf(other), gvkOf(reference)));
    const existing = result[index];
    if (existing) result[index] = { ...existing, referrers: mergeSpecs(existing.referrers, reference.referrers, at) };
    else result.push(reference);
  }
  return result.sort((a, b) => compareGvk(gvkOf(a), gvkOf(b)));
}

/** Appends specs that are not there yet; the same spec with another `create` is a contradiction. */
export function mergeSpecs(specs: readonly FieldSpec[], more: readonly FieldSpec[], at: At): FieldSpec[] {
  const result = [...specs];
  for (const spec of more) {
    const same = result.find((known) => known.path === spec.path && isSelected(gvkOf(known), gvkOf(spec)));
    if (!same) result.push(spec);
    else if ((same.create ?? false) !== (spec.create ?? false)) {
      const why = 'one of them has create: true, the other not';
      fail(at, {
        code: 'wrong-value',
        message: `conflicting field specs for ${spec.path}`,
        why,
        fix: 'give both the same create',
      });
    }
  }
  return result;
}

function gvkOf(spec: Partial<Gvk>): Gvk {
  return { group: spec.group ?? '', version: spec.version ?? '', kind: spec.kind ?? '' };
}
