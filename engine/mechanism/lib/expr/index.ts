/** Public surface: compile and evaluate conditions of Argo Rollouts and notification triggers. See README.md. */
export { type Assessment, assessMeasurement, type MeasurementConditions } from './assessment.ts';
export { type Condition, compileCondition, evaluateExpression, evaluateTimeMs } from './condition.ts';
export {
  conditionEnvironment,
  type ExprEnvironment,
  notificationEnvironment,
  rangeTimeEnvironment,
} from './environment.ts';
export { ExprError, type ExprErrorPhase, ValueError } from './errors.ts';
export { GoDuration, GoTime } from './go-time.ts';
export { callMethod, METHODS } from './methods.ts';
export { ExprFunction, formatValue } from './values.ts';
