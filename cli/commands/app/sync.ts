import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

export const appSync: Command = {
  name: 'app sync',
  summary: 'sync an application now, and wait for the result',
  description:
    'Exits 1 when the sync does not succeed, 4 when a window or a policy forbids it, 124 when --timeout runs out.',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'revision', value: 'REV', summary: 'branch, tag or commit (default: what the application tracks)' },
    { name: 'prune', summary: 'delete what git no longer has' },
    { name: 'dry-run', summary: 'only say what would be done' },
    {
      name: 'resource',
      value: 'G:K:NAME',
      repeat: true,
      summary:
        'only this resource, as GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME; the core group is empty (:Service:web); with ! in front all but this one',
    },
    {
      name: 'strategy',
      value: 'NAME',
      choices: ['hook', 'apply'],
      default: 'hook',
      summary: 'with hooks, or without (apply)',
    },
    { name: 'force', summary: 'delete and make anew what cannot be changed in place' },
    { name: 'replace', summary: 'put manifests in place of objects instead of merging' },
    { name: 'server-side', summary: 'apply on the server side' },
    { name: 'apply-out-of-sync-only', summary: 'leave alone what is in sync' },
    { name: 'local', value: 'DIR', summary: 'apply the manifests of this folder instead of those in git' },
    { name: 'retry-limit', value: 'N', summary: 'try again this often when it fails; -1 for ever' },
    { name: 'retry-refresh', summary: 'take the newest commit when trying again' },
    { name: 'retry-backoff-duration', value: 'DURATION', default: '5s', summary: 'first wait before trying again' },
    { name: 'retry-backoff-factor', value: 'N', default: '2', summary: 'how much longer each wait is' },
    { name: 'retry-backoff-max-duration', value: 'DURATION', default: '3m', summary: 'longest wait' },
    { name: 'async', summary: 'do not wait' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait' },
  ],
  examples: [
    { command: 'pern app sync staging --prune', does: 'sync everything and delete what is gone from git' },
    { command: 'pern app sync staging --resource argoproj.io:Rollout:backend', does: 'sync one resource' },
    {
      command: 'pern app sync staging --local pern-gitops/apps/pern-app/overlays/staging --dry-run',
      does: 'would the work tree apply',
    },
  ],
  run: async (invocation) => (await import('../../actions/app-sync.ts')).runAppSync(invocation),
};
