import { deepCopy, deepEqual, isRecord } from '#core/json.ts';
import { withoutPaths, withoutSelected } from '#lib/jq/delete.ts';
import { compileJq, type Path } from '#lib/jq/evaluate.ts';
import { JqSyntaxError } from '#lib/jq/parse.ts';
import { compileGlob } from '../../render/glob.ts';
import { withoutOwned } from './managed-fields.ts';
import type { IgnoreDifference } from './types.ts';

interface Subject {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

export interface IgnoreRule {
  matches: (subject: Subject) => boolean;
  /** Each gives a copy without what one pointer or expression selects. */
  removals: readonly (<T>(object: T) => T)[];
  /** Fields that these managers own are left out as well. */
  managers: readonly string[];
}

export interface CompiledRules {
  rules: readonly IgnoreRule[];
  errors: readonly string[];
}

const COMPILED = new WeakMap<readonly IgnoreDifference[], CompiledRules>();
const NO_RULES: CompiledRules = { rules: [], errors: [] };

/**
 * `ignoreDifferences` as rules, and what is wrong with them: a pointer or expression that cannot be read is refused with
 * its field and column. Remembered by the list itself, which is frozen in the store.
 * @param field Where the list stands, for messages.
 */
export function compileIgnoreDifferences(
  entries: readonly IgnoreDifference[] | undefined,
  field = 'spec.ignoreDifferences',
): CompiledRules {
  if (entries === undefined || entries === null || entries.length === 0) return NO_RULES;
  if (!Array.isArray(entries)) return { rules: [], errors: [`${field}: must be a list`] };
  const known = COMPILED.get(entries);
  if (known !== undefined) return known;
  const errors: string[] = [];
  const rules = entries.flatMap((entry, index) => compileRule(entry, `${field}[${index}]`, errors));
  const compiled = { rules, errors };
  COMPILED.set(entries, compiled);
  return compiled;
}

/** None for an entry that does not say what it is about: nothing is ignored by mistake. */
function compileRule(entry: IgnoreDifference, field: string, errors: string[]): IgnoreRule[] {
  if (!isRecord(entry)) {
    errors.push(`${field}: must be a mapping`);
    return [];
  }
  const wrong = (['group', 'kind', 'name', 'namespace'] as const).filter(
    (key) => entry[key] !== undefined && entry[key] !== null && typeof entry[key] !== 'string',
  );
  errors.push(...wrong.map((key) => `${field}.${key}: must be a text`));
  const removals: (<T>(object: T) => T)[] = [];
  for (const [index, pointer] of textsOf(entry.jsonPointers, `${field}.jsonPointers`, errors).entries()) {
    if (pointer.startsWith('/')) removals.push((object) => withoutPointer(object, pointer));
    else errors.push(`${field}.jsonPointers[${index}]: ${JSON.stringify(pointer)} does not begin with "/"`);
  }
  for (const [index, expression] of textsOf(entry.jqPathExpressions, `${field}.jqPathExpressions`, errors).entries()) {
    try {
      const compiled = compileJq(expression);
      removals.push((object) => withoutSelected(object, compiled));
    } catch (error) {
      if (!(error instanceof JqSyntaxError)) throw error;
      const place = `${field}.jqPathExpressions[${index}]`;
      errors.push(`${place}: cannot read ${JSON.stringify(expression)}: column ${error.column}: ${error.message}`);
    }
  }
  const managers = textsOf(entry.managedFieldsManagers, `${field}.managedFieldsManagers`, errors);
  return wrong.length > 0 ? [] : [{ matches: (subject) => entryMatches(entry, subject), removals, managers }];
}

/** A list of texts as somebody wrote it; none of it when it is something else. */
function textsOf(value: unknown, field: string, errors: string[]): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  errors.push(`${field}: must be a list of texts`);
  return [];
}

