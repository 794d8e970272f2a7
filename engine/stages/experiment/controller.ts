import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { objectKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { type ExperimentObservation, observeExperiment } from './observe.ts';
import { planExperiment } from './plan.ts';

function all(objects: Reader, namespace: string | undefined): string[] {
  return objects.list('Experiment.argoproj.io', namespace).map(objectKey);
}

/** Experiments: versions side by side for a while, judged by their analyses. */
export const experimentController: Controller<ExperimentObservation> = {
  name: 'experiments-controller',
  root: 'Experiment.argoproj.io',
  triggers: [
    onRoot('Experiment.argoproj.io'),
    onOwned('ReplicaSet.apps', 'Experiment'),
    onOwned('Service', 'Experiment'),
    onOwned('AnalysisRun.argoproj.io', 'Experiment'),
    trigger('AnalysisTemplate.argoproj.io', ({ metadata }, objects) => all(objects, metadata.namespace)),
    trigger('ClusterAnalysisTemplate.argoproj.io', (_template, objects) => all(objects, undefined)),
  ],
  observe: observeExperiment,
  plan: planExperiment,
};
