import type { Command, Option } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

const load = () => import('../../actions/app-edit.ts');

/** Fields of an Application as options; `create` and `set` take the same. */
const SPEC_OPTIONS: readonly Option[] = [
  { name: 'repo', value: 'URL', summary: 'repository of the source' },
  { name: 'path', value: 'PATH', summary: 'folder in the repository' },
  { name: 'revision', value: 'REV', summary: 'branch, tag or commit to track' },
  { name: 'project', value: 'NAME', summary: 'project it belongs to' },
  { name: 'dest-namespace', value: 'NAME', summary: 'namespace to deploy into' },
  { name: 'dest-server', value: 'URL', summary: 'cluster to deploy to, by address' },
  { name: 'dest-name', value: 'NAME', summary: 'cluster to deploy to, by name' },
  {
    name: 'sync-policy',
    value: 'POLICY',
    choices: ['manual', 'none', 'automated', 'auto'],
    summary: 'whether it syncs by itself',
  },
  { name: 'auto-prune', summary: 'automated syncs delete what git no longer has' },
  { name: 'self-heal', summary: 'automated syncs also put back what was changed by hand' },
  { name: 'allow-empty', summary: 'automated syncs may delete everything' },
  { name: 'sync-option', value: 'OPTION', repeat: true, summary: 'sync option, such as CreateNamespace=true' },
  { name: 'kustomize-image', value: 'IMAGE', repeat: true, summary: 'image override, NAME=NEW:TAG' },
  { name: 'nameprefix', value: 'TEXT', summary: 'prefix of all names' },
  { name: 'namesuffix', value: 'TEXT', summary: 'suffix of all names' },
  { name: 'directory-recurse', summary: 'read folders below the path too' },
  { name: 'revision-history-limit', value: 'N', summary: 'deployments to remember' },
];
const LIVE = 'This changes the object in the cluster. Where git declares the application, what git says comes back.';

export const appCreate: Command = {
  name: 'app create',
  summary: 'create an application from options or a manifest',
  description: 'The application exists in the cluster only: add it to the tree to keep it.',
  arguments: [{ name: 'NAME', summary: 'name of the application', optional: true }],
  options: [
    { name: 'file', value: 'FILE', summary: 'manifest to create it from' },
    { name: 'upsert', summary: 'change it when it exists' },
    ...SPEC_OPTIONS,
  ],
  examples: [
    {
      command:
        'pern app create try --repo https://github.com/pern-gitops/pern-gitops.git --path try --dest-namespace default',
      does: 'deploy one folder, by hand',
    },
    { command: 'pern app create --file try.yaml --upsert', does: 'from a manifest' },
  ],
  run: async (invocation) => (await load()).runAppCreate(invocation),
};

export const appSet: Command = {
  name: 'app set',
  summary: 'change fields of an application',
  description: LIVE,
  arguments: [APPLICATION_ARGUMENT],
  options: SPEC_OPTIONS,
  examples: [{ command: 'pern app set try --sync-policy automated --self-heal', does: 'let it sync by itself' }],
  run: async (invocation) => (await load()).runAppSet(invocation),
};

export const appUnset: Command = {
  name: 'app unset',
  summary: 'take fields out of an application',
  description: `Fields are named as the options of "pern app set" that set them: kustomize-image, nameprefix, namesuffix,\nsync-option, sync-policy. ${LIVE}`,
  arguments: [APPLICATION_ARGUMENT, { name: 'FIELD', summary: 'field to take out', repeat: true }],
  options: [],
  examples: [
    { command: 'pern app unset try kustomize-image sync-policy', does: 'use the images of git, sync by hand' },
  ],
  run: async (invocation) => (await load()).runAppUnset(invocation),
};

export const appPatch: Command = {
  name: 'app patch',
  summary: 'patch an application',
  description: LIVE,
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'patch', value: 'JSON', summary: 'the patch' },
    { name: 'type', value: 'TYPE', choices: ['json', 'merge'], default: 'json', summary: 'JSON patch, or merge patch' },
  ],
  examples: [
    {
      command: `pern app patch try --type merge --patch '{"spec":{"source":{"path":"other"}}}'`,
      does: 'another folder',
    },
  ],
  run: async (invocation) => (await load()).runAppPatch(invocation),
};

export const appDelete: Command = {
  name: 'app delete',
  summary: 'delete an application, and with it what it deployed',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    {
      name: 'cascade',
      value: 'BOOL',
      choices: ['true', 'false'],
      default: 'true',
      summary: 'delete what it deployed too',
    },
    {
      name: 'propagation-policy',
      value: 'POLICY',
      choices: ['foreground', 'background'],
      default: 'foreground',
      summary: 'wait for what belongs to each object, or not',
    },
    { name: 'yes', short: 'y', summary: 'yes, delete it' },
  ],
  examples: [
    { command: 'pern app delete try --yes', does: 'with everything it deployed' },
    { command: 'pern app delete try --cascade false --yes', does: 'and leave everything it deployed' },
  ],
  run: async (invocation) => (await load()).runAppDelete(invocation),
};
