import type { Argument, Command, Option } from '../../command.ts';

const PROJECT: Argument = { name: 'PROJECT', summary: 'name of an AppProject' };
const ID: Argument = { name: 'ID', summary: 'number of the window, from "pern windows list --live"' };
const LASTING = 'A live change: where git declares the project, self-heal takes it back, and the answer says so.';

const FIELDS: readonly Option[] = [
  { name: 'schedule', value: 'CRON', summary: 'when it opens: five fields, Sunday is 0' },
  { name: 'duration', value: 'DURATION', summary: 'how long it stays open (90m, 62h; there are no days)' },
  { name: 'applications', value: 'NAMES', repeat: true, summary: 'globs of application names, separated by commas' },
  { name: 'namespaces', value: 'NAMES', repeat: true, summary: 'globs of destination namespaces' },
  { name: 'clusters', value: 'NAMES', repeat: true, summary: 'globs of destination clusters, by name or server' },
  { name: 'time-zone', value: 'ZONE', summary: 'zone of the schedule, Europe/Berlin (default: UTC)' },
  { name: 'description', value: 'TEXT', summary: 'a remark, at most 255 characters' },
];

function verb(name: string, summary: string, more: Partial<Command>): Command {
  return {
    name: `proj windows ${name}`,
    summary,
    description: LASTING,
    arguments: [PROJECT, ID],
    options: [],
    examples: [{ command: `pern proj windows ${name} pern-app 0`, does: `${summary}, for the first window` }],
    run: async (invocation) => (await import('../../actions/proj-windows.ts')).runProjWindowsEdit(invocation),
    ...more,
  };
}

export const projWindowsAdd = verb('add', 'add a sync window to a project', {
  arguments: [PROJECT],
  options: [
    { name: 'kind', value: 'KIND', choices: ['allow', 'deny'], summary: 'what it does to syncs' },
    ...FIELDS,
    { name: 'manual-sync', summary: 'let people sync all the same' },
    { name: 'sync-overrun', summary: 'let a sync that began before finish' },
    { name: 'use-and-operator', summary: 'applications, namespaces and clusters must all match, not one of them' },
  ],
  examples: [
    {
      command: 'pern proj windows add pern-app --kind deny --schedule "0 18 * * FRI" --duration 62h --applications "*"',
      does: 'no syncs on weekends',
    },
  ],
});

export const projWindowsUpdate = verb('update', 'change a sync window of a project', {
  options: FIELDS,
  description: `${LASTING}\nAs in Argo CD the time zone becomes UTC when --time-zone is left out.`,
  examples: [
    { command: 'pern proj windows update pern-app 0 --duration 4h --time-zone Europe/Berlin', does: 'make it longer' },
  ],
});

export const projWindowsDelete = verb('delete', 'delete a sync window of a project', {});
export const projWindowsEnableManualSync = verb('enable-manual-sync', 'let people sync in spite of a window', {});
export const projWindowsDisableManualSync = verb('disable-manual-sync', 'let a window hold for people too', {});
export const projWindowsEnableOverrun = verb('enable-sync-overrun', 'let syncs that began before a window finish', {});
export const projWindowsDisableOverrun = verb('disable-sync-overrun', 'stop running syncs at a window', {});
