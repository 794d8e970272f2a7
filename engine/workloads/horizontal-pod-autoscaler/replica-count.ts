import { readAmount } from '#kube/canonical-quantity.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { groupPods, lastingContainers, type PodMetrics, type ResourceName } from './pod-metrics.ts';

/** How far off a ratio may be before anything is done about it. */
export interface Tolerances {
  scaleUp: number;
  scaleDown: number;
}

export interface Proposal {
  replicas: number;
  /** Average over the pods that count, in thousandths. */
  averageMilli: number;
  /** Per cent of the requests; for a utilisation target only. */
  utilization?: number;
}

export interface Measured {
  pods: readonly Pod[];
  metrics: PodMetrics;
  resource: ResourceName;
  nowMs: number;
}

/**
 * How many replicas bring the average to its target. A text is an error.
 * @param target `utilization` in per cent of what pods request, or `averageMilli` in thousandths a pod.
 * Source: Kubernetes v1.34 pkg/controller/podautoscaler/replica_calculator.go.
 */
export function computeReplicas(
  { pods, metrics, resource, nowMs }: Measured,
  target: { utilization: number; container?: string } | { averageMilli: number },
  currentReplicas: number,
  tolerances: Tolerances,
): Proposal | string {
  if (pods.length === 0) return 'no pods returned by selector while calculating replica count';
  const groups = groupPods(pods, metrics, resource, nowMs);
  const counted: PodMetrics = new Map(
    [...metrics].filter(([name]) => !groups.ignored.has(name) && !groups.unready.has(name)),
  );
  if (counted.size === 0) return 'did not receive metrics for targeted pods (pods might be unready)';
  const measure = measureFor(target, pods, resource);
  if (typeof measure === 'string') return measure;
  const first = measure(counted);
  if (typeof first === 'string') return first;
  const { ratio, ...figures } = first;
  const isWithin = (value: number) => 1 - tolerances.scaleDown <= value && value <= 1 + tolerances.scaleUp;
  const stay: Proposal = { replicas: currentReplicas, ...figures };
  const countsUnready = groups.unready.size > 0 && ratio > 1;
  if (!countsUnready && groups.missing.size === 0) {
    return isWithin(ratio) ? stay : { replicas: Math.ceil(ratio * groups.readyCount), ...figures };
  }
  // Doubt is settled against the direction of the change: unknown pods idle when scaling up, and are busy when scaling down.
  const assumed = new Map(counted);
  for (const name of groups.missing) {
    if (ratio < 1) assumed.set(name, measure.busy(name));
    else if (ratio > 1) assumed.set(name, 0);
  }
  if (countsUnready) for (const name of groups.unready) assumed.set(name, 0);
  const second = measure(assumed);
  if (typeof second === 'string') return second;
  if (isWithin(second.ratio) || ratio < 1 !== second.ratio < 1) return stay;
  const replicas = Math.ceil(second.ratio * assumed.size);
  const turnsBack = second.ratio < 1 ? replicas > currentReplicas : replicas < currentReplicas;
  return turnsBack ? stay : { replicas, ...figures };
}

interface Measure {
  (metrics: PodMetrics): { ratio: number; averageMilli: number; utilization?: number } | string;
  /** What a pod without a metric is taken to use when scaling down. */
  busy(pod: string): number;
}

function measureFor(
  target: { utilization: number; container?: string } | { averageMilli: number },
  pods: readonly Pod[],
  resource: ResourceName,
): Measure | string {
  if ('averageMilli' in target) {
    const measure = (metrics: PodMetrics) => {
      const averageMilli = Math.trunc(total(metrics.values()) / metrics.size);
      return { ratio: averageMilli / target.averageMilli, averageMilli };
    };
    return Object.assign(measure, { busy: () => target.averageMilli });
  }
  const requests = requestsOf(pods, resource, target.container);
  if (typeof requests === 'string') return requests;
  const measure = (metrics: PodMetrics) => {
    const known = [...metrics].filter(([name]) => requests.has(name));
    const requested = total(known.map(([name]) => requests.get(name) as number));
    if (requested === 0) return 'no metrics returned matched known pods';
    const used = total(known.map(([, value]) => value));
    const utilization = Math.trunc((used * 100) / requested);
    return { ratio: utilization / target.utilization, averageMilli: Math.trunc(used / known.length), utilization };
  };
  const busyPercent = Math.max(100, target.utilization);
  return Object.assign(measure, {
    busy: (pod: string) => Math.trunc(((requests.get(pod) ?? 0) * busyPercent) / 100),
  });
}

/** Requests of each pod in thousandths; a container without one makes every utilisation unknowable. */
function requestsOf(pods: readonly Pod[], resource: ResourceName, container?: string): Map<string, number> | string {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const own = container === undefined ? pod.spec.resources?.requests : undefined;
    if (own !== undefined) {
      const request = milliOf(own[resource]);
      if (request === undefined) return `missing pod-level request for ${resource} in Pod ${pod.metadata.name}`;
      requests.set(pod.metadata.name, request);
      continue;
    }
    let sum = 0;
    for (const { name, resources } of lastingContainers(pod)) {
      if (container !== undefined && container !== name) continue;
      const request = milliOf(resources?.requests?.[resource]);
      if (request === undefined)
        return `missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`;
      sum += request;
    }
    requests.set(pod.metadata.name, sum);
  }
  return requests;
}

/** A quantity in thousandths, rounded up. */
export function milliOf(quantity: unknown): number | undefined {
  const amount = quantity === undefined ? undefined : readAmount(quantity);
  return amount === undefined ? undefined : Math.ceil(Number(amount.nano) / 1e6);
}

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
