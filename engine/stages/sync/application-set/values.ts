import { renderText, type Templating } from './templating.ts';
import type { Params } from './types.ts';

/**
 * `values` of a generator, filled in with its own parameters and never with one another, so that they cannot grow without
 * bound (case cd/A07).
 */
export function withValues(
  params: Params,
  values: Readonly<Record<string, string>> | undefined,
  templating: Templating,
): Params {
  const entries = Object.entries(values ?? {}).map(
    ([key, text]) => [key, renderText(text, params, templating)] as const,
  );
  if (entries.length === 0) return params;
  if (templating.go) return { ...params, values: Object.fromEntries(entries) };
  return { ...params, ...Object.fromEntries(entries.map(([key, text]) => [`values.${key}`, text])) };
}
