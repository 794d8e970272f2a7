import { type Command, NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

export const ROLLOUT_ARGUMENT = { name: 'NAME', summary: 'rollout (backend, frontend)' };

export const rolloutGet: Command = {
  name: 'rollout get',
  summary: 'show a rollout: steps, weights, revisions with pods, and analyses with values beside thresholds',
  arguments: [ROLLOUT_ARGUMENT],
  options: [...NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION],
  examples: [
    { command: 'pern rollout get backend -e development -w', does: 'watch a release' },
    { command: 'pern rollout get backend -e production', does: 'why a release was aborted' },
  ],
  run: async (invocation) => (await import('../../actions/rollout.ts')).runRolloutGet(invocation),
};
