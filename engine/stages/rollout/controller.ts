import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { objectKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { observeRollout, type RolloutObservation } from './observe.ts';
import { planRollout } from './plan.ts';
import { serviceNames, stableIngressNames } from './references.ts';
import { canaryOf, type Rollout, stepsOf } from './types.ts';

function rolloutsOf(objects: Reader, namespace: string | undefined): readonly Rollout[] {
  return objects.list('Rollout.argoproj.io', namespace) as unknown as Rollout[];
}

function keysWhere(objects: Reader, namespace: string | undefined, names: (rollout: Rollout) => boolean): string[] {
  return rolloutsOf(objects, namespace).filter(names).map(objectKey);
}

function analyses(rollout: Rollout): boolean {
  return canaryOf(rollout).analysis !== undefined || stepsOf(rollout).some(({ analysis }) => analysis !== undefined);
}

/** Rollouts: ReplicaSets, traffic weights and analysis runs step by step towards the new template. */
export const rolloutController: Controller<RolloutObservation> = {
  name: 'rollouts-controller',
  root: 'Rollout.argoproj.io',
  triggers: [
    onRoot('Rollout.argoproj.io'),
    onOwned('ReplicaSet.apps', 'Rollout'),
    onOwned('AnalysisRun.argoproj.io', 'Rollout'),
    onOwned('Ingress.networking.k8s.io', 'Rollout'),
    trigger('Service', ({ metadata }, objects) =>
      keysWhere(objects, metadata.namespace, (rollout) => serviceNames(rollout).includes(metadata.name)),
    ),
    trigger('Ingress.networking.k8s.io', ({ metadata }, objects) =>
      keysWhere(objects, metadata.namespace, (rollout) => stableIngressNames(rollout).includes(metadata.name)),
    ),
    trigger('AnalysisTemplate.argoproj.io', ({ metadata }, objects) =>
      keysWhere(objects, metadata.namespace, analyses),
    ),
    trigger('ClusterAnalysisTemplate.argoproj.io', (_template, objects) => keysWhere(objects, undefined, analyses)),
  ],
  observe: observeRollout,
  plan: planRollout,
};
