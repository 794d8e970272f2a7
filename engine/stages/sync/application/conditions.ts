import type { ApplicationCondition } from './types.ts';

/** Written by the notifications controller about this Application, and left to it. */
const OF_OTHERS = 'NotificationDeliveryWarning';

/** Conditions in the order of Argo CD's list; an entry whose type and message are as before keeps its time. */
export function settleConditions(
  previous: readonly ApplicationCondition[] | undefined,
  next: readonly Pick<ApplicationCondition, 'type' | 'message'>[],
  nowTime: string,
): ApplicationCondition[] {
  const others = (previous ?? []).filter(({ type }) => type === OF_OTHERS);
  const sorted = [...next, ...others].sort((left, right) =>
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
