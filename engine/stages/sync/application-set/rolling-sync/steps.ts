import type { MatchExpression, RolloutIssues, RolloutStep, StepAssignment, Strategy } from './types.ts';

/** True when the strategy is RollingSync with a `rollingSync` block, with or without steps. */
export function isRollingSync(strategy: Strategy | undefined): boolean {
  return strategy?.type === 'RollingSync' && strategy.rollingSync !== undefined && strategy.rollingSync !== null;
}

export function stepsOf(strategy: Strategy | undefined): readonly RolloutStep[] {
  return isRollingSync(strategy) ? (strategy?.rollingSync?.steps ?? []) : [];
}

/** Reverse deletion needs RollingSync with at least one step (case cd/B51). */
export function isReverseDeletion(strategy: Strategy | undefined): boolean {
  return stepsOf(strategy).length > 0 && strategy?.deletionOrder?.toLowerCase() === 'reverse';
}

/**
 * Which step selects which Application (argo-cd.md §2.8 A, cases cd/B01-B06). An Application in several steps belongs to the
 * first; it is listed in all, so that the later ones wait for it too.
 */
export function assignSteps(
  steps: readonly RolloutStep[],
  applications: readonly { name: string; labels: Readonly<Record<string, string>> }[],
): StepAssignment {
  const issues: RolloutIssues = { invalidOperators: [], duplicates: new Map(), invalidMaxUpdates: [], emptySteps: [] };
  const lists: string[][] = steps.map(() => []);
  const stepOf = new Map<string, number>();
  for (const { name, labels } of applications) {
    for (const [index, step] of steps.entries()) {
      if (!isSelected(step.matchExpressions ?? [], labels, index, issues)) continue;
      lists[index]?.push(name);
      const first = stepOf.get(name);
      if (first === undefined) stepOf.set(name, index);
      else issues.duplicates.set(name, [...(issues.duplicates.get(name) ?? [first]), index]);
    }
  }
  lists.forEach((names, index) => {
    if (names.length === 0) issues.emptySteps.push(index);
  });
  return { steps: lists, stepOf, issues };
}

function isSelected(
  expressions: readonly MatchExpression[],
  labels: Readonly<Record<string, string>>,
  step: number,
  issues: RolloutIssues,
): boolean {
  for (const { key, operator, values = [] } of expressions) {
    if (!Object.hasOwn(labels, key)) {
      // Any other operator selects what lacks the label: upstream looks at the operator only when the label is there.
      if (operator === 'In') return false;
      continue;
    }
    if (operator !== 'In' && operator !== 'NotIn') {
      recordOperator(issues, step, operator);
      return false;
    }
    if (values.includes(labels[key] as string) !== (operator === 'In')) return false;
  }
  return true;
}

function recordOperator(issues: RolloutIssues, step: number, operator: string): void {
  const known = issues.invalidOperators.some((issue) => issue.step === step && issue.operator === operator);
  if (!known) issues.invalidOperators.push({ step, operator });
}

/** The most pressing issue as upstream words it, or undefined. */
export function issueMessage(issues: RolloutIssues): string | undefined {
  const { invalidOperators, duplicates, invalidMaxUpdates, emptySteps } = issues;
  if (invalidOperators.length > 0) return operatorMessage(invalidOperators);
  if (duplicates.size > 0) return duplicateMessage(duplicates);
  if (invalidMaxUpdates.length > 0) {
    const numbers = invalidMaxUpdates.map(({ step }) => step + 1).join(', ');
    const values = invalidMaxUpdates.map(({ maxUpdate }) => maxUpdate).join(', ');
    return invalidMaxUpdates.length === 1
      ? `Step ${numbers} has an invalid maxUpdate value: ${values}`
      : `Steps ${numbers} have invalid maxUpdate values: [${values}]`;
  }
  if (emptySteps.length === 0) return undefined;
  return `Steps [${emptySteps.map((step) => step + 1).join(' ')}] have no applications matching their criteria`;
}

function operatorMessage(invalid: RolloutIssues['invalidOperators']): string {
  const numbers = invalid.map(({ step }) => step + 1).join(', ');
  const operators = invalid.map(({ operator }) => operator).join(', ');
  const subject = invalid.length === 1 ? `Step ${numbers} has` : `Steps ${numbers} have`;
  return `${subject} invalid matchExpression operators: ${operators}. Supported Operators are 'In' and 'NotIn'`;
}

function duplicateMessage(duplicates: RolloutIssues['duplicates']): string {
  const names = [...duplicates.keys()].sort();
  const steps = names.map((name) => (duplicates.get(name) ?? []).map((step) => step + 1).join('-'));
  return names.length === 1
    ? `Application '${names[0]}' is selected by multiple steps: (${steps[0]})`
    : `Applications '${names.join("', '")}' are selected by multiple steps: [(${steps.join('), (')})]`;
}
