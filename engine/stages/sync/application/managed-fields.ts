import { deepEqual, isRecord } from '#core/json.ts';

interface ManagedFieldsEntry {
  manager?: string;
  fieldsV1?: Record<string, unknown>;
}

/** What the live object says about who owns which field; empty when it says nothing. */
function entriesOf(live: unknown): readonly ManagedFieldsEntry[] {
  const metadata = isRecord(live) && isRecord(live.metadata) ? live.metadata : {};
  return Array.isArray(metadata.managedFields) ? (metadata.managedFields as ManagedFieldsEntry[]) : [];
}

/** Whether the live object records owners at all: without that a rule about managers can do nothing. */
export function recordsOwners(live: unknown): boolean {
  return entriesOf(live).length > 0;
}

/** A copy without the fields that the live object records as owned by one of the managers (kubernetes-api.md, `fieldsV1`). */
export function withoutOwned<T>(object: T, live: unknown, managers: readonly string[]): T {
  let result: unknown = object;
  for (const { manager, fieldsV1 } of entriesOf(live)) {
    if (manager !== undefined && managers.includes(manager) && isRecord(fieldsV1)) result = without(result, fieldsV1);
  }
  return result as T;
}

/** `f:NAME` is a member, `k:{…}` the item with these keys, `v:VALUE` an item equal to it, `i:N` an index, `.` the thing itself. */
function without(value: unknown, fields: Record<string, unknown>): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      const owned = Object.entries(fields).find(([key]) => namesItem(key, item, index));
      if (owned === undefined) return [item];
      return isLeaf(owned[1]) ? [] : [without(item, owned[1] as Record<string, unknown>)];
    });
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
      const owned = fields[`f:${name}`];
      if (owned === undefined) return [[name, part]];
      return isLeaf(owned) ? [] : [[name, without(part, owned as Record<string, unknown>)]];
    }),
  );
}

function isLeaf(fields: unknown): boolean {
  return !isRecord(fields) || Object.keys(fields).every((key) => key === '.');
}

function namesItem(key: string, item: unknown, index: number): boolean {
  if (key.startsWith('i:')) return Number(key.slice(2)) === index;
  if (!/^[kv]:/.test(key)) return false;
  try {
    const wanted: unknown = JSON.parse(key.slice(2));
    if (key.startsWith('v:')) return deepEqual(wanted, item);
    return (
      isRecord(wanted) && isRecord(item) && Object.entries(wanted).every(([name, part]) => deepEqual(item[name], part))
    );
  } catch {
    return false;
  }
}
