import type { Draft, Plan } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject } from '#kube/object.ts';
import { RESOURCES_FINALIZER } from './expand.ts';
import type { ApplicationSetObservation } from './plan.ts';
import { permissionsOf } from './reconcile.ts';
import { assignSteps, isReverseDeletion, stepsOf } from './rolling-sync/steps.ts';

/** How long an Application may take to go before it is said to be stuck. */
const STUCK_AFTER_MS = 120_000;

/**
 * A set that goes (argo-cd.md §2.9). Applications that the policy protects lose their owner first and survive; with reverse
 * order they are deleted one at a time, those of the last step first. The rest is the garbage collector's.
 */
export function planDeletion(observation: ApplicationSetObservation, draft: Draft, nowMs: number): Plan {
  const { set, owned } = observation;
  if (permissionsOf(set.spec.syncPolicy?.applicationsSync)?.remove !== true) {
    for (const application of owned) {
      draft.add({ effect: 'patch', target: refOf(application), patch: { metadata: { ownerReferences: null } } });
    }
  }
  if (isReverseDeletion(set.spec.strategy) && planReverse(observation, draft, nowMs)) return draft.finish();
  const finalizers = set.metadata.finalizers ?? [];
  if (finalizers.includes(RESOURCES_FINALIZER)) {
    const kept = finalizers.filter((finalizer) => finalizer !== RESOURCES_FINALIZER);
    const patch = { metadata: { finalizers: kept.length === 0 ? null : kept } };
    draft.add({ effect: 'patch', target: refOf(set), patch });
  }
  return draft.finish();
}

/** True while an Application that a step selects is still there. */
function planReverse({ set, owned }: ApplicationSetObservation, draft: Draft, nowMs: number): boolean {
  const next = lastInOrder(set.spec.strategy, owned);
  if (next === undefined) return false;
  if (!isDeleting(next)) {
    draft.add({ effect: 'delete', target: refOf(next) });
    return true;
  }
  const stuckAtMs = (parseTime(next.metadata.deletionTimestamp) ?? nowMs) + STUCK_AFTER_MS;
  // Its going wakes the set; only the warning needs a time of its own.
  if (nowMs <= stuckAtMs) draft.wakeAt(stuckAtMs + 1);
  else {
    const message = `application ${next.metadata.name} has not been deleted in over 2 minutes`;
    draft.events.push({ type: 'Warning', reason: 'DeletionStuck', message, once: true });
  }
  return true;
}

/** The Application that goes next: of the last step that has one, by name. */
function lastInOrder(
  strategy: ApplicationSetObservation['set']['spec']['strategy'],
  owned: readonly KubeObject[],
): KubeObject | undefined {
  const { stepOf } = assignSteps(
    stepsOf(strategy),
    owned.map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} })),
  );
  const selected = owned.filter(({ metadata }) => stepOf.has(metadata.name));
  const stepNumber = ({ metadata }: KubeObject) => stepOf.get(metadata.name) ?? 0;
  return selected.sort(
    (left, right) => stepNumber(right) - stepNumber(left) || (left.metadata.name < right.metadata.name ? -1 : 1),
  )[0];
}
