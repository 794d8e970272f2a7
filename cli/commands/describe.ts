import { type Command, NAMESPACE_OPTIONS } from '../command.ts';

export const describe: Command = {
  name: 'describe',
  summary: 'show everything about objects, with their events',
  arguments: [
    { name: 'KIND', summary: 'kind of object, or KIND/NAME' },
    { name: 'NAME', summary: 'name of one object; without it all of the kind are described', optional: true },
  ],
  options: [...NAMESPACE_OPTIONS],
  examples: [
    { command: 'pern describe rollout backend -e development', does: 'spec, status and events of a rollout' },
    { command: 'pern describe pod/postgres-0 -e staging', does: 'why a pod does not start' },
  ],
  run: async (invocation) => (await import('../actions/describe.ts')).runDescribe(invocation),
};
