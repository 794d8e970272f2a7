import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { controllerOf, type KubeObject, objectKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { steersRoute } from './gateway-api.ts';
import { observeRollout, type RolloutObservation } from './observe.ts';
import { planRollout } from './plan.ts';
import { serviceNames, stableIngressNames } from './references.ts';
import { blueGreenOf, canaryOf, type Rollout, stepsOf } from './types.ts';
import { refersTo } from './workload-ref.ts';

function rolloutsOf(objects: Reader, namespace: string | undefined): readonly Rollout[] {
  return objects.list('Rollout.argoproj.io', namespace) as unknown as Rollout[];
}

function keysWhere(objects: Reader, namespace: string | undefined, names: (rollout: Rollout) => boolean): string[] {
  return rolloutsOf(objects, namespace).filter(names).map(objectKey);
}

function analyses(rollout: Rollout): boolean {
  const { prePromotionAnalysis, postPromotionAnalysis } = blueGreenOf(rollout) ?? {};
  const gates = [canaryOf(rollout).analysis, prePromotionAnalysis, postPromotionAnalysis];
  return [...gates, ...stepsOf(rollout).map(({ analysis }) => analysis)].some((analysis) => analysis !== undefined);
}

/** Rollouts that take their template from this object. What something controls is no workload of its own. */
function followersOf(workload: unknown, objects: Reader): string[] {
  const object = workload as KubeObject;
  if (controllerOf(object) !== undefined) return [];
  return keysWhere(objects, object.metadata.namespace, (rollout) => refersTo(rollout, object));
}

/** Rollouts: ReplicaSets, traffic weights and analysis runs step by step towards the new template. */
export const rolloutController: Controller<RolloutObservation> = {
  name: 'rollouts-controller',
  root: 'Rollout.argoproj.io',
  triggers: [
    onRoot('Rollout.argoproj.io'),
    onOwned('ReplicaSet.apps', 'Rollout'),
    onOwned('AnalysisRun.argoproj.io', 'Rollout'),
    onOwned('Experiment.argoproj.io', 'Rollout'),
    onOwned('Ingress.networking.k8s.io', 'Rollout'),
    trigger('Deployment.apps', followersOf),
    trigger('ReplicaSet.apps', followersOf),
    trigger('Service', ({ metadata }, objects) =>
      keysWhere(objects, metadata.namespace, (rollout) => serviceNames(rollout).includes(metadata.name)),
    ),
    trigger('Ingress.networking.k8s.io', ({ metadata }, objects) =>
      keysWhere(objects, metadata.namespace, (rollout) => stableIngressNames(rollout).includes(metadata.name)),
    ),
    trigger('HTTPRoute.gateway.networking.k8s.io', (route, objects) =>
      keysWhere(objects, undefined, (rollout) => steersRoute(rollout, route)),
    ),
    trigger('AnalysisTemplate.argoproj.io', ({ metadata }, objects) =>
      keysWhere(objects, metadata.namespace, analyses),
    ),
    trigger('ClusterAnalysisTemplate.argoproj.io', (_template, objects) => keysWhere(objects, undefined, analyses)),
  ],
  observe: observeRollout,
  plan: planRollout,
};
