import type { Command } from '../command.ts';

export const approve: Command = {
  name: 'approve',
  summary: 'approve what an environment waits for: checked, recorded, then synced',
  description:
    'For environments that are not synced automatically (production). Checks in this order, and shows: may you sync it, is\n' +
    'the revision signed by a key of its project, is a sync window open. If one refuses, nothing is changed and the exit\n' +
    'code is 4. Otherwise the sync begins at that commit, and the audit record says who approved it and why. An\n' +
    'approval carries out everything that git declares at the commit, deletions included.',
  arguments: [{ name: 'ENV', summary: 'environment or application (production, pern-app-production)' }],
  options: [
    {
      name: 'revision',
      value: 'REV',
      summary: 'commit, branch or tag; an older commit takes production back (default: HEAD)',
    },
    { name: 'reason', value: 'TEXT', summary: 'why, for the audit record and the tag' },
    { name: 'dry-run', summary: 'only say what would decide' },
    { name: 'async', summary: 'do not wait for the sync' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait for the sync' },
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['json'],
      summary: 'print the decision as json; implies --async',
    },
  ],
  examples: [
    { command: 'pern approve production --reason "release 1.4, CHG-1207"', does: 'deploy what was promoted' },
    { command: 'pern approve production --dry-run', does: 'may I, is it signed, is a window open' },
    { command: 'pern approve production --revision HEAD~1', does: 'take production back by one commit' },
  ],
  run: async (invocation) => (await import('../actions/approve.ts')).runApprove(invocation),
};
