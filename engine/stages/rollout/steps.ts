import { parseSecondsOrDurationMs } from '#core/duration.ts';
import {
  type CanaryStep,
  isRouted,
  maxTrafficWeight,
  type RolloutTerms,
  type SetCanaryScale,
  stepsOf,
} from './types.ts';

/** The step in progress and its index. No index without steps; no step after the last one. */
export function currentStep(terms: RolloutTerms): { step?: CanaryStep; index?: number } {
  const steps = stepsOf(terms);
  if (steps.length === 0) return {};
  const index = terms.status.currentStepIndex ?? 0;
  return { step: steps[index], index };
}

/** The weight of the nearest setWeight at or before the current step. */
export function currentSetWeight(terms: RolloutTerms): number {
  if (terms.status.abort) return 0;
  const { step, index } = currentStep(terms);
  if (step === undefined || index === undefined) return maxTrafficWeight(terms);
  return setWeightBefore(terms, index + 1);
}

/** The weight of the nearest setWeight before step `end`; 0 when there is none. */
export function setWeightBefore(terms: RolloutTerms, end: number): number {
  const steps = stepsOf(terms);
  for (let i = end - 1; i >= 0; i--) {
    const weight = steps[i]?.setWeight;
    if (weight !== undefined) return weight;
  }
  return 0;
}

/** The setCanaryScale that applies now, if any. `ignoredOnAbort`: the canary goes when the rollout is aborted. */
export function setCanaryScaleInForce(terms: RolloutTerms, ignoredOnAbort: boolean): SetCanaryScale | undefined {
  if (!isRouted(terms)) return undefined;
  if (terms.status.abort && ignoredOnAbort) return undefined;
  const { step, index } = currentStep(terms);
  if (step === undefined || index === undefined) return undefined;
  const steps = stepsOf(terms);
  for (let i = index; i >= 0; i--) {
    const scale = steps[i]?.setCanaryScale;
    if (scale !== undefined) return scale.matchTrafficWeight ? undefined : scale;
  }
  return undefined;
}

/** Milliseconds of a pause; undefined when it is indefinite, negative when the text is no duration. */
export function pauseDurationMs(pause: { duration?: number | string }): number | undefined {
  if (pause.duration === undefined || pause.duration === null) return undefined;
  const durationMs = parseSecondsOrDurationMs(pause.duration);
  return durationMs === undefined ? -1000 : Math.trunc(durationMs / 1000) * 1000;
}

/** A step as events name it (rollouts/S12). */
export function formatStep(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`;
  if (step.pause !== undefined) return step.pause.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`;
  if (step.experiment !== undefined) return 'experiment';
  if (step.analysis !== undefined) return 'analysis';
  if (step.setCanaryScale !== undefined) return formatScale(step.setCanaryScale);
  const named = (kind: string, value: unknown) => `${kind}: ${(value as { name?: string }).name ?? ''}`;
  if (step.plugin !== undefined) return named('plugin', step.plugin);
  if (step.setHeaderRoute !== undefined) return named('setHeaderRoute', step.setHeaderRoute);
  if (step.setMirrorRoute !== undefined) return named('setMirrorRoute', step.setMirrorRoute);
  return 'invalid';
}

function formatScale({ weight, matchTrafficWeight, replicas }: SetCanaryScale): string {
  if (weight !== undefined) return `setCanaryScale{weight: ${weight}}`;
  if (matchTrafficWeight) return 'setCanaryScale{matchTrafficWeight: true}';
  return replicas === undefined ? 'invalid' : `setCanaryScale{replicas: ${replicas}}`;
}
