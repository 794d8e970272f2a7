import type { Effect } from '#control/plan.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject } from '#kube/object.ts';
import { waveOf } from './hooks.ts';
import type { ApplicationObservation } from './observe.ts';
import { optionOf } from './sync-options.ts';
import { approvedAtMs } from './sync-step.ts';
import type { Application } from './types.ts';

export const RESOURCES_FINALIZER = 'resources-finalizer.argocd.argoproj.io';
const CASCADE_FINALIZERS = [
  RESOURCES_FINALIZER,
  `${RESOURCES_FINALIZER}/foreground`,
  `${RESOURCES_FINALIZER}/background`,
];

/** The next effects of a cascaded deletion, highest wave first; empty while the current wave is still going. */
export function planDeletion(observation: ApplicationObservation): Effect[] {
  const { application, tracked } = observation;
  const own = (application.metadata.finalizers ?? []).filter((finalizer) => CASCADE_FINALIZERS.includes(finalizer));
  if (own.length === 0) return [];
  const doomed = tracked.filter((live) => isDeletable(observation, live));
  if (doomed.length === 0) return [withoutFinalizers(application, own)];
  if (doomed.some(isDeleting)) return [];
  const propagation = own.includes(`${RESOURCES_FINALIZER}/background`) ? 'Background' : 'Foreground';
  return lastWave(doomed).map((live) => ({ effect: 'delete', target: refOf(live), propagation }));
}

/** The objects of the highest wave (case cd/C19). */
export function lastWave<T extends { metadata: { annotations?: Record<string, string> } }>(objects: readonly T[]): T[] {
  const highest = Math.max(...objects.map(waveOf));
  return objects.filter((object) => waveOf(object) === highest);
}

function isDeletable({ application, instance, checked }: ApplicationObservation, live: KubeObject): boolean {
  if (live.kind === 'CustomResourceDefinition') return false;
  if (live.kind === 'Application' && live.metadata.name === instance) return false;
  if (live.metadata.annotations?.['helm.sh/resource-policy'] === 'keep') return false;
  const wanted = optionOf('Delete', checked.syncOptions, live);
  return wanted !== 'false' && (wanted !== 'confirm' || approvedAtMs(application.metadata.annotations) !== undefined);
}

function withoutFinalizers(application: Application, own: readonly string[]): Effect {
  const rest = (application.metadata.finalizers ?? []).filter((finalizer) => !own.includes(finalizer));
  const finalizers = rest.length > 0 ? rest : null;
  return { effect: 'patch', target: refOf(application), patch: { metadata: { finalizers } } };
}
