import type { Command, Option } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

const load = () => import('../../actions/app-actions.ts');
const NARROW: readonly Option[] = [
  { name: 'kind', value: 'KIND', summary: 'only resources of this kind' },
  { name: 'group', value: 'GROUP', summary: 'only resources of this API group' },
  { name: 'resource-name', value: 'NAME', summary: 'only the resource of this name' },
  { name: 'namespace', short: 'n', value: 'NAME', summary: 'only resources in this namespace' },
];

export const appActionsList: Command = {
  name: 'app actions list',
  summary: 'list what can be done with the resources of an application',
  arguments: [APPLICATION_ARGUMENT],
  options: [...NARROW, { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print as JSON' }],
  examples: [{ command: 'pern app actions list staging --kind Rollout', does: 'actions of its rollouts' }],
  run: async (invocation) => (await load()).runAppActionsList(invocation),
};

export const appActionsRun: Command = {
  name: 'app actions run',
  summary: 'do one of these actions',
  arguments: [
    APPLICATION_ARGUMENT,
    { name: 'ACTION', summary: 'action, as the list names it (restart, promote-full)' },
  ],
  options: [...NARROW, { name: 'all', summary: 'do it with all resources that have it' }],
  examples: [
    {
      command: 'pern app actions run staging restart --kind Rollout --resource-name backend',
      does: 'restart its pods',
    },
  ],
  run: async (invocation) => (await load()).runAppActionsRun(invocation),
};
