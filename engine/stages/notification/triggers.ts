import { createHash } from 'node:crypto';
import { compileCondition, type ExprEnvironment, ExprError, evaluateExpression, formatValue } from '#lib/expr/index.ts';

import type { NotificationConfig, TriggerCondition } from './config.ts';

/** How one condition of a trigger came out. */
export interface ConditionResult {
  /** `[i].HASH`: the condition's place, and base64url(sha1(when)). */
  key: string;
  /** The value of `oncePer` as text; empty when there is none or the condition does not hold. */
  oncePer: string;
  triggered: boolean;
  send: readonly string[];
  /** Why the condition counts as not holding although nobody said so; upstream only logs it. */
  problem?: string;
}

export class UnknownTriggerError extends Error {
  override name = 'UnknownTriggerError';
}

/**
 * Evaluates every condition of a trigger (argo-cd.md §4.3). A condition that fails, or yields anything but true, does
 * not hold. Throws UnknownTriggerError; whatever functions of the environment throw on purpose passes through.
 */
export function runTrigger(config: NotificationConfig, name: string, environment: ExprEnvironment): ConditionResult[] {
  const conditions = config.triggers.get(name);
  if (conditions === undefined) throw new UnknownTriggerError(`trigger '${name}' is not configured`);
  return conditions.map((condition, index) => runCondition(condition, index, environment));
}

/** The key of the condition `when` at a place of its trigger. */
export function conditionKey(index: number, when: string): string {
  return `[${index}].${createHash('sha1').update(when).digest('base64url')}`;
}

function runCondition(condition: TriggerCondition, index: number, environment: ExprEnvironment): ConditionResult {
  const result = { key: conditionKey(index, condition.when), oncePer: '', triggered: false, send: condition.send };
  try {
    const holds = evaluateExpression(condition.when === '' ? 'false' : condition.when, environment);
    if (holds !== true) return result;
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return { ...result, problem: `when: ${error.message}` };
  }
  if (condition.oncePer === '') return { ...result, triggered: true };
  try {
    const oncePer = formatValue(evaluateExpression(condition.oncePer, environment));
    return { ...result, triggered: true, oncePer };
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return { ...result, triggered: true, problem: `oncePer: ${error.message}` };
  }
}

/** Whether all expressions of the ConfigMap can be read; undefined, or the first that cannot and why. */
export function triggerProblem(config: NotificationConfig): { trigger: string; reason: string } | undefined {
  for (const [trigger, conditions] of config.triggers) {
    for (const [index, { when, oncePer }] of conditions.entries()) {
      for (const [field, text] of [
        ['when', when],
        ['oncePer', oncePer],
      ] as const) {
        try {
          if (text !== '') compileCondition(text);
        } catch (error) {
          return { trigger, reason: `[${index}].${field}: ${(error as Error).message}` };
        }
      }
    }
  }
  return undefined;
}
