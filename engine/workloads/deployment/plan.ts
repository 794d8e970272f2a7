import { Draft, type Effect, type Plan } from '#control/plan.ts';
import { deepEqual } from '#core/json.ts';
import { type Condition, findCondition } from '#kube/conditions.ts';
import { refOf } from '#kube/kinds.ts';
import { controllerReference, isDeleting } from '#kube/object.ts';
import { isPodTerminal, type Pod } from '../pod-facts/pod-state.ts';
import * as reasons from './reasons.ts';
import { type Bounds, newSetReplicas, oldSetReplicas, proportionalReplicas, resolveBounds } from './replica-math.ts';
import {
  byAge,
  countsOf,
  DESIRED_REPLICAS,
  type Deployment,
  findNewSet,
  MAX_REPLICAS,
  newSetAnnotations,
  newSetManifest,
  REVISION,
  type ReplicaSet,
  revisionOf,
} from './revisions.ts';
import { computeStatus, isComplete } from './status.ts';

export interface DeploymentObservation {
  deployment: Deployment;
  sets: readonly ReplicaSet[];
  /** Matching ReplicaSets that nothing controls. */
  orphans: readonly ReplicaSet[];
  /** Pods of each set, by the set's uid; for Recreate. */
  pods: ReadonlyMap<string, readonly Pod[]>;
  /** The ReplicaSet that has the name the next one would get, when it is another template's. */
  nameTaken: boolean;
}

/** One planning of one Deployment: what is known, and what has been decided so far. */
interface Pass {
  draft: Draft;
  deployment: Deployment;
  replicas: number;
  bounds: Bounds;
  sets: readonly ReplicaSet[];
  newSet: ReplicaSet | undefined;
  oldSets: readonly ReplicaSet[];
  revision: number;
  nameTaken: boolean;
  announced: Pick<Condition, 'reason' | 'message'> | undefined;
  collisionCount: number | undefined;
}

/** Brings ReplicaSets towards the Deployment's template, one safe step a plan. */
export function planDeployment(observation: DeploymentObservation, nowMs: number): Plan {
  const pass = startPass(observation);
  const { deployment } = pass;
  if (!isDeleting(deployment)) {
    planAdoption(pass, observation.orphans);
    if (deployment.spec.paused || isScalingEvent(pass)) {
      syncNewSet(pass);
      planScale(pass);
    } else if (deployment.spec.strategy?.type === 'Recreate') planRecreate(pass, observation.pods);
    else planRollingUpdate(pass);
    if (deployment.spec.paused || isComplete(deployment, pass.newSet, pass.sets)) planHistory(pass);
  }
  const { status, deadlineMs } = computeStatus(pass, nowMs);
  return pass.draft.wakeAt(deadlineMs !== undefined && deadlineMs > nowMs ? deadlineMs : undefined).finish(status);
}

function startPass({ deployment, sets, orphans, nameTaken }: DeploymentObservation): Pass {
  const all = byAge([...sets, ...orphans]);
  const newSet = findNewSet(deployment, all);
  const oldSets = all.filter((set) => set !== newSet);
  const replicas = deployment.spec.replicas ?? 1;
  const isRecreate = deployment.spec.strategy?.type === 'Recreate';
  return {
    draft: new Draft(),
    deployment,
    replicas,
    bounds: isRecreate
      ? { maxSurge: 0, maxUnavailable: 0 }
      : resolveBounds(deployment.spec.strategy?.rollingUpdate, replicas),
    sets: all,
    newSet,
    oldSets,
    revision: Math.max(0, ...oldSets.map(revisionOf)) + 1,
    nameTaken,
    announced: undefined,
    collisionCount: deployment.status?.collisionCount,
  };
}

function planAdoption({ draft, deployment }: Pass, orphans: readonly ReplicaSet[]): void {
  for (const set of orphans) {
    const ownerReferences = [...(set.metadata.ownerReferences ?? []), controllerReference(deployment)];
    draft.add({
      effect: 'patch',
      target: refOf(set),
      patch: { metadata: { ownerReferences } },
      when: { uid: set.metadata.uid },
    });
  }
}

/** Some active set was last scaled for another number of replicas. */
function isScalingEvent({ sets, replicas }: Pass): boolean {
  return sets.some(
    (set) =>
      (set.spec.replicas ?? 1) > 0 &&
      set.metadata.annotations?.[DESIRED_REPLICAS] !== undefined &&
      set.metadata.annotations[DESIRED_REPLICAS] !== String(replicas),
  );
}

/** Revision annotations and minReadySeconds of the existing new set, and the Deployment's own revision. */
function syncNewSet(pass: Pass): void {
  const { draft, deployment, newSet, bounds } = pass;
  if (newSet === undefined) return;
  const annotations = newSetAnnotations(deployment, newSet, pass.revision, bounds.maxSurge);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isNoted = deepEqual({ ...newSet.metadata.annotations, ...annotations }, newSet.metadata.annotations);
  if (!isNoted || (newSet.spec.minReadySeconds ?? 0) !== minReadySeconds) {
    draft.add(setPatch(newSet, { metadata: { annotations }, spec: { minReadySeconds } }));
  }
  setDeploymentRevision(pass, annotations[REVISION] ?? '1');
  if (findCondition(deployment.status?.conditions, 'Progressing') === undefined) {
    pass.announced = { reason: reasons.FOUND_NEW_REPLICA_SET, message: reasons.found(newSet.metadata.name) };
  }
}

function setDeploymentRevision({ draft, deployment }: Pass, revision: string): void {
  if (deployment.metadata.annotations?.[REVISION] === revision) return;
  draft.add({
    effect: 'patch',
    target: refOf(deployment),
    patch: { metadata: { annotations: { [REVISION]: revision } } },
  });
}

