import { type Controller, onOwned, onRoot } from '#control/controller.ts';
import { type AnalysisRunObservation, observeAnalysisRun } from './observe.ts';
import { planAnalysisRun } from './plan.ts';

/** AnalysisRuns: measure, count, decide. */
export const analysisRunController: Controller<AnalysisRunObservation> = {
  name: 'analysisruns-controller',
  root: 'AnalysisRun.argoproj.io',
  triggers: [onRoot('AnalysisRun.argoproj.io'), onOwned('Job.batch', 'AnalysisRun')],
  observe: observeAnalysisRun,
  plan: planAnalysisRun,
};
