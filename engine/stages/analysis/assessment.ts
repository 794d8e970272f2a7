import { effectiveCount, intValue, isCompletedPhase, type Metric, type MetricResult, type Phase } from './types.ts';

/** A limit that was exceeded: the phase it means and the text that says so. */
export interface Excess {
  phase: Phase;
  message: string;
}

const ERROR_LIMIT_DEFAULT = 4;

/** The limit a metric exceeded, if any. Errors outrank inconclusive results, which outrank failures (rollouts §3.8). */
export function assessLimits(metric: Metric, result: MetricResult): Excess | undefined {
  const { failed = 0, inconclusive = 0, consecutiveError = 0 } = result;
  const errorLimit =
    metric.consecutiveErrorLimit === undefined ? ERROR_LIMIT_DEFAULT : intValue(metric.consecutiveErrorLimit);
  if (consecutiveError > errorLimit) {
    return {
      phase: 'Error',
      message: `consecutiveErrors (${consecutiveError}) > consecutiveErrorLimit (${errorLimit})`,
    };
  }
  const inconclusiveLimit = intValue(metric.inconclusiveLimit);
  if (inconclusive > inconclusiveLimit) {
    const message = `inconclusive (${inconclusive}) > inconclusiveLimit (${inconclusiveLimit})`;
    return { phase: 'Inconclusive', message };
  }
  const failureLimit = intValue(metric.failureLimit);
  if (failureLimit >= 0 && failed > failureLimit) {
    return { phase: 'Failed', message: `failed (${failed}) > failureLimit (${failureLimit})` };
  }
  return undefined;
}

/** The phase of one metric, from its counters and its last measurement. A completed phase stays. */
export function assessMetric(metric: Metric, result: MetricResult, terminating: boolean): Phase {
  if (isCompletedPhase(result.phase)) return result.phase;
  const last = result.measurements?.at(-1);
  if (last === undefined) return terminating ? 'Successful' : 'Pending';
  if (!isCompletedPhase(last.phase)) return 'Running';
  const excess = assessLimits(metric, result);
  if (excess !== undefined) return excess.phase;
  const successLimit = intValue(metric.consecutiveSuccessLimit);
  if (successLimit > 0 && (result.consecutiveSuccess ?? 0) >= successLimit) return 'Successful';
  const count = effectiveCount(metric);
  if (count !== undefined && (result.count ?? 0) >= count) return outcomeAtCount(metric, successLimit);
  return terminating ? 'Successful' : 'Running';
}

/** All measurements are taken and no limit was exceeded: a wanted run of successes that did not come decides. */
function outcomeAtCount(metric: Metric, successLimit: number): Phase {
  if (successLimit <= 0) return 'Successful';
  return intValue(metric.failureLimit) >= 0 ? 'Inconclusive' : 'Failed';
}

const ORDER: readonly Phase[] = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

/** Across metrics failed is worst, then error, then inconclusive. */
export function isWorse(current: Phase, next: Phase): boolean {
  return ORDER.indexOf(next) > ORDER.indexOf(current);
}
