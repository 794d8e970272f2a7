/** Conditions and events of HorizontalPodAutoscalers, as the HPA controller words them. */
export interface Verdict {
  reason: string;
  message: string;
}

export const GOT_SCALE: Verdict = {
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
};
export const READY: Verdict = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
export const SCALE_UP_STABILIZED: Verdict = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
export const SCALE_DOWN_STABILIZED: Verdict = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
export const WITHIN_RANGE: Verdict = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
export const TOO_FEW: Verdict = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
export const TOO_MANY: Verdict = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
export const SCALE_UP_LIMIT: Verdict = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
export const SCALE_DOWN_LIMIT: Verdict = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
export const SCALING_DISABLED: Verdict = {
  reason: 'ScalingDisabled',
  message: 'scaling is disabled since the replica count of the target is zero',
};

export const FAILED_GET_SCALE = 'FailedGetScale';
export const FAILED_COMPUTE = 'FailedComputeMetricsReplicas';
export const SUCCESSFUL_RESCALE = 'SuccessfulRescale';
export const ABOVE_MAX = 'Current number of replicas above Spec.MaxReplicas';
export const BELOW_MIN = 'Current number of replicas below Spec.MinReplicas';
export const ALL_BELOW = 'All metrics below target';

export const noScale = (why: string): Verdict => ({
  reason: FAILED_GET_SCALE,
  message: `the HPA controller was unable to get the target's current scale: ${why}`,
});
export const rescaled = (replicas: number): Verdict => ({
  reason: 'SucceededRescale',
  message: `the HPA controller was able to update the target scale to ${replicas}`,
});
export const validMetric = (metric: string): Verdict => ({
  reason: 'ValidMetricFound',
  message: `the HPA was able to successfully calculate a replica count from ${metric}`,
});
export const unableToCompute = (reason: string, why: string): Verdict => ({
  reason,
  message: `the HPA was unable to compute the replica count: ${why}`,
});
export const newSize = (replicas: number, why: string) => `New size: ${replicas}; reason: ${why}`;
