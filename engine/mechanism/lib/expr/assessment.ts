/** The phase of one measurement (spec expr §3.1). */
import { compileCondition } from './condition.ts';
import { conditionEnvironment } from './environment.ts';
import { ExprError } from './errors.ts';

export interface MeasurementConditions {
  readonly successCondition?: string;
  readonly failureCondition?: string;
}

export interface Assessment {
  readonly phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
  /** Why, when the phase is Error. */
  readonly message?: string;
}

/**
 * Decides a measurement: both conditions absent means Successful; one present decides alone; with both, failure wins,
 * then success, and neither is Inconclusive. An empty condition counts as absent.
 *
 * @param result - the measurement, null when the provider returned nothing.
 */
export function assessMeasurement(result: unknown, conditions: MeasurementConditions, nowMs: number): Assessment {
  const environment = conditionEnvironment(result, nowMs);
  const holds: Partial<Record<keyof MeasurementConditions, boolean>> = {};
  for (const name of ['successCondition', 'failureCondition'] as const) {
    const text = conditions[name];
    if (text === undefined || text === '') continue;
    try {
      holds[name] = compileCondition(text).evaluate(environment);
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
      return { phase: 'Error', message: `could not evaluate ${name} "${text}": ${explain(result, error)}` };
    }
  }
  return { phase: decide(holds.successCondition, holds.failureCondition) };
}

function explain(result: unknown, error: ExprError): string {
  const empty = result === null || result === undefined || (Array.isArray(result) && result.length === 0);
  return empty ? 'metric result is nil or empty: no data returned from the metric provider' : error.message;
}

function decide(success: boolean | undefined, failure: boolean | undefined): Assessment['phase'] {
  if (failure === true) return 'Failed';
  if (success === true) return 'Successful';
  if (success === undefined) return 'Successful';
  return failure === undefined ? 'Failed' : 'Inconclusive';
}
