/** `status.conditions[]`: one entry a type; `lastTransitionTime` moves only when the status does. */

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown' | (string & {});
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  observedGeneration?: number;
}

export function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** `conditions` with `next` in place of the entry of its type (or appended), its transition time kept when unchanged. */
export function withCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  next: C,
  nowTime: string,
): C[] {
  const previous = findCondition(conditions, next.type);
  const lastTransitionTime =
    previous !== undefined && previous.status === next.status
      ? (previous.lastTransitionTime ?? nowTime)
      : (next.lastTransitionTime ?? nowTime);
  const entry = { ...next, lastTransitionTime };
  if (previous === undefined) return [...(conditions ?? []), entry];
  return (conditions ?? []).map((condition) => (condition.type === next.type ? entry : condition));
}
