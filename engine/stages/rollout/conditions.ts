import { formatTime } from '#core/clock.ts';
import type { RolloutCondition } from './types.ts';

export type Conditions = readonly RolloutCondition[];

export function newCondition(
  type: string,
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  nowMs: number,
): RolloutCondition {
  const time = formatTime(nowMs);
  return { type, status, reason, message, lastUpdateTime: time, lastTransitionTime: time };
}

export function conditionOf(conditions: Conditions | undefined, type: string): RolloutCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function withoutConditionOf(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type);
}

/**
 * The conditions with `next` set: left alone when status and reason stay, moved to the end otherwise
 * (rollouts §2.3). The same list comes back when nothing changed.
 */
export function setCondition(conditions: Conditions, next: RolloutCondition): Conditions {
  const current = conditionOf(conditions, next.type);
  if (current !== undefined && current.status === next.status && current.reason === next.reason) return conditions;
  const entry =
    current !== undefined && current.status === next.status
      ? { ...next, lastTransitionTime: current.lastTransitionTime }
      : next;
  return [...withoutConditionOf(conditions, next.type), entry];
}
