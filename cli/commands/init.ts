import type { Command } from '../command.ts';

export const init: Command = {
  name: 'init',
  summary: 'write this tree for an application of your own',
  description:
    'Writes DIR/pern-gitops/: the tree of this project under the names, addresses and components of another application.\n' +
    'Asks nothing: what is not given comes from the git remote "origin" of DIR. Overwrites nothing. What the images have to\n' +
    'do is in docs/guides/adopt.md.',
  arguments: [{ name: 'DIR', summary: 'the repository of the application' }],
  options: [
    { name: 'name', value: 'NAME', summary: 'of namespaces, Applications and labels (default: the repository’s name)' },
    { name: 'repo', value: 'URL', summary: 'where Argo CD reads the tree (default: the remote "origin")' },
    { name: 'registry', value: 'HOST/OWNER', summary: 'where the images are (default: ghcr.io/OWNER for GitHub)' },
    { name: 'host', value: 'PATTERN', summary: 'host of an environment (default: NAME-{env}.localhost)' },
    {
      name: 'component',
      value: 'NAME',
      repeat: true,
      choices: ['backend', 'frontend', 'database', 'redis'],
      summary: 'only these components (default: all)',
    },
    {
      name: 'env',
      short: 'e',
      value: 'ENV',
      repeat: true,
      summary: 'only these environments (default: development, staging, production); others are made like staging',
    },
    { name: 'dry-run', summary: 'only list what would be written' },
  ],
  examples: [
    { command: 'pern init ../shop --dry-run', does: 'which files, under which names' },
    {
      command: 'pern init ../shop --host "{env}.shop.example.com" --component backend --component database',
      does: 'an API with a database',
    },
  ],
  run: async (invocation) => (await import('../actions/init.ts')).runInit(invocation),
};
