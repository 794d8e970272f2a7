import { isDeleting } from '#kube/object.ts';
import { assessAvailability, countField, isPodReady, isPodTerminal, type Pod } from '../pod-facts/pod-state.ts';
import { REVISION_LABEL, type StatefulSet } from './identity.ts';

/** What the set's pods are now. When a rolling update has reached every pod, its revision becomes the current one. */
export function computeStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: { currentRevision: string; updateRevision: string },
  nowMs: number,
): Record<string, unknown> {
  const created = pods.filter((pod) => !isPodTerminal(pod));
  const ready = created.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod));
  const { availableCount } = assessAvailability(ready, set.spec.minReadySeconds ?? 0, nowMs);
  const ofRevision = (revision: string) =>
    created.filter((pod) => !isDeleting(pod) && pod.metadata.labels?.[REVISION_LABEL] === revision).length;
  const updated = ofRevision(revisions.updateRevision);
  const replicas = set.spec.replicas ?? 1;
  const isRolling = set.spec.updateStrategy?.type !== 'OnDelete';
  const isDone = isRolling && updated === replicas && ready.length === replicas && created.length === replicas;
  const currentRevision = isDone ? revisions.updateRevision : revisions.currentRevision;
  return {
    observedGeneration: set.metadata.generation,
    replicas: created.length,
    ...countField('readyReplicas', ready.length),
    ...countField('currentReplicas', isDone ? updated : ofRevision(currentRevision)),
    ...countField('updatedReplicas', updated),
    availableReplicas: availableCount,
    currentRevision,
    updateRevision: revisions.updateRevision,
    collisionCount: set.status?.collisionCount ?? 0,
  };
}
