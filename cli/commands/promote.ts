import type { Command } from '../command.ts';

export const promote: Command = {
  name: 'promote',
  summary: 'carry image versions from one environment to the next, as a commit',
  arguments: [
    { name: 'FROM', summary: 'environment whose versions are taken' },
    { name: 'TO', summary: 'environment that gets them' },
  ],
  options: [{ name: 'component', value: 'NAME', repeat: true, summary: 'only this component' }],
  examples: [
    { command: 'pern promote development staging', does: 'all versions of development' },
    { command: 'pern promote staging production --component backend', does: 'one component' },
  ],
  run: async (invocation) => (await import('../actions/promote.ts')).runPromote(invocation),
};
