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
        'only this resource, as GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME; the core group is empty (:Service:web)',
    },
    { name: 'async', summary: 'do not wait' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait' },
  ],
  examples: [
    { command: 'pern app sync staging --prune', does: 'sync everything and delete what is gone from git' },
    { command: 'pern app sync staging --resource argoproj.io:Rollout:backend', does: 'sync one resource' },
  ],
  run: async (invocation) => (await import('../../actions/app-sync.ts')).runAppSync(invocation),
};
