/** Reasons and message texts of an Experiment's conditions and events, as Argo Rollouts writes them. */

export const REASON = {
  completed: 'ExperimentCompleted',
  invalidSpec: 'InvalidSpec',
  runTerminating: 'AnalysisRunTerminating',
  rsAvailable: 'NewReplicaSetAvailable',
  rsUpdated: 'ReplicaSetUpdated',
  scaling: 'ScalingReplicaSet',
} as const;

export const MESSAGE = {
  completed: (experiment: string) => `Experiment "${experiment}" has successfully ran and completed.`,
  deadline: (template: string, seconds: number) =>
    `Template '${template}' exceeded its progressDeadlineSeconds (${seconds})`,
  emptyName: (experiment: string, index: number) =>
    `Experiment ${experiment} has empty template name at index ${index}`,
  minReady: (index: number) =>
    `MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index ${index}`,
  missingSelector: (index: number) => `Rollout has missing field '.Spec.Templates[${index}].Selector'`,
  progressing: (experiment: string) => `Experiment "${experiment}" is progressing.`,
  repeatedName: (experiment: string, template: string) =>
    `Experiment ${experiment} has repeated template name '${template}' in templates`,
  requiredCompleted: 'Required AnalysisRuns completed',
  rsFailed: (template: string, problem: string) => `Failed to create ReplicaSet for template '${template}': ${problem}`,
  runChanged: (analysis: string, from: string, to: string, message: string | undefined) =>
    `AnalysisRun '${analysis}' transitioned from ${from} -> ${to}${message ? `: ${message}` : ''}`,
  runFailed: (analysis: string, problem: string) =>
    `Failed to create AnalysisRun for analysis '${analysis}': ${problem}`,
  running: (experiment: string) => `Experiment "${experiment}" is running.`,
  runTerminating: (analysis: string, run: string) => `Terminating ${analysis} (${run})`,
  scaled: (rs: string, from: number, to: number) =>
    `Scaled ${from < to ? 'up' : 'down'} ReplicaSet ${rs} from ${from} to ${to}`,
  selectsAll: (index: number) =>
    `This experiment is selecting all pods at index ${index}. A non-empty selector is required.`,
  serviceFailed: (service: string, template: string) =>
    `Failed to create Service ${service} for template '${template}': service ${service} already exists and is not owned by experiment template ${template}`,
  templateChanged: (template: string, from: string, to: string, message: string | undefined) =>
    `Template '${template}' transitioned from ${from} -> ${to}${message ? `: ${message}` : ''}`,
  templateMissing: (analysis: string, clusterScope: boolean, template: string) => {
    const kind = clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
    return `${kind} verification failed for analysis '${analysis}': ${kind.toLowerCase()}.argoproj.io "${template}" not found`;
  },
  transitioned: (from: string, to: string) => `Experiment transitioned from ${from} -> ${to}`,
};
