/** Replacements (spec §8.3). */
import { fail } from '../errors.ts';
import type { LoadedReplacement } from '../loader/model.ts';
import type { Resource } from '../resource.ts';

/** Applies every replacement in order. Throws KustomizeError. */
export function applyReplacements(_resources: readonly Resource[], replacements: readonly LoadedReplacement[]): void {
  const [first] = replacements;
  if (first) fail(first.at, { code: 'unsupported', message: 'replacements are not supported yet', fix: 'use patches' });
}
