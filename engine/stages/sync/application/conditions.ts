import type { ApplicationCondition } from './types.ts';

/** Conditions in the order of Argo CD's list; an entry whose type and message are as before keeps its time. */
export function settleConditions(
  previous: readonly ApplicationCondition[] | undefined,
  next: readonly Pick<ApplicationCondition, 'type' | 'message'>[],
  nowTime: string,
): ApplicationCondition[] {
  const sorted = [...next].sort((left, right) =>
    left.type === right.type ? (left.message < right.message ? -1 : 1) : left.type < right.type ? -1 : 1,
  );
  return sorted.map(({ type, message }) => ({
    type,
    message,
    lastTransitionTime:
      previous?.find((condition) => condition.type === type && condition.message === message)?.lastTransitionTime ??
      nowTime,
  }));
}

/** Conditions that end a refresh: with one of them there is no comparison and no automated sync. */
export function isError(condition: Pick<ApplicationCondition, 'type'>): boolean {
  return condition.type.endsWith('Error');
}
