import type { Command } from '../../command.ts';

export const rolloutLint: Command = {
  name: 'rollout lint',
  summary: 'what the controller would refuse in files with Rollouts, with line and column',
  description:
    'Needs no engine and no cluster. Services, Ingresses and templates are looked at when they are in the same file.\n' +
    'For a whole tree with its overlays there is "pern check".',
  arguments: [{ name: 'FILE', summary: 'files with manifests', repeat: true }],
  options: [{ name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print the findings as json' }],
  examples: [{ command: 'pern rollout lint rollout.yaml', does: 'before you commit' }],
  run: async (invocation) => (await import('../../actions/rollout-lint.ts')).runRolloutLint(invocation),
};
