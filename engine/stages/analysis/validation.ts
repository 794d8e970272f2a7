import { parseGoDurationMs } from '#core/duration.ts';
import { compileRegex, RegexSyntaxError } from '#lib/regex/regex.ts';
import { AnalysisError } from './arguments.ts';
import { type DryRunRule, intValue, type Metric, type RetentionRule } from './types.ts';

/** Throws AnalysisError with upstream's text for the first metric that cannot be run (rollouts §3.4). */
export function validateMetrics(metrics: readonly Metric[]): void {
  if (metrics.length === 0) throw new AnalysisError('no metrics specified');
  const names = new Set<string>();
  metrics.forEach((metric, index) => {
    if (names.has(metric.name)) throw new AnalysisError(`metrics[${index}]: duplicate name '${metric.name}'`);
    names.add(metric.name);
    const problem = limitProblem(metric) ?? countProblem(metric) ?? durationProblem(metric) ?? providerProblem(metric);
    if (problem !== undefined) throw new AnalysisError(`metrics[${index}]: ${problem}`);
  });
}

function limitProblem(metric: Metric): string | undefined {
  const failureLimit = intValue(metric.failureLimit);
  const successLimit = intValue(metric.consecutiveSuccessLimit);
  if (successLimit < 0) return 'consecutiveSuccessLimit must be >= 0';
  if (failureLimit < -1) return 'failureLimit must be >= 0, or -1 to be disabled';
  if (successLimit === 0 && failureLimit === -1) {
    return 'failureLimit and consecutiveSuccessLimit cannot both be disabled';
  }
  if (intValue(metric.inconclusiveLimit) < 0) return 'inconclusiveLimit must be >= 0';
  return intValue(metric.consecutiveErrorLimit) < 0 ? 'consecutiveErrorLimit must be >= 0' : undefined;
}

function countProblem(metric: Metric): string | undefined {
  const count = intValue(metric.count);
  const failureLimit = intValue(metric.failureLimit);
  const successLimit = intValue(metric.consecutiveSuccessLimit);
  if (count > 0) {
    if (failureLimit >= 0 && count < failureLimit + successLimit) {
      return `count (${count}) must be >= failureLimit + consecutiveSuccessLimit (${failureLimit} + ${successLimit}) if both >= 0`;
    }
    if (failureLimit < 0 && count < successLimit) return 'count must be >= consecutiveSuccessLimit';
    if (count < intValue(metric.inconclusiveLimit)) return 'count must be >= inconclusiveLimit';
  }
  return count > 1 && !metric.interval ? 'interval must be specified when count > 1' : undefined;
}

function durationProblem({ interval, initialDelay }: Metric): string | undefined {
  const problem = (text: string | undefined, what: string) =>
    text && parseGoDurationMs(text) === undefined
      ? `invalid ${what} string: time: invalid duration ${JSON.stringify(text)}`
      : undefined;
  return problem(interval, 'interval') ?? problem(initialDelay, 'startDelay');
}

function providerProblem({ provider = {} }: Metric): string | undefined {
  const count = providersOf(provider).length;
  if (count === 0) return 'no provider specified';
  return count > 1 ? 'multiple providers specified' : undefined;
}

/** The providers a metric names; each plugin counts as one. */
export function providersOf(provider: NonNullable<Metric['provider']>): string[] {
  return Object.keys(provider)
    .filter((name) => provider[name] !== undefined && provider[name] !== null)
    .flatMap((name) =>
      name === 'plugin' ? Object.keys(provider[name] as object).map((plugin) => `plugin ${plugin}`) : [name],
    )
    .sort();
}

/** Names of metrics that dry-run rules match. Rules are unanchored regular expressions; one that matches nothing is an error. */
export function dryRunMetrics(rules: readonly DryRunRule[], metrics: readonly Metric[]): ReadonlySet<string> {
  return new Set(rules.flatMap((rule, index) => matchedNames(rule, metrics, `dryRun[${index}]`)));
}

/** How many measurements to keep, by metric name. */
export function retentionLimits(
  rules: readonly RetentionRule[],
  metrics: readonly Metric[],
): ReadonlyMap<string, number> {
  return new Map(
    rules.flatMap((rule, index) =>
      matchedNames(rule, metrics, `measurementRetention[${index}]`).map((name) => [name, rule.limit] as const),
    ),
  );
}

function matchedNames(rule: DryRunRule, metrics: readonly Metric[], what: string): string[] {
  const names = metrics.map(({ name }) => name).filter((name) => isMatch(rule.metricName, name));
  if (names.length === 0) throw new AnalysisError(`${what}: Rule didn't match any metric name(s)`);
  return names;
}

function isMatch(pattern: string, name: string): boolean {
  try {
    return compileRegex(pattern).test(name);
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error;
    return false;
  }
}
