import { type Command, OUTPUT_OPTION } from '../../command.ts';

const NAME = { name: 'NAME', summary: 'name of an ApplicationSet' };

export const appsetList: Command = {
  name: 'appset list',
  summary: 'list application sets with health and conditions',
  arguments: [],
  options: [OUTPUT_OPTION],
  examples: [
    { command: 'pern appset list', does: 'all application sets' },
    { command: 'pern appset list -o wide', does: 'with repository, path and revision of their template' },
  ],
  run: async (invocation) => (await import('../../actions/appset.ts')).runAppsetList(invocation),
};

export const appsetGet: Command = {
  name: 'appset get',
  summary: 'show one application set: conditions, applications, and how far a rolling sync is',
  arguments: [NAME],
  options: [{ name: 'refresh', summary: 'have its generators looked at anew first' }, OUTPUT_OPTION],
  examples: [{ command: 'pern appset get pern-app', does: 'which environments there are, and why not others' }],
  run: async (invocation) => (await import('../../actions/appset.ts')).runAppsetGet(invocation),
};

export const appsetCreate: Command = {
  name: 'appset create',
  summary: 'create application sets from files',
  description:
    'What is declared in git needs no create: the root application applies it. A set that exists with another spec is\n' +
    'refused unless --upsert is given; a templated project is refused, as Argo CD refuses it here.',
  arguments: [{ name: 'FILE', summary: 'YAML file with ApplicationSets', repeat: true }],
  options: [
    { name: 'upsert', summary: 'change a set that exists' },
    { name: 'dry-run', summary: 'only say what would be done' },
    OUTPUT_OPTION,
  ],
  examples: [
    { command: 'pern appset create previews.yaml --dry-run', does: 'check the file against the running engine' },
  ],
  run: async (invocation) => (await import('../../actions/appset.ts')).runAppsetCreate(invocation),
};

export const appsetDelete: Command = {
  name: 'appset delete',
  summary: 'delete application sets, and with them their applications',
  description:
    'The applications of a set go with it, unless its syncPolicy.applicationsSync is create-only or create-update. Without\n' +
    '--yes it only says what would go.',
  arguments: [{ ...NAME, repeat: true }],
  options: [{ name: 'yes', short: 'y', summary: 'do it' }],
  examples: [
    { command: 'pern appset delete previews', does: 'what would go' },
    { command: 'pern appset delete previews --yes', does: 'delete it' },
  ],
  run: async (invocation) => (await import('../../actions/appset.ts')).runAppsetDelete(invocation),
};
