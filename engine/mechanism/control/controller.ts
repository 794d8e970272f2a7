import type { KindId, ObjectOf } from '#kube/kinds.ts';
import { controllerOf, objectKey } from '#kube/object.ts';
import type { ContainerState, SandboxState } from '#machine/pods.ts';
import type { Reader } from '#store/store.ts';
import type { Answers, Plan } from './plan.ts';

export type { ContainerState, SandboxState };

/** What the machine shows at this moment, apart from objects. */
export interface MachineView {
  sandbox(podUid: string): SandboxState | undefined;
  sandboxes(): readonly SandboxState[];
}

/** Everything an observation may be made of. */
export interface World {
  objects: Reader;
  machine: MachineView;
  answers: Answers;
}

/** Says which root keys must be planned again when an object of `kind` changes, appears or goes. */
export interface Trigger<Id extends KindId = KindId> {
  kind: Id;
  keys: (object: ObjectOf<Id>, objects: Reader) => readonly string[];
}

/** Lets each trigger be written with the type of its kind. */
export function trigger<Id extends KindId>(kind: Id, keys: Trigger<Id>['keys']): Trigger {
  return { kind, keys } as unknown as Trigger;
}

/**
 * A controller as pure data and functions: `observe` reads the world into an immutable observation (undefined: the root
 * is gone, nothing to plan), `plan` decides. Level-triggered: neither may know which event woke it, and planning twice
 * from the same observation gives the same plan. One controller has one root kind; a controller whose root is the whole
 * cluster uses the single key CLUSTER_KEY.
 */
export interface Controller<Observation = unknown> {
  /** kebab-case; names logs, transcripts and the field manager. */
  name: string;
  /** The kind of the root object; undefined when the root is the whole cluster. */
  root: KindId | undefined;
  triggers: readonly Trigger[];
  observe(key: string, world: World): Observation | undefined;
  plan(observation: Observation, nowMs: number): Plan;
}

export const CLUSTER_KEY = 'cluster';

/** A trigger on the root kind itself. */
export function onRoot<Id extends KindId>(kind: Id): Trigger {
  return trigger(kind, (object) => [objectKey(object as { metadata: { name: string } })]);
}

/** A trigger on objects of `kind` that are controlled by an object of kind `ownerKind` (its Kind, e.g. `ReplicaSet`). */
export function onOwned<Id extends KindId>(kind: Id, ownerKind: string): Trigger {
  return trigger(kind, (object) => {
    const owner = controllerOf(object as { metadata: object });
    if (owner?.kind !== ownerKind) return [];
    const { namespace } = (object as { metadata: { namespace?: string } }).metadata;
    return [namespace === undefined ? owner.name : `${namespace}/${owner.name}`];
  });
}

/** A trigger for a controller whose root is the whole cluster. */
export function onAny(kind: KindId): Trigger {
  return trigger(kind, () => [CLUSTER_KEY]);
}
