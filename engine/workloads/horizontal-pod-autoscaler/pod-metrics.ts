import { parseTime } from '#core/clock.ts';
import { findCondition } from '#kube/conditions.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { Pod } from '../pod-facts/pod-state.ts';

export type ResourceName = 'cpu' | 'memory';

type QueryQuestion = Extract<Question, { ask: 'query' }>;

/** Over which the CPU use of a container is averaged; two scrapes of thirty seconds fit in. */
const RATE_SECONDS = 60;
/** How much readiness a sample needs behind it, as metrics-server's default resolution has it. */
const WINDOW_MS = 15_000;
/** In the first time of a pod, samples count only once a whole window of readiness is in them. */
const CPU_INITIALIZATION_MS = 300_000;
/** A pod that became unready this soon after its start is taken as one that has never been ready. */
const INITIAL_READINESS_DELAY_MS = 30_000;

/**
 * The question for what the containers of a namespace use now, from what the engine itself measures. `tick` makes each look
 * its own question, shared by all autoscalers of the namespace.
 */
export function usageQuestion(namespace: string, resource: ResourceName, tick: number): QueryQuestion {
  const containers = `{namespace=${JSON.stringify(namespace)},container!=""}`;
  const query =
    resource === 'cpu'
      ? `sum by (pod, container) (rate(container_cpu_usage_seconds_total${containers}[${RATE_SECONDS}s]))`
      : `sum by (pod, container) (container_memory_working_set_bytes${containers})`;
  const request = { provider: 'prometheus' as const, address: '', query, own: true };
  return { ask: 'query', measurement: `autoscaling@${tick}`, request };
}

/** Thousandths of cores or bytes, by pod name. */
export type PodMetrics = Map<string, number>;

/**
 * What each pod uses, in thousandths: all of its containers together, or the named one. A pod of which a container is
 * missing has no metric.
 */
export function readUsage(
  answer: Answer<QueryQuestion>,
  pods: readonly Pod[],
  container?: string,
): PodMetrics | string {
  if (!answer.ok) return `unable to fetch metrics from resource metrics API: ${answer.failure.message}`;
  const byContainer = new Map<string, number>();
  for (const { metric, value } of samplesOf(answer.value.result)) {
    byContainer.set(`${metric.pod}/${metric.container}`, milliOfSample(Number(value[1])));
  }
  const metrics: PodMetrics = new Map();
  for (const pod of pods) {
    const { name } = pod.metadata;
    const names = container === undefined ? lastingContainers(pod).map((one) => one.name) : [container];
    const values = names.map((one) => byContainer.get(`${name}/${one}`));
    if (values.every((value) => value !== undefined)) {
      metrics.set(
        name,
        (values as number[]).reduce((sum, value) => sum + value, 0),
      );
    }
  }
  return metrics.size === 0 ? 'no metrics returned from resource metrics API' : metrics;
}

/** Thousandths, rounded up as a quantity in billionths is: what is below that is the arithmetic's, not the program's. */
function milliOfSample(value: number): number {
  return Math.ceil(Math.round(value * 1e9) / 1e6);
}

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

function samplesOf(result: unknown): Sample[] {
  return Array.isArray(result) ? (result as Sample[]) : [];
}

/** Containers that run as long as the pod: sidecars count, other init containers do not. */
export function lastingContainers(pod: Pod) {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...pod.spec.containers, ...sidecars];
}

/** Pods by what an autoscaler may conclude from them. */
export interface PodGroups {
  readyCount: number;
  /** Not ready, or too young for their CPU use to say anything: their metrics do not count. */
  unready: ReadonlySet<string>;
  /** Running, but without a metric. */
  missing: ReadonlySet<string>;
  /** Going or failed. */
  ignored: ReadonlySet<string>;
}

/** Source: Kubernetes v1.34 pkg/controller/podautoscaler/replica_calculator.go, groupPods. */
export function groupPods(
  pods: readonly Pod[],
  metrics: ReadonlyMap<string, number>,
  resource: ResourceName,
  nowMs: number,
): PodGroups {
  const groups = { unready: new Set<string>(), missing: new Set<string>(), ignored: new Set<string>() };
  let readyCount = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || pod.status?.phase === 'Failed') groups.ignored.add(name);
    else if (pod.status?.phase === 'Pending') groups.unready.add(name);
    else if (!metrics.has(name)) groups.missing.add(name);
    else if (resource === 'cpu' && !isCpuMeaningful(pod, nowMs)) groups.unready.add(name);
    else readyCount++;
  }
  return { readyCount, ...groups };
}

function isCpuMeaningful(pod: Pod, nowMs: number): boolean {
  const condition = findCondition(pod.status?.conditions, 'Ready');
  const startedMs = parseTime(pod.status?.startTime);
  if (condition === undefined || startedMs === undefined) return false;
  const changedMs = parseTime(condition.lastTransitionTime) ?? 0;
  if (startedMs + CPU_INITIALIZATION_MS > nowMs) return condition.status !== 'False' && nowMs >= changedMs + WINDOW_MS;
  return condition.status !== 'False' || startedMs + INITIAL_READINESS_DELAY_MS <= changedMs;
}
