import type { Answers } from '#control/plan.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { type Condition, withCondition } from '#kube/conditions.ts';
import { refOf } from '#kube/kinds.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { limit, longestLookBackMs, stabilize } from './limits.ts';
import { MEMORY_ANNOTATION, type Memory, memoryText, readMemory, withRecommendation } from './memory.ts';
import { type Autoscaler, assessMetric, type MetricOutcome, resourceOf } from './metric-proposals.ts';
import { usageQuestion } from './pod-metrics.ts';
import * as reasons from './reasons.ts';
import { milliOf } from './replica-count.ts';
import type { ScaleTarget } from './scale-target.ts';

/** Time between two looks. */
export const SYNC_PERIOD_MS = 15_000;
const TOLERANCE = 0.1;

export interface AutoscalerObservation {
  autoscaler: Autoscaler;
  /** A text says why there is none. */
  target: ScaleTarget | string;
  /** Pods the target's selector matches. */
  pods: readonly Pod[];
  /** Autoscalers, this one among them, whose targets select some of these pods. */
  rivals: readonly { namespace: string; name: string }[];
  answers: Answers;
}

interface Pass {
  draft: Draft;
  autoscaler: Autoscaler;
  nowMs: number;
  conditions: Condition[];
}

/**
 * One look of an autoscaler, every 15 s: reads what pods use, computes a size, holds it back as `behavior` says, writes the
 * target's scale. Source: Kubernetes v1.34 pkg/controller/podautoscaler/horizontal.go.
 */
export function planAutoscaler(observation: AutoscalerObservation, nowMs: number): Plan {
  const { autoscaler, target } = observation;
  const tick = Math.floor(nowMs / SYNC_PERIOD_MS);
  const draft = new Draft(observation.answers).wakeAt((tick + 1) * SYNC_PERIOD_MS);
  const pass: Pass = {
    draft,
    autoscaler,
    nowMs,
    conditions: [...(autoscaler.status?.conditions ?? [])] as Condition[],
  };
  const scaledMs = parseTime(autoscaler.status?.lastScaleTime);
  // What the change does shows at the next look; a second change now would go by the same figures.
  if (scaledMs !== undefined && Math.floor(scaledMs / SYNC_PERIOD_MS) === tick) return draft.finish();
  if (typeof target === 'string') {
    draft.note('Warning', reasons.FAILED_GET_SCALE, target);
    judge(pass, 'AbleToScale', 'False', reasons.noScale(target));
    return draft.finish({ ...autoscaler.status, conditions: pass.conditions });
  }
  judge(pass, 'AbleToScale', 'True', reasons.GOT_SCALE);
  const { minReplicas = 1, maxReplicas } = autoscaler.spec;
  const current = target.replicas;
  if (current === 0 && minReplicas !== 0) {
    judge(pass, 'ScalingActive', 'False', reasons.SCALING_DISABLED);
    return finish(pass, current, current, []);
  }
  const memory = startedMemory(autoscaler, current, nowMs);
  if (current > maxReplicas) return rescale(pass, target, maxReplicas, reasons.ABOVE_MAX, memory, []);
  if (current < minReplicas) return rescale(pass, target, minReplicas, reasons.BELOW_MIN, memory, []);
  return planByMetrics(pass, observation, target, memory, tick);
}

function planByMetrics(
  pass: Pass,
  { pods, rivals }: AutoscalerObservation,
  target: ScaleTarget,
  memory: Memory,
  tick: number,
): Plan {
  const { draft, autoscaler, nowMs } = pass;
  const current = target.replicas;
  const unselected = selectorProblem(target, rivals);
  if (unselected !== undefined) {
    draft.note('Warning', unselected.event, unselected.why);
    judge(pass, 'ScalingActive', 'False', unselected.verdict);
    draft.note('Warning', reasons.FAILED_COMPUTE, unselected.why);
    return finish(pass, current, autoscaler.status?.desiredReplicas ?? 0, []);
  }
  const metrics = autoscaler.spec.metrics ?? [];
  const namespace = autoscaler.metadata.namespace ?? '';
  const answers = metrics.map((metric) => {
    const resource = resourceOf(metric);
    return resource === undefined ? 'unasked' : draft.ask(usageQuestion(namespace, resource, tick));
  });
  // The look is over when every figure is there; until then everything stays as it is.
  if (answers.includes(undefined)) return draft.finish();
  const context = { pods, currentReplicas: current, tolerances: tolerancesOf(autoscaler), nowMs };
  const outcomes = metrics.map((metric, index) => {
    const answer = answers[index];
    return assessMetric(metric, answer === 'unasked' ? undefined : answer, context);
  });
  return planByOutcomes(pass, target, memory, outcomes);
}

