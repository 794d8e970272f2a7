import { deepCopy, isRecord } from '#core/json.ts';
import type { JqExpression, Path } from './evaluate.ts';
import { JqError } from './values.ts';

/** `del(EXPRESSION)`: a copy without the selected parts. A value that the expression fails on is returned as it is. */
export function withoutSelected<T>(value: T, expression: JqExpression): T {
  let paths: Path[];
  try {
    paths = expression.paths(value);
  } catch (error) {
    if (error instanceof JqError) return value;
    throw error;
  }
  return withoutPaths(value, paths);
}

/** A copy without what the paths lead to; paths that lead nowhere remove nothing. */
export function withoutPaths<T>(value: T, paths: readonly Path[]): T {
  const present = paths.filter((path) => leadsSomewhere(value, path));
  if (present.length === 0) return value;
  if (present.some((path) => path.length === 0)) return null as T;
  const copy = deepCopy(value);
  // Marked first and removed afterwards, so that no removal moves what another path means.
  for (const path of present) mark(copy, path);
  return swept(copy) as T;
}

const GONE = Symbol('gone');

function leadsSomewhere(value: unknown, path: Path): boolean {
  let current = value;
  for (const step of path) {
    if (typeof step === 'object') {
      if (!Array.isArray(current)) return false;
    } else if (Array.isArray(current)) {
      if (typeof step !== 'number' || step < 0 || step >= current.length) return false;
      current = current[step];
    } else if (isRecord(current) && Object.hasOwn(current, String(step))) current = current[String(step)];
    else return false;
  }
  return true;
}

function mark(root: unknown, path: Path): void {
  let holder = root as Record<string | number, unknown> & unknown[];
  for (const step of path.slice(0, -1)) {
    if (typeof step === 'object' || typeof holder !== 'object' || holder === null) return;
    holder = holder[step as number] as typeof holder;
  }
  const last = path[path.length - 1] as Path[number];
  if (typeof holder !== 'object' || holder === null) return;
  if (typeof last !== 'object') holder[last as number] = GONE;
  else for (let index = last.from; index < last.to; index++) holder[index] = GONE;
}

function swept(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== GONE).map(swept);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== (GONE as unknown))
      .map(([key, item]) => [key, swept(item)]),
  );
}
