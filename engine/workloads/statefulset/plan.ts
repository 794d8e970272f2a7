import { Draft, type Plan } from '#control/plan.ts';
import { refOf } from '#kube/kinds.ts';
import { controllerReference, isDeleting } from '#kube/object.ts';
import { availableFromMs, isPodReady, isPodTerminal, type Pod } from '../pod-facts/pod-state.ts';
import { claimsFor, ordinalOf, podAt, REVISION_LABEL, type StatefulSet, updateRevisionOf } from './identity.ts';
import * as reasons from './reasons.ts';
import { computeStatus } from './status.ts';

export interface StatefulSetObservation {
  set: StatefulSet;
  pods: readonly Pod[];
  /** Matching pods, named after the set, that nothing controls. */
  orphans: readonly Pod[];
  /** Names of the claims that exist in the namespace. */
  claims: ReadonlySet<string>;
}

interface Pass {
  draft: Draft;
  set: StatefulSet;
  byOrdinal: ReadonlyMap<number, Pod>;
  claims: ReadonlySet<string>;
  /** Ordinals the set wants, ascending. */
  wanted: readonly number[];
  currentRevision: string;
  updateRevision: string;
  partition: number;
  isOrdered: boolean;
  nowMs: number;
}

/** Keeps pods 0…n-1 in their places, in order where the set asks for it, and updates them from the last to the first. */
export function planStatefulSet({ set, pods, orphans, claims }: StatefulSetObservation, nowMs: number): Plan {
  const draft = new Draft();
  const ours = [...pods, ...(isDeleting(set) ? [] : orphans)];
  const updateRevision = updateRevisionOf(set);
  const currentRevision = set.status?.currentRevision ?? updateRevision;
  if (!isDeleting(set)) {
    for (const pod of orphans) planAdoption(draft, set, pod);
    noteUnsupported(draft, set);
    const pass = startPass(draft, set, ours, claims, { currentRevision, updateRevision }, nowMs);
    if (planReplicas(pass) && planCondemned(pass)) planUpdate(pass);
  }
  for (const pod of ours) draft.wakeAt(laterThan(nowMs, availableFromMs(pod, set.spec.minReadySeconds ?? 0)));
  return draft.finish(computeStatus(set, ours, { currentRevision, updateRevision }, nowMs));
}

function laterThan(nowMs: number, timeMs: number | undefined): number | undefined {
  return timeMs !== undefined && timeMs > nowMs ? timeMs : undefined;
}

function startPass(
  draft: Draft,
  set: StatefulSet,
  pods: readonly Pod[],
  claims: ReadonlySet<string>,
  revisions: { currentRevision: string; updateRevision: string },
  nowMs: number,
): Pass {
  const start = set.spec.ordinals?.start ?? 0;
  const byOrdinal = new Map<number, Pod>();
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
  }
  return {
    draft,
    set,
    byOrdinal,
    claims,
    wanted: Array.from({ length: set.spec.replicas ?? 1 }, (_, index) => start + index),
    ...revisions,
    partition: set.spec.updateStrategy?.rollingUpdate?.partition ?? 0,
    isOrdered: set.spec.podManagementPolicy !== 'Parallel',
    nowMs,
  };
}

function planAdoption(draft: Draft, set: StatefulSet, pod: Pod): void {
  const ownerReferences = [...(pod.metadata.ownerReferences ?? []), controllerReference(set)];
  draft.add({
    effect: 'patch',
    target: refOf(pod),
    patch: { metadata: { ownerReferences } },
    when: { uid: pod.metadata.uid },
  });
}

function noteUnsupported(draft: Draft, set: StatefulSet): void {
  const warn = (field: string, value: string, effect: string) =>
    draft.note('Warning', reasons.UNSUPPORTED_FIELD, reasons.unsupported(field, value, effect));
  if (set.status?.observedGeneration === set.metadata.generation) return;
  const retention = set.spec.persistentVolumeClaimRetentionPolicy;
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = retention?.[field];
    if (value !== undefined && value !== 'Retain') {
      warn(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, 'claims are kept');
    }
  }
  const maxUnavailable = set.spec.updateStrategy?.rollingUpdate?.maxUnavailable;
  if (maxUnavailable !== undefined && maxUnavailable !== 1) {
    warn('spec.updateStrategy.rollingUpdate.maxUnavailable', String(maxUnavailable), 'one pod is updated at a time');
  }
}

