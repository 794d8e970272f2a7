/** Removing and copying parts of objects: JSON pointers and the subset of jq that `ignoreDifferences` is written in. */
import { deepCopy, deepEqual, isRecord } from '#core/json.ts';

export type PathStep =
  | { step: 'member'; name: string }
  | { step: 'index'; index: number }
  | { step: 'each' }
  | { step: 'select'; path: readonly PathStep[]; equals: unknown; negated: boolean };

/** The steps of an RFC 6901 pointer. A number addresses a list element when it meets a list. */
export function parsePointer(pointer: string): PathStep[] | undefined {
  if (!pointer.startsWith('/')) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((part) => ({ step: 'member', name: part.replace(/~1/g, '/').replace(/~0/g, '~') }));
}

/**
 * The steps of a jq path: members (`.a`, `."a-b"`, `["a"]`), indexes (`[0]`), `[]`, and `select(.path == literal)` joined
 * with `|`. Undefined for anything else: the caller refuses it.
 */
export function parseJqPath(expression: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  for (const stage of splitPipes(expression)) {
    const select = /^select\(\s*(.+?)\s*(==|!=)\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)\s*\)$/.exec(
      stage,
    );
    if (select !== null) {
      const path = parsePlainPath(select[1] as string);
      if (path === undefined) return undefined;
      steps.push({ step: 'select', path, equals: JSON.parse(select[3] as string), negated: select[2] === '!=' });
      continue;
    }
    const path = parsePlainPath(stage);
    if (path === undefined) return undefined;
    steps.push(...path);
  }
  return steps.length === 0 ? undefined : steps;
}

function splitPipes(expression: string): string[] {
  const parts = expression.match(/(?:"(?:[^"\\]|\\.)*"|[^|"])+/g) ?? [];
  return parts.map((part) => part.trim());
}

function parsePlainPath(text: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  const token = /\.?\["((?:[^"\\]|\\.)*)"\]|\.?\[(\d+)\]|\.?\[\]|\."((?:[^"\\]|\\.)*)"|\.([A-Za-z_][A-Za-z0-9_]*)|\?/y;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const name = match[1] ?? match[3] ?? match[4];
    if (name !== undefined) steps.push({ step: 'member', name: JSON.parse(`"${name}"`) as string });
    else if (match[2] !== undefined) steps.push({ step: 'index', index: Number(match[2]) });
    else if (match[0] !== '?') steps.push({ step: 'each' });
  }
  return text.startsWith('.') ? steps : undefined;
}

/** A copy of `value` without what the path selects; a path that leads nowhere removes nothing. */
export function removePath<T>(value: T, path: readonly PathStep[]): T {
  const copy = deepCopy(value);
  const holders = path.slice(0, -1);
  const last = path[path.length - 1];
  if (last === undefined || last.step === 'select') {
    removeSelected(copy, path);
    return copy;
  }
  for (const holder of follow(copy, holders)) removeMember(holder, last);
  return copy;
}

/** Elements of a list that a trailing `select` keeps are removed from the list. */
function removeSelected(root: unknown, path: readonly PathStep[]): void {
  const each = path.findLastIndex((step) => step.step === 'each');
  if (each < 0) return;
  for (const list of follow(root, path.slice(0, each))) {
    if (!Array.isArray(list)) continue;
    const kept = list.filter((item) => [...follow(item, path.slice(each + 1))].length === 0);
    list.splice(0, list.length, ...kept);
  }
}

function removeMember(holder: unknown, last: PathStep): void {
  if (Array.isArray(holder)) {
    if (last.step === 'each') holder.splice(0, holder.length);
    else if (last.step === 'index') holder.splice(last.index, 1);
    else if (last.step === 'member' && /^\d+$/.test(last.name)) holder.splice(Number(last.name), 1);
  } else if (isRecord(holder) && last.step === 'member') delete holder[last.name];
  else if (isRecord(holder) && last.step === 'each') for (const key of Object.keys(holder)) delete holder[key];
}

function* follow(value: unknown, path: readonly PathStep[]): Generator<unknown> {
  const [first, ...rest] = path;
  if (first === undefined) {
    yield value;
    return;
  }
  for (const next of take(value, first)) yield* follow(next, rest);
}

function take(value: unknown, step: PathStep): unknown[] {
  switch (step.step) {
    case 'member':
      if (Array.isArray(value) && /^\d+$/.test(step.name)) return present(value[Number(step.name)]);
      return isRecord(value) && Object.hasOwn(value, step.name) ? present(value[step.name]) : [];
    case 'index':
      return Array.isArray(value) ? present(value[step.index]) : [];
    case 'each':
      if (Array.isArray(value)) return value;
      return isRecord(value) ? Object.values(value) : [];
    case 'select': {
      const found = [...follow(value, step.path)];
      const actual = found.length === 0 ? null : found[0];
      return deepEqual(actual, step.equals) !== step.negated ? [value] : [];
    }
  }
}

function present(value: unknown): unknown[] {
  return value === undefined ? [] : [value];
}

/** A copy of `target` in which the pointer's place holds what it holds in `source`; absent there, it is left alone. */
export function copyPath<T>(target: T, source: unknown, path: readonly PathStep[]): T {
  if (path.some((step) => step.step !== 'member')) return target;
  const names = path.map((step) => (step as { name: string }).name);
  const [value] = [...follow(source, path)];
  if (value === undefined) return target;
  const copy = deepCopy(target);
  let holder: unknown = copy;
  for (const name of names.slice(0, -1)) {
    if (!isRecord(holder)) return target;
    holder[name] ??= {};
    holder = holder[name];
  }
  if (!isRecord(holder)) return target;
  holder[names[names.length - 1] as string] = deepCopy(value);
  return copy;
}
