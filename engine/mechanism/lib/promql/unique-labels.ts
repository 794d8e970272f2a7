import { PromqlError } from './errors.ts';
import type { Labels } from './labels.ts';

/** @throws PromqlError when two elements carry equal labels. */
export function assertUniqueLabels(samples: readonly { readonly labels: Labels }[]): void {
  if (samples.length < 2) return;
  const seen = new Set<string>();
  for (const { labels } of samples) seen.add(labels.key);
  if (seen.size < samples.length)
    throw new PromqlError('execution', 'vector cannot contain metrics with the same labelset');
}
