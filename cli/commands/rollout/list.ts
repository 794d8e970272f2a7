import { type Command, NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

export const rolloutList: Command = {
  name: 'rollout list',
  summary: 'list rollouts with step, weight and replicas',
  description: 'Without -n or -e it lists those of all namespaces.',
  arguments: [],
  options: [...NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION],
  examples: [{ command: 'pern rollout list', does: 'all rollouts of all environments' }],
  run: async (invocation) => (await import('../../actions/rollout.ts')).runRolloutList(invocation),
};
