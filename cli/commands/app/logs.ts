import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appLogs: Command = {
  name: 'app logs',
  summary: 'print the logs of the pods an application runs',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'kind', value: 'KIND', summary: 'only pods of resources of this kind' },
    { name: 'group', value: 'GROUP', summary: 'only pods of resources of this API group' },
    { name: 'name', value: 'NAME', summary: 'only pods of the resource of this name' },
    { name: 'container', short: 'c', value: 'NAME', summary: 'container (default: the first)' },
    { name: 'follow', short: 'f', summary: 'go on as lines are written' },
    { name: 'previous', short: 'p', summary: 'of the container before the last restart' },
    { name: 'tail', value: 'N', summary: 'only the last N lines' },
    { name: 'timestamps', summary: 'with the time of each line' },
  ],
  examples: [
    {
      command: 'pern app logs staging --kind Rollout --name backend --tail 20',
      does: 'the last lines of the back end',
    },
  ],
  run: async (invocation) => (await import('../../actions/app-logs.ts')).runAppLogs(invocation),
};
