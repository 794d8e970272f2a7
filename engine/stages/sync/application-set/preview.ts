import type { KubeObject, Manifest } from '#kube/object.ts';
import { permissionsOf, writeApplication, writerOf } from './reconcile.ts';
import { withoutAutomatedSync } from './rolling-sync/operation.ts';
import { isRollingSync } from './rolling-sync/steps.ts';
import type { ApplicationSet } from './types.ts';

/** What a set would do to the Applications that are there, by name and sorted. */
export interface Preview {
  created: string[];
  /** With the merge patch each would get. */
  updated: { name: string; patch: Record<string, unknown> }[];
  deleted: string[];
  /** Would be updated or deleted, if `applicationsSync` allowed it. */
  protected: string[];
  /** Cannot be written, with the reason. */
  refused: { name: string; problem: string }[];
  unchanged: string[];
}

/**
 * Compares what a set generates with what there is, by the rules of its policy. `owned` are Applications the set
 * controls, `others` those of the same namespace that it does not.
 */
export function previewChanges(
  set: ApplicationSet,
  generated: readonly Manifest[],
  owned: readonly KubeObject[],
  others: readonly KubeObject[] = [],
): Preview {
  const permissions = permissionsOf(set.spec.syncPolicy?.applicationsSync) ?? { update: false, remove: false };
  const writer = writerOf(set, true);
  const live = new Map([...others, ...owned].map((application) => [application.metadata.name, application]));
  const result: Preview = { created: [], updated: [], deleted: [], protected: [], refused: [], unchanged: [] };
  for (const manifest of generated) {
    const name = manifest.metadata.name ?? '';
    const desired = isRollingSync(set.spec.strategy)
      ? { ...manifest, spec: withoutAutomatedSync(manifest.spec as Record<string, unknown>) }
      : manifest;
    const write = writeApplication(writer, desired, live.get(name));
    if (write === undefined) result.unchanged.push(name);
    else if ('error' in write) result.refused.push({ name, problem: write.error });
    else if (write.effect.effect !== 'patch') result.created.push(name);
    else if (permissions.update) result.updated.push({ name, patch: write.effect.patch });
    else result.protected.push(name);
  }
  const wanted = new Set(generated.map(({ metadata }) => metadata.name));
  for (const { metadata } of owned) {
    if (!wanted.has(metadata.name)) (permissions.remove ? result.deleted : result.protected).push(metadata.name);
  }
  return sorted(result);
}

function sorted(preview: Preview): Preview {
  const byName = (left: { name: string }, right: { name: string }) => (left.name < right.name ? -1 : 1);
  for (const names of [preview.created, preview.deleted, preview.protected, preview.unchanged]) names.sort();
  preview.updated.sort(byName);
  preview.refused.sort(byName);
  return preview;
}
