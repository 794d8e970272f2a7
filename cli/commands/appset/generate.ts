import type { Command } from '../../command.ts';

export const appsetGenerate: Command = {
  name: 'appset generate',
  summary: 'print the applications an application set stands for; no engine needed',
  description:
    'Git generators read the repository the file is in, as it is on disk, or at --revision. Other repositories are named\n' +
    'with --map. With --diff the result is held against the running engine, with --base REV against what the set was at that\n' +
    'commit: what would be created, updated, deleted. Exits 1 when something would change, or when an application is invalid.',
  arguments: [{ name: 'FILE', summary: 'YAML file with one or more ApplicationSets' }],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['json', 'yaml', 'name', 'wide'],
      summary: 'print the applications as json or yaml, more columns (wide), or names only',
    },
    { name: 'revision', value: 'REV', summary: 'read this commit instead of the files on disk' },
    { name: 'map', value: 'URL=DIR', repeat: true, summary: 'a local clone that stands in for a repository URL' },
    { name: 'clusters', value: 'FILE', repeat: true, summary: 'YAML file with cluster Secrets for cluster generators' },
    { name: 'diff', summary: 'compare with the applications of the running engine' },
    { name: 'base', value: 'REV', summary: 'compare with what the set generated at this commit' },
  ],
  examples: [
    {
      command: 'pern appset generate pern-gitops/projects/applicationset.yaml',
      does: 'which environments there will be',
    },
    {
      command: 'pern appset generate pern-gitops/projects/applicationset.yaml --base main',
      does: 'which environments a branch adds and removes',
    },
  ],
  run: async (invocation) => (await import('../../actions/appset-generate.ts')).runAppsetGenerate(invocation),
};
