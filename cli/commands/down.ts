import type { Command } from '../command.ts';

export const down: Command = {
  name: 'down',
  summary: 'stop the engine and everything it runs',
  arguments: [],
  options: [
    { name: 'purge', summary: 'remove the state folder too, with all data in it' },
    { name: 'timeout', value: 'DURATION', default: '60s', summary: 'how long to wait for a clean stop' },
  ],
  examples: [
    { command: 'pern down', does: 'stop; "pern up" goes on where it was' },
    { command: 'pern down --purge', does: 'stop and forget everything' },
  ],
  run: async (invocation) => (await import('../actions/down.ts')).runDown(invocation),
};
