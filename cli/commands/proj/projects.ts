import { type Command, type Option, OUTPUT_OPTION } from '../../command.ts';
import { LIVE } from '../rbac/can.ts';

const PROJECT = { name: 'PROJECT', summary: 'name of an AppProject' };

export const projList: Command = {
  name: 'proj list',
  summary: 'list projects with what they permit',
  arguments: [],
  options: [OUTPUT_OPTION],
  examples: [{ command: 'pern proj list', does: 'all projects' }],
  run: async (invocation) => (await import('../../actions/proj.ts')).runProjList(invocation),
};

export const projGet: Command = {
  name: 'proj get',
  summary: 'show one project: sources, destinations, kinds, roles, and what is wrong with it',
  arguments: [PROJECT],
  options: [OUTPUT_OPTION],
  examples: [{ command: 'pern proj get pern-app', does: 'what the environments may be made of' }],
  run: async (invocation) => (await import('../../actions/proj.ts')).runProjGet(invocation),
};

const KIND_OPTION: Option = { name: 'cluster-scoped', summary: 'the kind has no namespace (kind only)' };

export const projCan: Command = {
  name: 'proj can',
  summary: 'say whether a project permits a source, a destination or a kind',
  description:
    'Reads the AppProjects of the repository as they are on disk; no engine is needed. Exits 0 for yes, 1 for no.\n' +
    '  source URL · destination NAMESPACE [SERVER] · kind GROUP/KIND [NAME] (core kinds: /ConfigMap)',
  arguments: [
    PROJECT,
    { name: 'WHAT', summary: 'source, destination or kind' },
    { name: 'VALUE', summary: 'what WHAT asks for, in order', repeat: true },
  ],
  options: [LIVE, KIND_OPTION],
  examples: [
    { command: 'pern proj can pern-app destination pern-app-qa', does: 'may an environment named qa exist?' },
    { command: 'pern proj can pern-app kind batch/CronJob', does: 'does a CronJob need a line in the project?' },
  ],
  run: async (invocation) => (await import('../../actions/proj.ts')).runProjCan(invocation),
};
