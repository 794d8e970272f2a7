import type { Argument, Metric } from './types.ts';

/** What is wrong with an analysis: its message is upstream's text, and becomes part of a condition or run message. */
export class AnalysisError extends Error {
  override name = 'AnalysisError';
}

/**
 * Replaces every `{{args.x}}` in the metric, wherever it stands (rollouts §3.3). The whole metric is treated as JSON text, so an
 * argument can fill conditions, limits, headers and addresses, and a value with quotes stays one string.
 * Throws AnalysisError for an argument without a value and for any other `{{…}}`.
 */
export function resolveMetricArgs(metric: Metric, args: readonly Argument[]): Metric {
  const values = new Map<string, string>();
  for (const { name, value } of args) {
    if (value === undefined || value === null) throw new AnalysisError(`argument "${name}" was not supplied`);
    values.set(`args.${name}`, value);
  }
  let unresolved: string | undefined;
  const resolved = JSON.stringify(metric).replace(/\{\{(.*?)\}\}/gs, (_whole, tag: string) => {
    const value = values.get(tag.trim());
    if (value === undefined) unresolved = tag;
    return value === undefined ? '' : JSON.stringify(String(value)).slice(1, -1);
  });
  if (unresolved !== undefined) throw new AnalysisError(`failed to resolve {{${unresolved}}}`);
  return JSON.parse(resolved) as Metric;
}

/** The arguments with placeholders for secrets: enough to validate metrics and to plan, and safe to show. */
export function withoutSecrets(args: readonly Argument[]): Argument[] {
  return args.map((arg) =>
    arg.valueFrom?.secretKeyRef === undefined ? arg : { name: arg.name, value: 'temp-for-secret' },
  );
}
