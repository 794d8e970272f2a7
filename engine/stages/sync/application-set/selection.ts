import { type LabelSelector, matchesSelector } from '#kube/selector.ts';
import { format } from '#lib/gotemplate/index.ts';
import { GeneratorError, type Params } from './types.ts';

const OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** Throws GeneratorError for a selector that Kubernetes would not take. */
export function checkSelector(selector: LabelSelector, field: string): void {
  for (const [index, { operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const where = `${field}.matchExpressions[${index}]`;
    if (!OPERATORS.has(operator)) {
      throw new GeneratorError(
        `${where}: error parsing label selector: "${operator}" is not a valid label selector operator`,
      );
    }
    const takesValues = operator === 'In' || operator === 'NotIn';
    if (takesValues && values.length === 0) {
      throw new GeneratorError(
        `${where}: error parsing label selector: for 'in', 'notin' operators, values set can't be empty`,
      );
    }
    if (!takesValues && values.length > 0) {
      throw new GeneratorError(
        `${where}: error parsing label selector: values set must be empty for exists and does not exist`,
      );
    }
  }
}

/** The sets a generator's `selector` lets through: nested parameters are matched under their dotted names (case cd/A33). */
export function selectParams(selector: LabelSelector | undefined, params: Params[], field: string): Params[] {
  if (selector === undefined) return params;
  checkSelector(selector, field);
  return params.filter((set) => matchesSelector(selector, flatten(set)));
}

/** Nested values as one level of `a.b.c`; list elements as `a.0`. Values become texts as Go's `%v` prints them. */
export function flatten(value: Readonly<Record<string, unknown>>): Record<string, string> {
  const result: Record<string, string> = {};
  const open = (current: unknown, path: string): void => {
    if (current === null || typeof current !== 'object') result[path] = format(current);
    else for (const [key, member] of Object.entries(current)) open(member, path === '' ? key : `${path}.${key}`);
  };
  open(value, '');
  return result;
}
