import type { SyncWindow } from '../../engine/stages/sync/app-project/sync-window.ts';
import {
  addWindow,
  deleteWindow,
  switchWindow,
  updateWindow,
  WindowEditError,
} from '../../engine/stages/sync/app-project/window-edits.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { readProjects } from '../policy-files.ts';
import { windowListLines } from '../view/windows-text.ts';

type Windows = readonly SyncWindow[];
type Edit = (windows: Windows, id: number, invocation: Invocation) => Windows;

const EDITS: Readonly<Record<string, Edit>> = {
  add: (windows, _id, invocation) => addWindow(windows, givenWindow(invocation)),
  update: (windows, id, { options }) =>
    updateWindow(windows, id, {
      schedule: options.text('schedule'),
      duration: options.text('duration'),
      applications: listOption(options.texts('applications')),
      namespaces: listOption(options.texts('namespaces')),
      clusters: listOption(options.texts('clusters')),
      timeZone: options.text('time-zone'),
      description: options.text('description'),
    }),
  delete: (windows, id) => deleteWindow(windows, id),
  'enable-manual-sync': (windows, id) => switchWindow(windows, id, 'manualSync', true),
  'disable-manual-sync': (windows, id) => switchWindow(windows, id, 'manualSync', false),
  'enable-sync-overrun': (windows, id) => switchWindow(windows, id, 'syncOverrun', true),
  'disable-sync-overrun': (windows, id) => switchWindow(windows, id, 'syncOverrun', false),
};

/** All verbs of `proj windows`: a change of the project in the engine. */
export async function runProjWindowsEdit(invocation: Invocation): Promise<ExitCode> {
  const { session, terminal, now, arguments: words, command } = invocation;
  const [name = '', idText] = words;
  const api = await session.api();
  const project = await api.get('AppProject.argoproj.io', 'argocd', name);
  const before = ((project.spec as { syncWindows?: Windows } | undefined)?.syncWindows ?? []) as Windows;
  const edit = EDITS[command.name.split(' ').pop() ?? ''];
  if (edit === undefined) throw new Error(`${command.name} is no change of windows`);
  const windows = edited(() => edit(before, parseId(idText), invocation));
  const { resourceVersion } = project.metadata as { resourceVersion?: string };
  const patch = { metadata: { resourceVersion }, spec: { syncWindows: windows.length === 0 ? null : windows } };
  await api.patch('AppProject.argoproj.io', { namespace: 'argocd', name }, patch);
  terminal.lines(windowListLines([{ name, windows }], now()));
  noteSource(invocation, name);
  terminal.note('Next: pern windows next --live');
  return EXIT_CODES.ok;
}

function edited(change: () => Windows): Windows {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof WindowEditError)) throw error;
    throw new CliError({ what: error.message, fix: 'see "pern windows list --live" for the ids and fields' });
  }
}

function parseId(text: string | undefined): number {
  if (text === undefined) return -1;
  if (/^\d+$/.test(text)) return Number(text);
  throw new CliError({ what: `ID "${text}" is not a number`, fix: 'see "pern windows list --live" for the ids' });
}

function givenWindow({ options }: Invocation): SyncWindow {
  const flags = { manualSync: 'manual-sync', andOperator: 'use-and-operator', syncOverrun: 'sync-overrun' } as const;
  const lists = { applications: 'applications', namespaces: 'namespaces', clusters: 'clusters' } as const;
  const texts = { kind: 'kind', schedule: 'schedule', duration: 'duration', description: 'description' } as const;
  const pick = <T>(names: Readonly<Record<string, string>>, read: (name: string) => T | undefined) =>
    Object.entries(names).flatMap(([field, name]) => {
      const value = read(name);
      return value === undefined ? [] : [[field, value] as const];
    });
  return Object.fromEntries([
    ...pick(texts, (name) => options.text(name)),
    ...pick(lists, (name) => listOption(options.texts(name))),
    ...pick(flags, (name) => (options.flag(name) ? true : undefined)),
    ['timeZone', options.text('time-zone') ?? 'UTC'],
  ]) as SyncWindow;
}

/** As argocd: repeated, or with commas. */
function listOption(values: readonly string[]): string[] | undefined {
  const all = values.flatMap((value) => value.split(',')).filter((value) => value !== '');
  return all.length === 0 ? undefined : all;
}

/** A live change of something git declares does not last. */
function noteSource({ session, terminal }: Invocation, name: string): void {
  let file: string | undefined;
  try {
    file = readProjects(session.repository()).find(({ project }) => project.metadata.name === name)?.file;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
  }
  if (file === undefined) return;
  terminal.note(`Changed in the engine only: git declares this project, and self-heal takes the change back.`);
  terminal.note(`To keep it, write spec.syncWindows in ${file} and commit.`);
}
