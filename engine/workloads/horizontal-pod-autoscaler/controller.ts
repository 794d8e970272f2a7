import { type Controller, onRoot, type World } from '#control/controller.ts';
import { splitKey } from '#kube/object.ts';
import { type LabelSelectorRequirement, matchesRequirement } from '#kube/selector.ts';
import type { Reader } from '#store/store.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { type AutoscalerObservation, planAutoscaler } from './plan.ts';
import { readScaleTarget } from './scale-target.ts';

/** Holds the use of a workload's pods at its target by changing how many there are. */
export const horizontalPodAutoscalerController: Controller<AutoscalerObservation> = {
  name: 'horizontal-pod-autoscaler',
  root: 'HorizontalPodAutoscaler.autoscaling',
  triggers: [onRoot('HorizontalPodAutoscaler.autoscaling')],
  observe: observeAutoscaler,
  plan: planAutoscaler,
};

function observeAutoscaler(key: string, { objects, answers }: World): AutoscalerObservation | undefined {
  const { namespace, name } = splitKey(key);
  const autoscaler = objects.get('HorizontalPodAutoscaler.autoscaling', namespace, name);
  if (autoscaler === undefined) return undefined;
  const target = readScaleTarget(autoscaler.spec.scaleTargetRef, namespace, objects);
  const pods = typeof target === 'string' ? [] : selectedPods(objects, namespace, target.requirements);
  return { autoscaler, target, pods, rivals: rivalsFor(pods, namespace, objects), answers };
}

function selectedPods(
  objects: Reader,
  namespace: string | undefined,
  requirements: readonly LabelSelectorRequirement[],
): Pod[] {
  if (requirements.length === 0) return [];
  return objects.list('Pod', namespace).filter((pod) => isSelected(pod, requirements));
}

function isSelected(pod: Pod, requirements: readonly LabelSelectorRequirement[]): boolean {
  return requirements.every((requirement) => matchesRequirement(requirement, pod.metadata.labels));
}

/** Every autoscaler of the namespace whose target selects one of these pods. */
function rivalsFor(pods: readonly Pod[], namespace: string | undefined, objects: Reader) {
  return objects.list('HorizontalPodAutoscaler.autoscaling', namespace).flatMap(({ metadata, spec }) => {
    const target = readScaleTarget(spec.scaleTargetRef, namespace, objects);
    const selects =
      typeof target !== 'string' &&
      target.requirements.length > 0 &&
      pods.some((pod) => isSelected(pod, target.requirements));
    return selects ? [{ namespace: namespace ?? '', name: metadata.name }] : [];
  });
}
