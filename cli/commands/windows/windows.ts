import type { Command, Option } from '../../command.ts';
import { LIVE } from '../rbac/can.ts';

const FILE: Option = {
  name: 'file',
  value: 'FILE',
  repeat: true,
  summary: 'read AppProjects and Applications from this YAML file instead of the tree',
};
const JSON_OUTPUT: Option = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  choices: ['json'],
  summary: 'print as json',
};
const APP: Option = {
  name: 'app',
  value: 'APP',
  summary: 'application or environment (pern-app-production, production)',
};
const AT: Option = {
  name: 'at',
  value: 'TIME',
  summary: 'when (2026-01-09T18:30:00+01:00; without a zone UTC; default: now)',
};
const COULD_BE: readonly Option[] = [
  { name: 'project', value: 'PROJECT', summary: 'project of an application that could be' },
  { name: 'namespace', short: 'n', value: 'NAME', summary: 'with --project: its destination namespace' },
  { name: 'cluster', value: 'NAME', summary: 'with --project: name or server of its destination cluster' },
];
const SOURCE =
  'Reads the tree of the repository as it is on disk; no engine is needed. --live asks the engine instead.';

export const windowsList: Command = {
  name: 'windows list',
  summary: 'list the sync windows of projects, and which are active now',
  description: `${SOURCE}\nExits 1 when a window is invalid.`,
  arguments: [{ name: 'PROJECT', summary: 'name of an AppProject (default: all)', optional: true }],
  options: [FILE, LIVE, JSON_OUTPUT],
  examples: [{ command: 'pern windows list', does: 'all windows of the tree' }],
  run: async (invocation) => (await import('../../actions/windows.ts')).runWindowsList(invocation),
};

export const windowsExplain: Command = {
  name: 'windows explain',
  summary: 'say whether an application may sync at a time, by which windows, and when it changes',
  description:
    `${SOURCE}\n` +
    'Exits 0 when the sync may begin, 4 when it is blocked: the automated one where the application has automated sync,\n' +
    'else, or with --manual, the one that a person asks for. Ends with a time line of seven days.',
  arguments: [],
  options: [
    APP,
    AT,
    { name: 'manual', summary: 'judge by what a person may do' },
    ...COULD_BE,
    FILE,
    LIVE,
    JSON_OUTPUT,
  ],
  examples: [
    { command: 'pern windows explain --app production', does: 'now' },
    { command: 'pern windows explain --app production --at "2026-12-24 18:00"', does: 'on Christmas Eve, in UTC' },
    {
      command: 'pern windows explain --file project.yaml --project shop --app web',
      does: 'before anything is committed',
    },
  ],
  run: async (invocation) => (await import('../../actions/windows.ts')).runWindowsExplain(invocation),
};

export const windowsNext: Command = {
  name: 'windows next',
  summary: 'show when syncs become allowed or blocked next',
  description: SOURCE,
  arguments: [],
  options: [
    APP,
    AT,
    { name: 'count', value: 'N', default: '10', summary: 'how many changes' },
    ...COULD_BE,
    FILE,
    LIVE,
    JSON_OUTPUT,
  ],
  examples: [{ command: 'pern windows next --app production', does: 'the next openings and closings' }],
  run: async (invocation) => (await import('../../actions/windows.ts')).runWindowsNext(invocation),
};
