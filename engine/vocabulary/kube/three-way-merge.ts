import { deepEqual, isRecord } from '#core/json.ts';
import { type FieldSchema, schemaOfType, type TypeSchema } from './schema/schema.ts';
import { orderElements } from './strategic-merge.ts';

/**
 * What an apply makes of a live object (kubernetes-api.md §11.2): what the last apply set and this one no longer names is
 * removed, what this one names is set, what others set is left alone. Lists merge by the keys of the schema; without a
 * schema (custom resources) they are replaced whole.
 */

type Members = Record<string, unknown>;

/** `live` with `desired` applied after `lastApplied`. Inputs are left as they are. */
export function mergeThreeWay(
  lastApplied: unknown,
  desired: Members,
  live: unknown,
  schema: TypeSchema | undefined,
): Members {
  const before = isRecord(lastApplied) ? lastApplied : {};
  const result: Members = isRecord(live) ? { ...live } : {};
  for (const key of Object.keys(before)) if (isAbsent(desired[key]) && !isAbsent(before[key])) delete result[key];
  for (const key of Object.keys(desired)) {
    if (desired[key] === undefined) continue;
    if (desired[key] === null) delete result[key];
    else result[key] = mergeField(before[key], desired[key], result[key], schema?.fields.get(key));
  }
  return result;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function mergeField(before: unknown, desired: unknown, live: unknown, field: FieldSchema | undefined): unknown {
  if (Array.isArray(desired)) return field?.merges === true ? mergeList(before, desired, live, field) : desired;
  if (!isRecord(desired)) return desired;
  const inner = field?.container === 'none' ? schemaOfType(field.element) : undefined;
  // A union such as a deployment's strategy keeps only the members that are wanted.
  const kept = field?.retainsKeys === true ? retained(live, desired) : live;
  return mergeThreeWay(before, desired, kept, inner);
}

function retained(live: unknown, desired: Members): unknown {
  if (!isRecord(live)) return live;
  return Object.fromEntries(Object.entries(live).filter(([key]) => !isAbsent(desired[key])));
}

function mergeList(before: unknown, desired: readonly unknown[], live: unknown, field: FieldSchema): unknown[] {
  const [lastList, liveList] = [before, live].map((value) => (Array.isArray(value) ? (value as unknown[]) : []));
  const key = field.mergeKey;
  const idOf = (element: unknown) => JSON.stringify(key !== undefined && isRecord(element) ? element[key] : element);
  const find = (list: readonly unknown[] = [], id: string) => list.find((element) => idOf(element) === id);
  const wanted = new Set(desired.map(idOf));
  const dropped = new Set((lastList ?? []).map(idOf).filter((id) => !wanted.has(id)));
  const inner = schemaOfType(field.element);
  const merged = desired.map((element) => {
    const id = idOf(element);
    if (key === undefined || !isRecord(element)) return element;
    const present = find(liveList, id);
    const kept = field.retainsKeys && isRecord(present) ? retained(present, element) : present;
    return mergeThreeWay(find(lastList, id), element, kept, inner);
  });
  const others = (liveList ?? []).filter((element) => !wanted.has(idOf(element)) && !dropped.has(idOf(element)));
  const ordered = orderElements([...merged, ...others], liveList ?? [], desired, idOf);
  return deepEqual(ordered, live) ? (live as unknown[]) : ordered;
}
