/** Label selectors, as objects (`matchLabels`, `matchExpressions`) and as equality maps (Service selectors). */

export interface LabelSelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

type Labels = Record<string, string> | undefined;

/** True when every key of `wanted` has the same value in `labels`. An empty or absent map selects nothing here. */
export function matchesLabels(wanted: Labels, labels: Labels): boolean {
  const keys = Object.keys(wanted ?? {});
  return keys.length > 0 && keys.every((key) => labels?.[key] === wanted?.[key]);
}

export function matchesRequirement(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = labels?.[requirement.key];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && (requirement.values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(requirement.values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** As metav1.LabelSelector: absent selects nothing, empty (`{}`) selects everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value);
  return equal && (selector.matchExpressions ?? []).every((requirement) => matchesRequirement(requirement, labels));
}
