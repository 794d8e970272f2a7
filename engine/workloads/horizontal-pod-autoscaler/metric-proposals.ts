import { type Amount, amountText } from '#kube/canonical-quantity.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { type ResourceName, readUsage } from './pod-metrics.ts';
import { computeReplicas, milliOf, type Proposal, type Tolerances } from './replica-count.ts';

export type Autoscaler = KindMap['HorizontalPodAutoscaler.autoscaling'];
export type MetricSpec = NonNullable<Autoscaler['spec']['metrics']>[number];
type UsageAnswer = Answer<Extract<Question, { ask: 'query' }>>;

/** What one metric of the autoscaler leads to. */
export type MetricOutcome =
  | { ok: true; replicas: number; name: string; status: Record<string, unknown> }
  | {
      ok: false;
      /** Of the condition and the event. */
      reason: string;
      why: string;
      /** As it stands in the summary of all metrics. */
      summary: string;
    };

/** The resource a metric needs to know the use of; undefined for metrics that are not of resources. */
export function resourceOf(metric: MetricSpec): ResourceName | undefined {
  const name = (metric.resource ?? metric.containerResource)?.name;
  return name === 'cpu' || name === 'memory' ? name : undefined;
}

/** `answer` is what the metric's resource is used. Texts are upstream's. */
export function assessMetric(
  metric: MetricSpec,
  answer: UsageAnswer | undefined,
  { pods, currentReplicas, tolerances, nowMs }: MetricContext,
): MetricOutcome {
  const source = metric.type === 'ContainerResource' ? metric.containerResource : metric.resource;
  const resource = resourceOf(metric);
  if (source === undefined || resource === undefined || answer === undefined) return notServed(metric);
  const container = metric.type === 'ContainerResource' ? metric.containerResource?.container : undefined;
  const usage = readUsage(answer, pods, container);
  const { averageUtilization, averageValue } = source.target;
  const averageMilli = milliOf(averageValue);
  const what = averageMilli === undefined ? 'utilization' : 'usage';
  const target =
    averageMilli !== undefined
      ? { averageMilli }
      : averageUtilization === undefined
        ? undefined
        : { utilization: averageUtilization, ...(container === undefined ? {} : { container }) };
  if (target === undefined) return failed(metric, resource, NO_TARGET);
  const proposal =
    typeof usage === 'string'
      ? `unable to get metrics for resource ${resource}: ${usage}`
      : computeReplicas({ pods, metrics: usage, resource, nowMs }, target, currentReplicas, tolerances);
  if (typeof proposal === 'string') return failed(metric, resource, `failed to get ${resource} ${what}: ${proposal}`);
  return succeeded(metric, resource, container, proposal);
}

export interface MetricContext {
  pods: readonly Pod[];
  currentReplicas: number;
  tolerances: Tolerances;
  nowMs: number;
}

const NO_TARGET =
  'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set';

function failed(metric: MetricSpec, resource: ResourceName, why: string): MetricOutcome {
  const isContainer = metric.type === 'ContainerResource';
  return {
    ok: false,
    reason: isContainer ? 'FailedGetContainerResourceMetric' : 'FailedGetResourceMetric',
    why,
    summary: `failed to get ${resource} ${isContainer ? 'container resource' : 'resource'} metric value: ${why}`,
  };
}

/** A cluster without an adapter for such metrics answers likewise. */
function notServed(metric: MetricSpec): MetricOutcome {
  const kinds: Readonly<Record<string, string>> = { Pods: 'Pods', Object: 'Object', External: 'External' };
  const kind = kinds[metric.type] ?? 'Resource';
  const name = metric.pods?.metric.name ?? metric.object?.metric.name ?? metric.external?.metric.name;
  const what = name ?? metric.resource?.name ?? metric.containerResource?.name ?? metric.type;
  const why = `unable to get metric ${what}: no metrics API serves metrics of type ${metric.type} here, only cpu and memory of pods and containers`;
  const summary = `failed to get ${kind.toLowerCase()} metric value: ${why}`;
  return { ok: false, reason: `FailedGet${kind}Metric`, why, summary };
}

function succeeded(
  metric: MetricSpec,
  resource: ResourceName,
  container: string | undefined,
  { replicas, averageMilli, utilization }: Proposal,
): MetricOutcome {
  const format: Amount['format'] = resource === 'memory' ? 'binary' : 'decimal';
  const current = {
    ...(utilization === undefined ? {} : { averageUtilization: utilization }),
    averageValue: amountText({ nano: BigInt(averageMilli) * 10n ** 6n, format }),
  };
  const kind = container === undefined ? 'resource' : 'container resource';
  const name =
    utilization === undefined ? `${resource} resource` : `${resource} ${kind} utilization (percentage of request)`;
  const status =
    container === undefined
      ? { type: metric.type, resource: { name: resource, current } }
      : { type: metric.type, containerResource: { name: resource, container, current } };
  return { ok: true, replicas, name, status };
}
