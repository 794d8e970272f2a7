import { Draft, type Plan } from '#control/plan.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '#kube/finalizers.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject, type OwnerReference } from '#kube/object.ts';

/** `waiting`: the owner is being deleted and waits for its dependents (foreground). */
export type OwnerState = 'solid' | 'waiting' | 'gone';

export interface Dependent {
  object: KubeObject;
  hasDependents: boolean;
  /** Another owner, not the one looked at, still wants it. */
  hasOtherOwner: boolean;
}

export interface CollectorObservation {
  object: KubeObject;
  owners: readonly { reference: OwnerReference; state: OwnerState }[];
  dependents: readonly Dependent[];
}

/**
 * What an object's owners and its own way of deletion ask for: Background (all owners gone: delete), Foreground (dependents
 * that block go first), Orphan (dependents are let go). Source: kubernetes-api.md §10.2, Kubernetes pkg/controller/garbagecollector.
 */
export function planCollection({ object, owners, dependents }: CollectorObservation): Plan {
  const draft = new Draft();
  const finalizers = object.metadata.finalizers ?? [];
  if (isDeleting(object) && finalizers.includes(ORPHAN_FINALIZER)) planOrphaning(draft, object, dependents);
  else if (isDeleting(object) && finalizers.includes(FOREGROUND_FINALIZER)) planForeground(draft, object, dependents);
  else if (!isDeleting(object)) planAsDependent(draft, object, owners, dependents.length > 0);
  return draft.finish();
}

function planOrphaning(draft: Draft, owner: KubeObject, dependents: readonly Dependent[]): void {
  for (const { object } of dependents) draft.add(withoutOwners(object, [owner.metadata.uid]));
  removeFinalizer(draft, owner, ORPHAN_FINALIZER);
}

function planForeground(draft: Draft, owner: KubeObject, dependents: readonly Dependent[]): void {
  const { uid } = owner.metadata;
  const kept = dependents.filter((dependent) => dependent.hasOtherOwner);
  for (const { object } of kept) draft.add(withoutOwners(object, [uid]));
  const doomed = dependents.filter((dependent) => !dependent.hasOtherOwner);
  for (const { object, hasDependents } of doomed) {
    if (!isDeleting(object)) remove(draft, object, hasDependents);
  }
  const isBlocking = ({ object }: Dependent) =>
    object.metadata.ownerReferences?.some(
      (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
    );
  if (!doomed.some(isBlocking)) removeFinalizer(draft, owner, FOREGROUND_FINALIZER);
}

function planAsDependent(
  draft: Draft,
  object: KubeObject,
  owners: CollectorObservation['owners'],
  hasDependents: boolean,
): void {
  const lost = owners.filter(({ state }) => state !== 'solid');
  if (lost.length === 0) return;
  if (lost.length < owners.length) {
    draft.add(
      withoutOwners(
        object,
        lost.map(({ reference }) => reference.uid),
      ),
    );
    return;
  }
  remove(draft, object, hasDependents && lost.some(({ state }) => state === 'waiting'));
}

function remove(draft: Draft, object: KubeObject, foreground: boolean): void {
  const { uid, finalizers = [] } = object.metadata;
  const asMarked = finalizers.includes(ORPHAN_FINALIZER) ? 'Orphan' : 'Background';
  const propagation = foreground || finalizers.includes(FOREGROUND_FINALIZER) ? 'Foreground' : asMarked;
  draft.add({ effect: 'delete', target: refOf(object), propagation, when: { uid } });
}

function withoutOwners(object: KubeObject, uids: readonly string[]) {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
  const patch = { metadata: { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences } };
  return { effect: 'patch' as const, target: refOf(object), patch, when: { uid: object.metadata.uid } };
}

function removeFinalizer(draft: Draft, object: KubeObject, finalizer: string): void {
  const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  draft.add({
    effect: 'patch',
    target: refOf(object),
    patch: { metadata: { finalizers } },
    when: { uid: object.metadata.uid },
  });
}
