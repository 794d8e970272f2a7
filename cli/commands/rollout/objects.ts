import { type Command, NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

const load = () => import('../../actions/rollout-objects.ts');

export const rolloutTerminateRun: Command = {
  name: 'rollout terminate analysisrun',
  summary: 'end analysis runs now, with what they have measured',
  arguments: [{ name: 'NAME', summary: 'analysis runs', repeat: true }],
  options: NAMESPACE_OPTIONS,
  examples: [{ command: 'pern rollout terminate analysisrun backend-6f5d8c9b-2 -e staging', does: 'stop measuring' }],
  run: async (invocation) => (await load()).runTerminate(invocation),
};

export const rolloutTerminateExperiment: Command = {
  name: 'rollout terminate experiment',
  summary: 'end experiments now',
  arguments: [{ name: 'NAME', summary: 'experiments', repeat: true }],
  options: NAMESPACE_OPTIONS,
  examples: [{ command: 'pern rollout terminate experiment compare -e staging', does: 'stop comparing' }],
  run: async (invocation) => (await load()).runTerminate(invocation),
};

export const rolloutRetryExperiment: Command = {
  name: 'rollout retry experiment',
  summary: 'begin experiments anew',
  arguments: [{ name: 'NAME', summary: 'experiments', repeat: true }],
  options: NAMESPACE_OPTIONS,
  examples: [{ command: 'pern rollout retry experiment compare -e staging', does: 'compare again' }],
  run: async (invocation) => (await load()).runRetryExperiment(invocation),
};

export const rolloutGetExperiment: Command = {
  name: 'rollout get experiment',
  summary: 'show an experiment: ReplicaSets with pods, and analyses with values beside thresholds',
  arguments: [{ name: 'NAME', summary: 'experiment' }],
  options: [...NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION],
  examples: [{ command: 'pern rollout get experiment compare -e staging -w', does: 'watch an experiment' }],
  run: async (invocation) => (await load()).runGetExperiment(invocation),
};

export const rolloutListExperiments: Command = {
  name: 'rollout list experiments',
  summary: 'list experiments',
  description: 'Without -n or -e it lists those of all namespaces.',
  arguments: [],
  options: [...NAMESPACE_OPTIONS, OUTPUT_OPTION],
  examples: [{ command: 'pern rollout list experiments', does: 'all experiments' }],
  run: async (invocation) => (await load()).runListExperiments(invocation),
};

export const rolloutCreate: Command = {
  name: 'rollout create',
  summary: 'create Rollouts, Experiments, AnalysisRuns and templates from files',
  arguments: [{ name: 'FILE', summary: 'files with manifests', repeat: true }],
  options: NAMESPACE_OPTIONS,
  examples: [{ command: 'pern rollout create experiment.yaml -e development', does: 'try two versions side by side' }],
  run: async (invocation) => (await load()).runCreate(invocation),
};

export const rolloutCreateRun: Command = {
  name: 'rollout create analysisrun',
  summary: 'measure once, outside of a release, with a template of the cluster or of a file',
  arguments: [],
  options: [
    ...NAMESPACE_OPTIONS,
    { name: 'from', value: 'TEMPLATE', summary: 'AnalysisTemplate to run' },
    { name: 'from-file', value: 'FILE', summary: 'file with the template' },
    { name: 'global', summary: 'it is a ClusterAnalysisTemplate' },
    { name: 'argument', value: 'NAME=VALUE', summary: 'argument of the template', repeat: true },
    { name: 'name', value: 'NAME', summary: 'name of the run (default: the template with a suffix)' },
    { name: 'generate-name', value: 'PREFIX', summary: 'prefix of a generated name' },
    { name: 'instance-id', value: 'ID', summary: 'instance id of the controller that is to run it' },
  ],
  examples: [
    {
      command: 'pern rollout create analysisrun --from success-rate --argument canary-hash=6f5d8c9b -e development',
      does: 'try a template against what runs now',
    },
  ],
  run: async (invocation) => (await load()).runCreateAnalysisRun(invocation),
};
