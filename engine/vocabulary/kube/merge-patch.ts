import { deepEqual, isRecord } from '#core/json.ts';

/** RFC 7386: `patch` laid over `target`. null removes a member; arrays are replaced whole. Inputs are left as they are. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

/** The merge patch that turns `before` into `after`, or undefined when they are equal. */
export function computeMergePatch(before: unknown, after: unknown): Record<string, unknown> | undefined {
  const left = isRecord(before) ? before : {};
  const right = isRecord(after) ? after : {};
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const difference = memberPatch(left[key], right[key]);
    if (difference !== undefined) patch[key] = difference;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function memberPatch(before: unknown, after: unknown): unknown {
  if (after === undefined || after === null) return before === undefined || before === null ? undefined : null;
  if (isRecord(before) && isRecord(after)) return computeMergePatch(before, after);
  return deepEqual(before, after) ? undefined : after;
}