/** Fills every place. Returns false when the plan must stop here and wait for a pod. */
function planReplicas(pass: Pass): boolean {
  for (const ordinal of pass.wanted) {
    const pod = pass.byOrdinal.get(ordinal);
    const goOn = pod === undefined ? createPod(pass, ordinal) : keepPod(pass, pod);
    if (!goOn && pass.isOrdered) return false;
  }
  return true;
}

function createPod(pass: Pass, ordinal: number): boolean {
  const { draft, set, partition, currentRevision, updateRevision } = pass;
  const start = set.spec.ordinals?.start ?? 0;
  const isHeldBack = set.spec.updateStrategy?.type !== 'OnDelete' && ordinal < start + partition;
  const name = `${set.metadata.name}-${ordinal}`;
  if (isHeldBack && currentRevision !== updateRevision) {
    draft.note('Warning', reasons.FAILED_CREATE, reasons.revisionNotKept(name, currentRevision, partition));
    return false;
  }
  createClaims(pass, name);
  const whenRefused = { reason: reasons.FAILED_CREATE, prefix: reasons.createFailed(set.metadata.name, name) };
  draft.add({ effect: 'create', object: podAt(set, ordinal, updateRevision), whenRefused });
  draft.note('Normal', reasons.SUCCESSFUL_CREATE, reasons.createdPod(set.metadata.name, name));
  return false;
}

function createClaims({ draft, set, claims }: Pass, podName: string): void {
  for (const claim of claimsFor(set, podName)) {
    const name = claim.metadata.name ?? '';
    if (claims.has(name)) continue;
    draft.add({ effect: 'create', object: claim, ifAbsent: true });
    draft.note('Normal', reasons.SUCCESSFUL_CREATE, reasons.createdClaim(set.metadata.name, name));
  }
}

/** True when the pod in this place needs nothing and others need not wait for it. */
function keepPod(pass: Pass, pod: Pod): boolean {
  const { draft, set, nowMs } = pass;
  if (isDeleting(pod)) return false;
  if (isPodTerminal(pod)) {
    draft.note('Warning', reasons.RECREATING_FAILED_POD, reasons.recreating(set.metadata.name, pod.metadata.name));
    deletePod(pass, pod);
    return false;
  }
  createClaims(pass, pod.metadata.name);
  const fromMs = availableFromMs(pod, set.spec.minReadySeconds ?? 0);
  return isHealthy(pod) && fromMs !== undefined && fromMs <= nowMs;
}

function isHealthy(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod) && !isDeleting(pod);
}

/** Removes places beyond the wanted ones, the last first. Returns false when the plan must stop here. */
function planCondemned(pass: Pass): boolean {
  const { byOrdinal, wanted, isOrdered } = pass;
  const kept = new Set(wanted);
  const condemned = [...byOrdinal].filter(([ordinal]) => !kept.has(ordinal)).sort(([left], [right]) => right - left);
  const firstUnhealthy = [...byOrdinal]
    .filter(([, pod]) => !isHealthy(pod))
    .sort(([left], [right]) => left - right)[0]?.[1];
  for (const [, pod] of condemned) {
    if (isDeleting(pod)) {
      if (isOrdered) return false;
      continue;
    }
    if (isOrdered && !isHealthy(pod) && pod !== firstUnhealthy) return false;
    deletePod(pass, pod);
    if (isOrdered) return false;
  }
  return true;
}

function deletePod({ draft, set }: Pass, pod: Pod): void {
  draft.add({ effect: 'delete', target: refOf(pod), when: { uid: pod.metadata.uid } });
  draft.note('Normal', reasons.SUCCESSFUL_DELETE, reasons.deletedPod(set.metadata.name, pod.metadata.name));
}

/** One pod of an old revision at a time, the last first, down to the partition. */
function planUpdate(pass: Pass): void {
  const { set, byOrdinal, wanted, partition, updateRevision } = pass;
  if (set.spec.updateStrategy?.type === 'OnDelete') return;
  for (const ordinal of wanted.slice(partition).reverse()) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) return;
    if (pod.metadata.labels?.[REVISION_LABEL] !== updateRevision && !isDeleting(pod)) {
      deletePod(pass, pod);
      return;
    }
    if (!isHealthy(pod)) return;
  }
}