function entryMatches(entry: IgnoreDifference, subject: Subject): boolean {
  return (
    compileGlob(entry.group ?? '')(subject.group) &&
    compileGlob(entry.kind ?? '')(subject.kind) &&
    (entry.name === undefined || entry.name === '' || entry.name === subject.name) &&
    (entry.namespace === undefined || entry.namespace === '' || entry.namespace === subject.namespace)
  );
}

/** RFC 6902 `remove` of an RFC 6901 pointer; one that leads nowhere removes nothing. */
export function withoutPointer<T>(object: T, pointer: string): T {
  const path: (string | number)[] = [];
  let current: unknown = object;
  for (const part of pointer.slice(1).split('/')) {
    const name = part.replace(/~1/g, '/').replace(/~0/g, '~');
    const step = Array.isArray(current) && /^\d+$/.test(name) ? Number(name) : name;
    path.push(step);
    current = (current as Record<string | number, unknown> | null | undefined)?.[step];
  }
  return withoutPaths(object, [path as Path]);
}

/**
 * A copy of `object` without the ignored parts.
 * @param live Where the managers' fields are read: ownership is recorded on the live object.
 */
export function withoutIgnored<T>(object: T, subject: Subject, rules: readonly IgnoreRule[], live?: unknown): T {
  let result = object;
  for (const rule of rules) {
    if (!rule.matches(subject)) continue;
    for (const remove of rule.removals) result = remove(result);
    if (rule.managers.length > 0) result = withoutOwned(result, live, rule.managers);
  }
  return result;
}

/** RespectIgnoreDifferences: `desired` with the ignored fields as they are live (never the status). */
export function withIgnoredFromLive<T>(desired: T, live: unknown, subject: Subject, rules: readonly IgnoreRule[]): T {
  if (!isRecord(live) || !rules.some((rule) => rule.matches(subject))) return desired;
  const { status: _status, ...relevant } = live;
  return restored(desired, relevant, withoutIgnored(relevant, subject, rules, live)) as T;
}

/** `target` with everything that `live` has and `kept`, which is live without the ignored parts, has not. */
function restored(target: unknown, live: unknown, kept: unknown): unknown {
  if (deepEqual(live, kept)) return target;
  if (isRecord(live) && isRecord(kept)) return restoredMembers(isRecord(target) ? target : {}, live, kept);
  if (!Array.isArray(live) || !Array.isArray(kept)) return deepCopy(live);
  const list = Array.isArray(target) ? target : [];
  if (hasNames(live) && hasNames(list)) return restoredItems(list, live, kept);
  const aligned = live.length === kept.length && live.length === list.length;
  return aligned ? list.map((item, index) => restored(item, live[index], kept[index])) : deepCopy(live);
}

function restoredMembers(
  target: Record<string, unknown>,
  live: Record<string, unknown>,
  kept: Record<string, unknown>,
): Record<string, unknown> {
  const result = { ...target };
  for (const [key, value] of Object.entries(live)) {
    if (!Object.hasOwn(kept, key)) result[key] = deepCopy(value);
    else if (!deepEqual(value, kept[key])) result[key] = restored(target[key], value, kept[key]);
  }
  return result;
}

type Named = Record<string, unknown> & { name: string };

function hasNames(list: readonly unknown[]): list is Named[] {
  const names = list.map((item) => (isRecord(item) ? item.name : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
}

/** Lists whose items have names (containers, ports, variables) are put together by name. */
function restoredItems(target: readonly Named[], live: readonly Named[], kept: readonly unknown[]): unknown[] {
  const keptOf = new Map((kept as Named[]).filter(isRecord).map((item) => [item.name, item]));
  const liveOf = new Map(live.map((item) => [item.name, item]));
  const known = new Set(target.map(({ name }) => name));
  const merged = target.map((item) => {
    const now = liveOf.get(item.name);
    return now === undefined ? item : restored(item, now, keptOf.get(item.name));
  });
  return [...merged, ...live.filter(({ name }) => !known.has(name) && !keptOf.has(name)).map(deepCopy)];
}