function planByOutcomes(pass: Pass, target: ScaleTarget, memory: Memory, outcomes: readonly MetricOutcome[]): Plan {
  const { draft, autoscaler, nowMs } = pass;
  const current = target.replicas;
  const statuses = outcomes.map((outcome) => (outcome.ok ? outcome.status : { type: '' }));
  const failures = outcomes.filter((outcome) => !outcome.ok);
  for (const { reason, why } of failures) draft.note('Warning', reason, why);
  let wanted = 0;
  let name = '';
  for (const outcome of outcomes) {
    if (!outcome.ok || (wanted !== 0 && outcome.replicas <= wanted)) continue;
    wanted = outcome.replicas;
    name = outcome.name;
  }
  const [first] = failures;
  if (first !== undefined && (failures.length === outcomes.length || wanted < current)) {
    judge(pass, 'ScalingActive', 'False', reasons.unableToCompute(first.reason, first.why));
    const summary = `invalid metrics (${failures.length} invalid out of ${outcomes.length}), first error is: ${first.summary}`;
    draft.note('Warning', reasons.FAILED_COMPUTE, summary);
    return finish(pass, current, autoscaler.status?.desiredReplicas ?? 0, statuses);
  }
  judge(pass, 'ScalingActive', 'True', reasons.validMetric(name));
  const { behavior, minReplicas: min = 1, maxReplicas: max } = autoscaler.spec;
  const calm = stabilize(wanted, current, behavior, memory, { nowMs, lookMs: SYNC_PERIOD_MS });
  judge(pass, 'AbleToScale', 'True', calm.condition);
  const allowed = limit(calm.replicas, current, { min, max }, behavior, memory, nowMs);
  judge(pass, 'ScalingLimited', allowed.replicas === calm.replicas ? 'False' : 'True', allowed.condition);
  const keepMs = longestLookBackMs(behavior);
  const next = {
    ...memory,
    recommendations: withRecommendation(memory.recommendations, wanted, nowMs, keepMs),
  };
  if (allowed.replicas === current) {
    remember(pass, next);
    return finish(pass, current, current, statuses);
  }
  const why = wanted > current ? `${name} above target` : wanted < current ? reasons.ALL_BELOW : '';
  return rescale(pass, target, allowed.replicas, why, next, statuses);
}

/** Writes the new size; the memory goes first, so that a crash in between forgets no change that was made. */
function rescale(
  pass: Pass,
  target: ScaleTarget,
  replicas: number,
  why: string,
  memory: Memory,
  statuses: readonly Record<string, unknown>[],
): Plan {
  const { draft, autoscaler, nowMs } = pass;
  const current = target.replicas;
  const change = { atMs: nowMs, replicas: Math.abs(replicas - current) };
  const keepMs = longestLookBackMs(autoscaler.spec.behavior);
  const recent = (entries: Memory['scaleUps']) => entries.filter(({ atMs }) => atMs > nowMs - keepMs);
  const isUp = replicas > current;
  remember(pass, {
    ...memory,
    scaleUps: [...recent(memory.scaleUps), ...(isUp ? [change] : [])],
    scaleDowns: [...recent(memory.scaleDowns), ...(isUp ? [] : [change])],
  });
  const patch = target.replicasPath.reduceRight<unknown>((inner, step) => ({ [step]: inner }), replicas);
  draft.add({
    effect: 'patch',
    target: target.ref,
    patch: patch as Record<string, unknown>,
    when: { uid: target.uid },
  });
  draft.note('Normal', reasons.SUCCESSFUL_RESCALE, reasons.newSize(replicas, why));
  judge(pass, 'AbleToScale', 'True', reasons.rescaled(replicas));
  return finish(pass, current, replicas, statuses, formatTime(nowMs));
}

function remember({ draft, autoscaler }: Pass, memory: Memory): void {
  const text = memoryText(memory);
  if (autoscaler.metadata.annotations?.[MEMORY_ANNOTATION] === text) return;
  const patch = { metadata: { annotations: { [MEMORY_ANNOTATION]: text } } };
  draft.add({ effect: 'patch', target: refOf(autoscaler), patch, when: { uid: autoscaler.metadata.uid } });
}

/** The first look counts the size it finds as a recommendation, so that a new autoscaler does not scale down at once. */
function startedMemory(autoscaler: Autoscaler, current: number, nowMs: number): Memory {
  const memory = readMemory(autoscaler.metadata.annotations?.[MEMORY_ANNOTATION]);
  if (memory.recommendations.length > 0) return memory;
  return { ...memory, recommendations: [{ atMs: nowMs, replicas: current }] };
}

function selectorProblem(
  { selector }: ScaleTarget,
  rivals: AutoscalerObservation['rivals'],
): { event: string; why: string; verdict: reasons.Verdict } | undefined {
  if (selector === '') {
    const verdict = { reason: 'InvalidSelector', message: "the HPA target's scale is missing a selector" };
    return { event: 'SelectorRequired', why: 'selector is required', verdict };
  }
  if (rivals.length <= 1) return undefined;
  const keys = rivals.map(({ namespace, name }) => `{${name} ${namespace}}`).join(' ');
  const why = `pods by selector ${selector} are controlled by multiple HPAs: [${keys}]`;
  return { event: 'AmbiguousSelector', why, verdict: { reason: 'AmbiguousSelector', message: why } };
}

function tolerancesOf({ spec }: Autoscaler) {
  const read = (rules: { tolerance?: unknown } | undefined) => {
    const milli = milliOf(rules?.tolerance);
    return milli === undefined ? TOLERANCE : milli / 1000;
  };
  return { scaleUp: read(spec.behavior?.scaleUp), scaleDown: read(spec.behavior?.scaleDown) };
}

function judge(pass: Pass, type: string, status: 'True' | 'False', verdict: reasons.Verdict): void {
  pass.conditions = withCondition(pass.conditions, { type, status, ...verdict }, formatTime(pass.nowMs));
}

function finish(
  { draft, autoscaler, conditions }: Pass,
  currentReplicas: number,
  desiredReplicas: number,
  currentMetrics: readonly Record<string, unknown>[],
  scaledAt?: string,
): Plan {
  const lastScaleTime = scaledAt ?? autoscaler.status?.lastScaleTime;
  return draft.finish({
    currentReplicas,
    desiredReplicas,
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...(currentMetrics.length === 0 ? {} : { currentMetrics }),
    conditions,
  });
}