/** Creates the set for the current template with `replicas`, or notes the collision that prevents it. */
function createNewSet(pass: Pass, replicas: number): void {
  const { draft, deployment, bounds, revision } = pass;
  if (pass.nameTaken) {
    pass.collisionCount = (pass.collisionCount ?? 0) + 1;
    draft.note('Warning', reasons.HASH_COLLISION, 'the name for the new replica set is taken; a new hash will be used');
    return;
  }
  const object = newSetManifest(deployment, { revision, replicas, maxSurge: bounds.maxSurge });
  const name = object.metadata.name ?? '';
  draft.add({ effect: 'create', object });
  if (replicas > 0) draft.note('Normal', reasons.SCALING_REPLICA_SET, reasons.scaled(name, 0, replicas));
  setDeploymentRevision(pass, String(revision));
  pass.announced = { reason: reasons.NEW_REPLICA_SET_CREATED, message: reasons.created(name) };
}

function planRollingUpdate(pass: Pass): void {
  const { newSet, oldSets, replicas, bounds } = pass;
  const oldWanted = oldSets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0);
  if (newSet === undefined) {
    const none = { name: '', wanted: 0, available: 0, maxReplicas: undefined };
    createNewSet(pass, newSetReplicas(replicas, none, oldWanted, bounds.maxSurge));
    return;
  }
  syncNewSet(pass);
  const counts = countsOf(newSet);
  const wanted = newSetReplicas(replicas, counts, oldWanted + counts.wanted, bounds.maxSurge);
  if (wanted !== counts.wanted) {
    scale(pass, newSet, wanted);
    return;
  }
  const changes = oldSetReplicas(replicas, bounds, counts, oldSets.map(countsOf));
  for (const set of oldSets) {
    const next = changes.get(set.metadata.name);
    if (next !== undefined) scale(pass, set, next);
  }
}

/** Every old pod is gone before the first new one is made. */
function planRecreate(pass: Pass, pods: ReadonlyMap<string, readonly Pod[]>): void {
  const active = pass.oldSets.filter((set) => (set.spec.replicas ?? 1) > 0);
  for (const set of active) scale(pass, set, 0);
  syncNewSet(pass);
  const stillRunning = pass.oldSets.some((set) =>
    (pods.get(set.metadata.uid) ?? []).some((pod) => !isPodTerminal(pod)),
  );
  if (active.length > 0 || stillRunning) return;
  if (pass.newSet === undefined) createNewSet(pass, pass.replicas);
  else scale(pass, pass.newSet, pass.replicas);
}

/** A change of spec.replicas, or scaling while paused: one active set follows, several share the change. */
function planScale(pass: Pass): void {
  const { newSet, sets, oldSets, replicas, bounds } = pass;
  const active = sets.filter((set) => (set.spec.replicas ?? 1) > 0);
  const only = active.length === 0 ? newSet : active.length === 1 ? active[0] : undefined;
  if (only !== undefined) {
    scale(pass, only, replicas);
    return;
  }
  if (newSet !== undefined && isSaturated(newSet, replicas)) {
    for (const set of oldSets) scale(pass, set, 0);
    return;
  }
  if (pass.deployment.spec.strategy?.type === 'Recreate') return;
  const total = active.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0);
  const ordered = bySize(active, total <= replicas + bounds.maxSurge);
  const shares = proportionalReplicas(replicas, bounds.maxSurge, ordered.map(countsOf));
  for (const set of ordered) scale(pass, set, shares.get(set.metadata.name) ?? 0);
}

function isSaturated(set: ReplicaSet, replicas: number): boolean {
  const isScaledFor = set.metadata.annotations?.[DESIRED_REPLICAS] === String(replicas);
  return isScaledFor && (set.spec.replicas ?? 1) === replicas && (set.status?.availableReplicas ?? 0) === replicas;
}

function bySize(sets: readonly ReplicaSet[], newestFirst: boolean): ReplicaSet[] {
  const aged = newestFirst ? byAge(sets).reverse() : byAge(sets);
  return aged.sort((left, right) => (right.spec.replicas ?? 1) - (left.spec.replicas ?? 1));
}

/** Sets a ReplicaSet's size and the sizes it was scaled for. */
function scale({ draft, replicas, bounds }: Pass, set: ReplicaSet, to: number): void {
  const from = set.spec.replicas ?? 1;
  const annotations = { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + bounds.maxSurge) };
  const isNoted = deepEqual({ ...set.metadata.annotations, ...annotations }, set.metadata.annotations);
  if (from === to && (to === 0 || isNoted)) return;
  draft.add(setPatch(set, { metadata: { annotations }, ...(from === to ? {} : { spec: { replicas: to } }) }));
  if (from !== to) draft.note('Normal', reasons.SCALING_REPLICA_SET, reasons.scaled(set.metadata.name, from, to));
}

function setPatch(set: ReplicaSet, patch: Record<string, unknown>): Effect {
  return { effect: 'patch', target: refOf(set), patch, when: { uid: set.metadata.uid } };
}

/** Deletes the oldest empty sets beyond revisionHistoryLimit. */
function planHistory({ draft, deployment, oldSets }: Pass): void {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const alive = oldSets.filter((set) => !isDeleting(set));
  const excess = alive.length - limit;
  if (excess <= 0) return;
  for (const set of [...alive].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, excess)) {
    const isEmpty = (set.spec.replicas ?? 1) === 0 && (set.status?.replicas ?? 0) === 0;
    const isObserved = (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0);
    if (isEmpty && isObserved) draft.add({ effect: 'delete', target: refOf(set), when: { uid: set.metadata.uid } });
  }
}
