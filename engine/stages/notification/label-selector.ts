import { type LabelSelectorRequirement, matchesRequirement } from '#kube/selector.ts';

/** A label selector as text (`team=web,tier in (a, b),!legacy`), read. No requirements select everything. */
export type LabelSelector = readonly LabelSelectorRequirement[];

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?$/;

/** Reads the text form of a label selector. Throws an Error that names the part it cannot read. */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.trim() === '') return [];
  return splitRequirements(text).map((part) => {
    const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
    if (set !== null) {
      const values = (set[3] as string).split(',').map((value) => value.trim());
      return requirement(part, set[1] as string, set[2] === 'in' ? 'In' : 'NotIn', values);
    }
    const equal = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
    if (equal !== null)
      return requirement(part, equal[1] as string, equal[2] === '!=' ? 'NotIn' : 'In', [equal[3] as string]);
    const absent = part.startsWith('!');
    return requirement(part, absent ? part.slice(1).trim() : part, absent ? 'DoesNotExist' : 'Exists', undefined);
  });
}

export function selectorMatches(selector: LabelSelector, labels: Record<string, string> | undefined): boolean {
  return selector.every((requirement) => matchesRequirement(requirement, labels));
}

function requirement(part: string, key: string, operator: string, values: string[] | undefined) {
  if (!NAME.test(key)) throw new Error(`"${part}" is no label requirement`);
  return { key, operator, ...(values === undefined ? {} : { values }) };
}

/** Splits at commas that are not inside of parentheses. */
function splitRequirements(text: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim());
}
