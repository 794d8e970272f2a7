import { isRecord } from '#core/json.ts';

export type Members = Record<string, unknown>;

/** `value` when it is a map, else an empty one. */
export function mapOf(value: unknown): Members {
  return isRecord(value) ? value : {};
}

/** `members` with each default laid under it: a member that is absent or null takes the default. */
export function under(members: Members, defaults: Members): Members {
  const result = { ...members };
  for (const key of Object.keys(defaults)) {
    if (result[key] === undefined || result[key] === null) result[key] = defaults[key];
  }
  return result;
}

/** Replaces the member by `change` of it, when it is a map. */
export function changed(members: Members, key: string, change: (value: Members) => Members): Members {
  const value = members[key];
  return isRecord(value) ? { ...members, [key]: change(value) } : members;
}

/** Replaces each element that is a map by `change` of it, when the member is a list. */
export function changedEach(members: Members, key: string, change: (value: Members) => Members): Members {
  const value = members[key];
  if (!Array.isArray(value)) return members;
  return { ...members, [key]: value.map((item: unknown) => (isRecord(item) ? change(item) : item)) };
}
