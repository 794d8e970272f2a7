import { CLUSTER_KEY, type Controller, trigger } from '#control/controller.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '#kube/finalizers.ts';
import { findKind, KINDS, refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject, type OwnerReference } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { type CollectorObservation, type OwnerState, planCollection } from './plan.ts';

/**
 * Removes what nobody owns any more. Its keys are uids of objects; an object becomes a key only when there is something to do
 * for it, so an ordinary write costs a look at its few owner references, and only deletions look for dependents.
 */
export const garbageCollector: Controller<CollectorObservation> = {
  name: 'garbage-collector',
  root: undefined,
  triggers: KINDS.map((kind) => trigger(kind.id, (object, objects) => keysFor(object as KubeObject, objects))),
  observe: (uid, { objects }) => {
    const object = uid === CLUSTER_KEY ? undefined : objects.byUid(uid);
    if (object === undefined) return undefined;
    const dependents =
      hasWaitingFinalizer(object) || ownersOf(object).length > 0 ? dependentsOf(object.metadata.uid, objects) : [];
    return {
      object,
      owners: ownersOf(object).map((reference) => ({ reference, state: ownerState(object, reference, objects) })),
      dependents: dependents.map((dependent) => ({
        object: dependent,
        hasDependents: dependentsOf(dependent.metadata.uid, objects).length > 0,
        hasOtherOwner: ownersOf(dependent).some(
          (other) => other.uid !== uid && ownerState(dependent, other, objects) === 'solid',
        ),
      })),
    };
  },
  plan: planCollection,
};

function keysFor(object: KubeObject, objects: Reader): string[] {
  const { uid } = object.metadata;
  const owners = ownersOf(object);
  const waitingOwners = owners.filter((owner) => isWaiting(objects.byUid(owner.uid))).map((owner) => owner.uid);
  if (objects.byUid(uid) === undefined) {
    // Events are the most frequent deletions, and own nothing.
    const left = object.kind === 'Event' ? [] : dependentsOf(uid, objects).map(({ metadata }) => metadata.uid);
    return [...waitingOwners, ...left];
  }
  const isSelf = hasWaitingFinalizer(object) || owners.some((owner) => ownerState(object, owner, objects) !== 'solid');
  return isSelf ? [uid, ...waitingOwners] : waitingOwners;
}

function ownersOf(object: KubeObject): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}

function hasWaitingFinalizer(object: KubeObject): boolean {
  const finalizers = object.metadata.finalizers ?? [];
  return isDeleting(object) && (finalizers.includes(FOREGROUND_FINALIZER) || finalizers.includes(ORPHAN_FINALIZER));
}

function isWaiting(owner: KubeObject | undefined): boolean {
  return owner !== undefined && isDeleting(owner) && (owner.metadata.finalizers ?? []).includes(FOREGROUND_FINALIZER);
}

/** An owner is identified by uid, and must be in the dependent's namespace or cluster-scoped (kubernetes-api.md §10.2). */
function ownerState(dependent: KubeObject, reference: OwnerReference, objects: Reader): OwnerState {
  const owner = objects.byUid(reference.uid);
  if (owner === undefined) return 'gone';
  const isNear =
    findKind(refOf(owner).kind)?.namespaced !== true || owner.metadata.namespace === dependent.metadata.namespace;
  if (!isNear) return 'gone';
  return isWaiting(owner) ? 'waiting' : 'solid';
}

/** One look at every object: the store's index knows controlling owners only. Runs for deletions alone. */
function dependentsOf(uid: string, objects: Reader): KubeObject[] {
  const found: KubeObject[] = [];
  for (const object of objects.all()) {
    if (object.metadata.ownerReferences?.some((owner) => owner.uid === uid)) found.push(object);
  }
  const key = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace} ${metadata.name}`;
  return found.sort((left, right) => (key(left) < key(right) ? -1 : 1));
}
