import type { ObjectMeta } from '#kube/object.ts';

/** The parts of AnalysisRun and its templates that this stage works with. Times are RFC 3339 texts. */

export type IntOrString = number | string;
export type Phase = 'Pending' | 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';

export interface Argument {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string }; fieldRef?: { fieldPath: string } };
}

export interface PrometheusProvider {
  address?: string;
  query?: string;
  timeout?: number;
  insecure?: boolean;
  headers?: readonly { key: string; value: string }[];
  authentication?: unknown;
  rangeQuery?: { start?: string; end?: string; step?: string };
}

export interface WebProvider {
  url?: string;
  method?: string;
  headers?: readonly { key: string; value: string }[];
  body?: string;
  /** Any JSON value, sent as it is. */
  jsonBody?: unknown;
  timeoutSeconds?: number;
  jsonPath?: string;
  insecure?: boolean;
  authentication?: unknown;
}

export interface JobProvider {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

export interface Metric {
  name: string;
  interval?: string;
  initialDelay?: string;
  count?: IntOrString;
  successCondition?: string;
  failureCondition?: string;
  failureLimit?: IntOrString;
  inconclusiveLimit?: IntOrString;
  consecutiveErrorLimit?: IntOrString;
  consecutiveSuccessLimit?: IntOrString;
  provider?: { prometheus?: PrometheusProvider; web?: WebProvider; job?: JobProvider; [provider: string]: unknown };
}

export interface DryRunRule {
  metricName: string;
}

export interface RetentionRule {
  metricName: string;
  limit: number;
}

export interface AnalysisRunSpec {
  metrics?: readonly Metric[];
  args?: readonly Argument[];
  terminate?: boolean;
  dryRun?: readonly DryRunRule[];
  measurementRetention?: readonly RetentionRule[];
  ttlStrategy?: { secondsAfterCompletion?: number; secondsAfterFailure?: number; secondsAfterSuccess?: number };
}

export interface Measurement {
  phase: Phase;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  value?: string;
  metadata?: Record<string, string>;
  resumeAt?: string;
}

export interface MetricResult {
  name: string;
  phase: Phase;
  measurements?: readonly Measurement[];
  message?: string;
  count?: number;
  successful?: number;
  failed?: number;
  inconclusive?: number;
  error?: number;
  consecutiveError?: number;
  consecutiveSuccess?: number;
  dryRun?: boolean;
  metadata?: Record<string, string>;
}

/** Counts of metrics by outcome, not of measurements. */
export interface RunSummary {
  count?: number;
  successful?: number;
  failed?: number;
  inconclusive?: number;
  error?: number;
}

export interface AnalysisRunStatus {
  phase?: Phase;
  message?: string;
  metricResults?: readonly MetricResult[];
  startedAt?: string;
  completedAt?: string;
  runSummary?: RunSummary;
  dryRunSummary?: RunSummary;
}

export interface AnalysisRun {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: AnalysisRunSpec;
  status?: AnalysisRunStatus;
}

export interface AnalysisTemplateSpec {
  metrics?: readonly Metric[];
  args?: readonly Argument[];
  dryRun?: readonly DryRunRule[];
  measurementRetention?: readonly RetentionRule[];
  templates?: readonly { templateName: string; clusterScope?: boolean }[];
}

/** An AnalysisTemplate or a ClusterAnalysisTemplate. */
export interface AnalysisTemplate {
  kind: string;
  metadata: { name: string };
  spec: AnalysisTemplateSpec;
}

export function isCompletedPhase(phase: string | undefined): boolean {
  return phase === 'Successful' || phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
}

/** The integer an int-or-string holds; 0 for a text that is no integer, as upstream reads it. */
export function intValue(value: IntOrString | undefined): number {
  if (typeof value === 'number') return value;
  return value !== undefined && /^[+-]?\d+$/.test(value) ? Number(value) : 0;
}

/** How many measurements end the metric; undefined when it runs until it is terminated. */
export function effectiveCount(metric: Metric): number | undefined {
  const count = intValue(metric.count);
  if (count !== 0) return count;
  return metric.interval === undefined || metric.interval === '' ? 1 : undefined;
}
