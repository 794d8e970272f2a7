import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appWait: Command = {
  name: 'app wait',
  summary: 'wait until an application is Synced and Healthy and nothing is under way',
  description: 'With one or more of --sync, --health and --operation it waits for these only.',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'sync', summary: 'wait until it is Synced' },
    { name: 'health', summary: 'wait until it is Healthy' },
    { name: 'operation', summary: 'wait until no operation runs' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait' },
  ],
  examples: [{ command: 'pern app wait production --timeout 2h', does: 'until a release has arrived' }],
  run: async (invocation) => (await import('../../actions/app.ts')).runAppWait(invocation),
};
