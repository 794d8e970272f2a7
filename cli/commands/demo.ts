import type { Command } from '../command.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'tell the whole story unattended, in a temporary clone',
  description:
    'Deploys three environments from git, lets a good release be promoted by its metrics and a bad one be rolled back\n' +
    'under live traffic, takes it back by a commit, carries the good one to production by an approval, and kills the engine\n' +
    'in the middle of a canary. Prints a timeline and what was observed; exits 0 only if every part of it was. Takes about\n' +
    'three minutes and touches nothing of yours.',
  arguments: [],
  options: [
    { name: 'requests-per-second', value: 'N', default: '150', summary: 'live traffic during the releases' },
    { name: 'keep', summary: 'keep the temporary clone and its state, and say where they are' },
  ],
  examples: [{ command: 'pern demo', does: 'see everything once' }],
  run: async (invocation) => (await import('../actions/demo.ts')).runDemo(invocation),
};
