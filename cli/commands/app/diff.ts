import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appDiff: Command = {
  name: 'app diff',
  summary: 'show what a sync would change, object by object',
  description:
    'Compares what is live with what git declares as the controller does: with the defaults of the API and the ignored\n' +
    'differences, so what is printed is what a sync would do. Values of Secrets are masked. Exits 1 when something differs.',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'revision', value: 'REV', summary: 'branch, tag or commit (default: what the application tracks)' },
    { name: 'local', value: 'DIR', summary: 'compare with the manifests of this folder instead of those in git' },
    { name: 'refresh', summary: 'let the controller compare first' },
    { name: 'hard-refresh', summary: 'the same' },
    {
      name: 'exit-code',
      value: 'BOOL',
      choices: ['true', 'false'],
      default: 'true',
      summary: 'exit 1 when something differs',
    },
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['json'],
      summary: 'whole objects, live and desired, as JSON',
    },
  ],
  examples: [
    { command: 'pern app diff staging', does: 'why it is OutOfSync' },
    { command: 'pern app diff production --revision my-branch', does: 'what a merge of my-branch would change' },
    {
      command: 'pern app diff staging --local pern-gitops/apps/pern-app/overlays/staging',
      does: 'what the work tree would change',
    },
  ],
  run: async (invocation) => (await import('../../actions/app-diff.ts')).runAppDiff(invocation),
};
