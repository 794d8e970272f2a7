import type { World } from '#control/controller.ts';
import type { KindMap } from '#kube/kinds.ts';
import { controllerOf, isDeleting, splitKey } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import type { AnalysisRun, AnalysisTemplate } from '../analysis/types.ts';
import { ingressNames, serviceNames } from './references.ts';
import { canaryOf, type Rollout } from './types.ts';

export type ReplicaSet = KindMap['ReplicaSet.apps'];
export type Service = KindMap['Service'];
export type Ingress = KindMap['Ingress.networking.k8s.io'];
export type Pod = KindMap['Pod'];

/** Everything a rollout's plan is made from. */
export interface RolloutObservation {
  rollout: Rollout;
  /** Controlled by the rollout, matched by its selector without a controller, or in the way under its name. */
  replicaSets: readonly ReplicaSet[];
  services: ReadonlyMap<string, Service>;
  ingresses: ReadonlyMap<string, Ingress>;
  /** All of the namespace: names may collide with runs of others. */
  runs: readonly AnalysisRun[];
  templates: ReadonlyMap<string, AnalysisTemplate>;
  clusterTemplates: ReadonlyMap<string, AnalysisTemplate>;
  /** Pods of the rollout's ReplicaSets by the ReplicaSet's uid; read only when something is to be done to pods. */
  pods: ReadonlyMap<string, readonly Pod[]>;
}

/** Reads what concerns one rollout. Undefined when it is gone or on its way out. */
export function observeRollout(key: string, { objects }: World): RolloutObservation | undefined {
  const { namespace, name } = splitKey(key);
  const rollout = objects.get('Rollout.argoproj.io', namespace, name) as unknown as Rollout | undefined;
  if (rollout === undefined || isDeleting(rollout)) return undefined;
  const replicaSets = objects.list('ReplicaSet.apps', namespace).filter((rs) => concerns(rollout, rs));
  const byName = <T extends { metadata: { name: string } }>(items: readonly T[]) =>
    new Map(items.map((item) => [item.metadata.name, item]));
  const present = <T>(items: (T | undefined)[]) => items.filter((item) => item !== undefined);
  return {
    rollout,
    replicaSets,
    services: byName(present(serviceNames(rollout).map((service) => objects.get('Service', namespace, service)))),
    ingresses: byName(
      present(ingressNames(rollout).map((ingress) => objects.get('Ingress.networking.k8s.io', namespace, ingress))),
    ),
    runs: objects.list('AnalysisRun.argoproj.io', namespace) as unknown as AnalysisRun[],
    templates: byName(objects.list('AnalysisTemplate.argoproj.io', namespace) as unknown as AnalysisTemplate[]),
    clusterTemplates: byName(objects.list('ClusterAnalysisTemplate.argoproj.io') as unknown as AnalysisTemplate[]),
    pods: needsPods(rollout)
      ? new Map(replicaSets.map(({ metadata: { uid } }) => [uid, objects.ownedBy('Pod', uid)]))
      : new Map(),
  };
}

function concerns(rollout: Rollout, rs: ReplicaSet): boolean {
  const owner = controllerOf(rs);
  if (owner !== undefined)
    return owner.uid === rollout.metadata.uid || rs.metadata.name.startsWith(`${rollout.metadata.name}-`);
  return (
    matchesSelector(rollout.spec.selector, rs.metadata.labels) ||
    rs.metadata.name.startsWith(`${rollout.metadata.name}-`)
  );
}

function needsPods({ spec, status }: Rollout): boolean {
  const { canaryMetadata, stableMetadata } = canaryOf({ spec });
  const restarting = spec.restartAt !== undefined && spec.restartAt !== status?.restartedAt;
  return restarting || canaryMetadata !== undefined || stableMetadata !== undefined;
}
