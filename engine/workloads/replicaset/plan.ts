import { Draft, type Plan } from '#control/plan.ts';
import { type KindMap, refOf } from '#kube/kinds.ts';
import { controllerReference, isDeleting } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import { assessAvailability, countField, isPodActive, type Pod } from '../pod-facts/pod-state.ts';
import { type PodTemplate, podFromTemplate } from '../pod-facts/template.ts';
import { inDeletionOrder } from './deletion-order.ts';
import * as reasons from './reasons.ts';

export interface ReplicaSetObservation {
  replicaSet: KindMap['ReplicaSet.apps'];
  /** Pods this ReplicaSet controls. */
  owned: readonly Pod[];
  /** Pods that nothing controls and that the selector matches. */
  orphans: readonly Pod[];
}

/** Pods created in one plan at most; the writes wake the controller for the rest. */
const BURST_REPLICAS_MAX = 500;

/** Holds the number of active pods at `spec.replicas`, and reports what they are. */
export function planReplicaSet({ replicaSet, owned, orphans }: ReplicaSetObservation, nowMs: number): Plan {
  const draft = new Draft();
  const claimed = isDeleting(replicaSet) ? owned : planClaims(draft, replicaSet, owned, orphans);
  const active = claimed.filter(isPodActive);
  if (!isDeleting(replicaSet)) planReplicas(draft, replicaSet, active, nowMs);
  return finishWithStatus(draft, replicaSet, active, nowMs);
}

/** Takes matching orphans, lets go of pods whose labels no longer match, and returns the pods that are ours. */
function planClaims(
  draft: Draft,
  replicaSet: KindMap['ReplicaSet.apps'],
  owned: readonly Pod[],
  orphans: readonly Pod[],
): Pod[] {
  const isMatch = (pod: Pod) => matchesSelector(replicaSet.spec.selector, pod.metadata.labels);
  for (const pod of owned.filter((candidate) => !isMatch(candidate) && !isDeleting(candidate))) {
    const rest = (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== replicaSet.metadata.uid);
    draft.add(ownersPatch(pod, rest));
  }
  const adopted = orphans.filter(isPodActive);
  for (const pod of adopted) {
    draft.add(ownersPatch(pod, [...(pod.metadata.ownerReferences ?? []), controllerReference(replicaSet)]));
  }
  return [...owned.filter(isMatch), ...adopted];
}

function ownersPatch(pod: Pod, ownerReferences: unknown[]) {
  return {
    effect: 'patch' as const,
    target: refOf(pod),
    patch: { metadata: { ownerReferences } },
    when: { uid: pod.metadata.uid },
  };
}

function planReplicas(
  draft: Draft,
  replicaSet: KindMap['ReplicaSet.apps'],
  active: readonly Pod[],
  nowMs: number,
): void {
  const missing = (replicaSet.spec.replicas ?? 1) - active.length;
  if (missing > 0) {
    const count = Math.min(missing, BURST_REPLICAS_MAX);
    const pod = podFromTemplate(replicaSet, replicaSet.spec.template as PodTemplate | undefined);
    for (let created = 0; created < count; created++)
      draft.add({ effect: 'create', object: pod, whenRefused: reasons.REFUSED });
    draft.note('Normal', reasons.SUCCESSFUL_CREATE, reasons.createdPods(count, pod.metadata.generateName ?? ''));
    return;
  }
  for (const pod of inDeletionOrder(active, nowMs).slice(0, -missing)) {
    draft.add({ effect: 'delete', target: refOf(pod), when: { uid: pod.metadata.uid } });
    draft.note('Normal', reasons.SUCCESSFUL_DELETE, reasons.deletedPod(pod.metadata.name));
  }
}

function finishWithStatus(
  draft: Draft,
  replicaSet: KindMap['ReplicaSet.apps'],
  active: readonly Pod[],
  nowMs: number,
): Plan {
  const templateLabels = replicaSet.spec.template?.metadata?.labels;
  const fullyLabeled = active.filter((pod) => matchesSelector({ matchLabels: templateLabels }, pod.metadata.labels));
  const availability = assessAvailability(active, replicaSet.spec.minReadySeconds ?? 0, nowMs);
  // Whether pods can be made is known only after trying; a refusal puts its condition back.
  const conditions = replicaSet.status?.conditions?.filter(({ type }) => type !== reasons.REPLICA_FAILURE);
  return draft.wakeAt(availability.nextAtMs).finish({
    replicas: active.length,
    ...countField('fullyLabeledReplicas', fullyLabeled.length),
    ...countField('readyReplicas', availability.readyCount),
    ...countField('availableReplicas', availability.availableCount),
    observedGeneration: replicaSet.metadata.generation,
    ...(conditions === undefined || conditions.length === 0 ? {} : { conditions }),
  });
}
