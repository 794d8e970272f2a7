import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appWait: Command = {
  name: 'app wait',
  summary: 'wait until an application is Synced and Healthy and nothing is under way',
  description:
    'With one or more of the switches it waits for these only; of --health, --suspended and --degraded any one will do.',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'sync', summary: 'wait until it is Synced' },
    { name: 'health', summary: 'wait until it is Healthy' },
    { name: 'suspended', summary: 'wait until it is Suspended' },
    { name: 'degraded', summary: 'wait until it is Degraded' },
    { name: 'operation', summary: 'wait until no operation runs' },
    { name: 'delete', summary: 'wait until it is gone' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait' },
  ],
  examples: [
    { command: 'pern app wait production --timeout 2h', does: 'until a release has arrived' },
    { command: 'pern app wait production --suspended --degraded', does: 'until the canary pauses or fails' },
  ],
  run: async (invocation) => (await import('../../actions/app.ts')).runAppWait(invocation),
};
