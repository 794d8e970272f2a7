import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appOrphans: Command = {
  name: 'app orphans',
  summary: "list what nobody manages in an application's namespace, and delete it on request",
  description:
    "What counts is the project's spec.orphanedResources, as for the condition OrphanedResourceWarning.\n" +
    'Exits 1 when there are orphans that were not deleted.',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'prune', summary: 'delete them; needs --yes' },
    { name: 'yes', short: 'y', summary: 'yes, delete' },
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print as json' },
  ],
  examples: [
    { command: 'pern app orphans staging', does: 'what is left over in the namespace of staging' },
    { command: 'pern app orphans staging --prune --yes', does: 'delete it' },
  ],
  run: async (invocation) => (await import('../../actions/orphans.ts')).runAppOrphans(invocation),
};
