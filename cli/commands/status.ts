import { type Command, WATCH_OPTION } from '../command.ts';

export const status: Command = {
  name: 'status',
  summary: 'one screen: environments, applications, rollouts, pods',
  arguments: [],
  options: [WATCH_OPTION],
  examples: [
    { command: 'pern status', does: 'everything as it is now' },
    { command: 'pern status -w', does: 'and as it changes' },
  ],
  run: async (invocation) => (await import('../actions/status.ts')).runStatus(invocation),
};
