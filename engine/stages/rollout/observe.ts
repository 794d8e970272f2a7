import type { World } from '#control/controller.ts';
import { deepFreeze, isRecord } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import { isDeleting, splitKey } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import type { Reader } from '#store/store.ts';
import type { AnalysisRun, AnalysisTemplate } from '../analysis/types.ts';
import type { Experiment } from '../experiment/types.ts';
import type { HttpRoute } from '../traffic/gateway/types.ts';
import { ephemeralMetadataOf } from './ephemeral-metadata.ts';
import { gatewayConfigOf, gatewayNamespace, steersRoute } from './gateway-api.ts';
import { computePodTemplateHash } from './hash.ts';
import { ingressNames, serviceNames } from './references.ts';
import type { Rollout, RolloutSpec } from './types.ts';
import { type ResolvedWorkload, resolveWorkload } from './workload-ref.ts';

export type ReplicaSet = KindMap['ReplicaSet.apps'];
export type Service = KindMap['Service'];
export type Ingress = KindMap['Ingress.networking.k8s.io'];
export type Pod = KindMap['Pod'];
export type PodDisruptionBudget = KindMap['PodDisruptionBudget.policy'];

/** Everything a rollout's plan is made from. */
export interface RolloutObservation {
  /** With the template and selector of the workload it refers to, if it refers to one. */
  rollout: Rollout;
  workload?: ResolvedWorkload;
  /** Controlled by the rollout, matched by its selector without a controller, or in the way under its name. */
  replicaSets: readonly ReplicaSet[];
  services: ReadonlyMap<string, Service>;
  ingresses: ReadonlyMap<string, Ingress>;
  /** Those the Gateway API plugin is told to steer. */
  httpRoutes: readonly HttpRoute[];
  /** The rollout's own, and those of nobody: their names may be in the way of new ones. */
  runs: readonly AnalysisRun[];
  /** Likewise. */
  experiments: readonly Experiment[];
  templates: ReadonlyMap<string, AnalysisTemplate>;
  clusterTemplates: ReadonlyMap<string, AnalysisTemplate>;
  /** Pods of the rollout's ReplicaSets by the ReplicaSet's uid; read only when something is to be done to pods. */
  pods: ReadonlyMap<string, readonly Pod[]>;
  /** Of the namespace; read only while a restart is under way. */
  budgets: readonly PodDisruptionBudget[];
}

/** Reads what concerns one rollout. Undefined when it is gone or on its way out. */
export function observeRollout(key: string, { objects }: World): RolloutObservation | undefined {
  const { namespace, name } = splitKey(key);
  const stored = objects.get('Rollout.argoproj.io', namespace, name) as unknown as Rollout | undefined;
  if (stored === undefined || isDeleting(stored)) return undefined;
  const { rollout, workload } = resolveWorkload({ ...stored, spec: withoutNulls(stored.spec) }, objects);
  const replicaSets = replicaSetsOf(rollout, objects);
  const byName = <T extends { metadata: { name: string } }>(items: readonly T[]) =>
    new Map(items.map((item) => [item.metadata.name, item]));
  const present = <T>(items: (T | undefined)[]) => items.filter((item) => item !== undefined);
  return {
    rollout,
    ...(workload === undefined ? {} : { workload }),
    replicaSets,
    services: byName(present(serviceNames(rollout).map((service) => objects.get('Service', namespace, service)))),
    ingresses: byName(
      present(ingressNames(rollout).map((ingress) => objects.get('Ingress.networking.k8s.io', namespace, ingress))),
    ),
    httpRoutes: httpRoutesOf(rollout, objects),
    runs: ownAndUncontrolled('AnalysisRun.argoproj.io', rollout, objects) as unknown as AnalysisRun[],
    experiments: ownAndUncontrolled('Experiment.argoproj.io', rollout, objects) as unknown as Experiment[],
    templates: byName(objects.list('AnalysisTemplate.argoproj.io', namespace) as unknown as AnalysisTemplate[]),
    clusterTemplates: byName(objects.list('ClusterAnalysisTemplate.argoproj.io') as unknown as AnalysisTemplate[]),
    pods: needsPods(rollout)
      ? new Map(replicaSets.map(({ metadata: { uid } }) => [uid, objects.ownedBy('Pod', uid)]))
      : new Map(),
    budgets: isRestarting(rollout) ? objects.list('PodDisruptionBudget.policy', namespace) : [],
  };
}

const normalSpecs = new WeakMap<object, RolloutSpec>();

/** The spec as a typed decoder reads it: null is absent. The same object when there is none, so that verdicts on it last. */
function withoutNulls(spec: RolloutSpec): RolloutSpec {
  let normal = normalSpecs.get(spec);
  if (normal === undefined) {
    normal = deepFreeze(dropNulls(spec) as RolloutSpec);
    normalSpecs.set(spec, normal);
  }
  return normal;
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(dropNulls);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  const entries = kept.map(([key, item]): [string, unknown] => [key, dropNulls(item)]);
  const same = kept.length === Object.keys(value).length && entries.every(([key, item]) => item === value[key]);
  return same ? value : Object.fromEntries(entries);
}

/** Own ones, orphans its selector matches, and any that has the name the current template asks for. */
function replicaSetsOf(rollout: Rollout, objects: Reader): ReplicaSet[] {
  const { namespace, uid, name } = rollout.metadata;
  const own = objects.ownedBy('ReplicaSet.apps', uid);
  const orphans = objects
    .ownedBy('ReplicaSet.apps', '')
    .filter((rs) => rs.metadata.namespace === namespace && matchesSelector(rollout.spec.selector, rs.metadata.labels));
  const hash = hashOf(rollout);
  const named = hash === undefined ? undefined : objects.get('ReplicaSet.apps', namespace, `${name}-${hash}`);
  const found = [...own, ...orphans];
  return named === undefined || found.includes(named) ? found : [...found, named];
}

function httpRoutesOf(rollout: Rollout, objects: Reader): readonly HttpRoute[] {
  if (gatewayConfigOf(rollout) === undefined) return [];
  const routes = objects.list('HTTPRoute.gateway.networking.k8s.io', gatewayNamespace(rollout));
  return routes.filter((route) => steersRoute(rollout, route));
}

/** A template that no hash can be made of does not validate either: the plan says what is wrong with it. */
function hashOf({ spec, status }: Rollout): string | undefined {
  try {
    return computePodTemplateHash(spec.template, status?.collisionCount);
  } catch {
    return undefined;
  }
}

function ownAndUncontrolled(
  kind: 'AnalysisRun.argoproj.io' | 'Experiment.argoproj.io',
  { metadata }: Rollout,
  objects: Reader,
): unknown[] {
  const uncontrolled = objects.ownedBy(kind, '').filter((item) => item.metadata.namespace === metadata.namespace);
  return [...objects.ownedBy(kind, metadata.uid), ...uncontrolled];
}

function isRestarting({ spec, status }: Rollout): boolean {
  return spec.restartAt !== undefined && spec.restartAt !== status?.restartedAt;
}

function needsPods(rollout: Rollout): boolean {
  const { next, stable } = ephemeralMetadataOf(rollout);
  return isRestarting(rollout) || next !== undefined || stable !== undefined;
}
