import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appManifests: Command = {
  name: 'app manifests',
  summary: 'print the manifests git declares for an application',
  description:
    'Renders the path of the application at a commit of the repository, with the overrides of its spec. What the\n' +
    'controller adds when it applies them (the tracking annotation, a missing namespace) is not in it.',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    {
      name: 'source',
      value: 'WHERE',
      choices: ['git', 'live'],
      default: 'git',
      summary: 'what git declares, or what is there',
    },
    { name: 'revision', value: 'REV', summary: 'branch, tag or commit (default: what the application tracks)' },
  ],
  examples: [
    { command: 'pern app manifests staging', does: 'what a sync would apply' },
    { command: 'pern app manifests staging --revision HEAD~1', does: 'what the commit before declares' },
  ],
  run: async (invocation) => (await import('../../actions/app-manifests.ts')).runAppManifests(invocation),
};
