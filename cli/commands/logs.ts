import { type Command, NAMESPACE_OPTIONS } from '../command.ts';

export const logs: Command = {
  name: 'logs',
  summary: 'print the log of a pod, or of all pods of a workload',
  description:
    'NAME is a pod, or KIND/NAME of a rollout, replica set, stateful set, deployment or job. The lines of several pods\n' +
    'are preceded by the name of the pod.',
  arguments: [{ name: 'NAME', summary: 'a pod, or KIND/NAME of what owns the pods' }],
  options: [
    ...NAMESPACE_OPTIONS,
    { name: 'follow', short: 'f', summary: 'keep printing new lines' },
    { name: 'previous', short: 'p', summary: 'the log of the container before its last restart' },
    { name: 'tail', value: 'N', summary: 'only the last N lines' },
    { name: 'container', short: 'c', value: 'NAME', summary: 'container to read (default: the first)' },
    { name: 'timestamps', summary: 'precede each line with its time' },
  ],
  examples: [
    { command: 'pern logs rollout/backend -e development -f', does: 'follow all back-end pods' },
    { command: 'pern logs postgres-0 -e staging --tail 20', does: 'the last lines of the database' },
  ],
  run: async (invocation) => (await import('../actions/logs.ts')).runLogs(invocation),
};
