import type { HistoryEntry } from '../../engine/stages/sync/application/types.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { historyLines, resourceListLines, syncPolicy } from '../view/application-text.ts';
import type { Application } from '../view/environments.ts';
import { findApplication, isRunning } from './app.ts';
import { asController } from './app-sources.ts';
import { refuseSecondOperation, requestOperation } from './app-sync.ts';

const APPLICATION = 'Application.argoproj.io';

export async function runAppHistory({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const application = await findApplication(await session.api(), words[0] ?? '');
  const history = asController(application).status?.history ?? [];
  const format = options.text('output');
  if (format === 'json') terminal.write(`${JSON.stringify(history, undefined, 2)}\n`);
  else if (format === 'id') terminal.lines(history.map(({ id }) => String(id)));
  else terminal.lines(historyLines(history));
  if (history.length === 0) terminal.note(`${application.metadata.name} has not been synced yet.`);
  else terminal.note(`Next: pern app rollback ${words[0]} ID`);
  return EXIT_CODES.ok;
}

export async function runAppRollback(invocation: Invocation): Promise<ExitCode> {
  const { session, options, environment, arguments: words } = invocation;
  const application = await findApplication(await session.api(), words[0] ?? '');
  const patch = planRollback(application, words[1], {
    prune: options.flag('prune'),
    dryRun: options.flag('dry-run'),
    user: environment.USER ?? 'pern',
  });
  return requestOperation(invocation, application, patch);
}

/**
 * The merge patch that deploys an entry of the history again (argo-cd.md §3.6): its revision and source, without hooks.
 * Throws CliError while auto-sync is on, which would take it back, and for an id that is not there.
 */
export function planRollback(
  application: Application,
  id: string | undefined,
  request: { prune: boolean; dryRun: boolean; user: string },
): Record<string, unknown> {
  const { name } = application.metadata;
  if (syncPolicy(application) !== 'Manual') {
    throw new CliError({
      what: `cannot roll back ${name}: rollback cannot be initiated when auto-sync is enabled`,
      why: 'the controller would sync it forward again at once',
      fix: 'revert the commit, or turn auto-sync off in git first',
      exitCode: EXIT_CODES.blocked,
    });
  }
  refuseSecondOperation(application);
  const history = asController(application).status?.history ?? [];
  const entry = chosenEntry(name, history, id);
  const { revision, revisions, source, sources } = entry;
  const options = asController(application).spec.syncPolicy?.syncOptions;
  return {
    operation: {
      initiatedBy: { username: request.user },
      sync: {
        ...(revisions === undefined ? { revision, source } : { revisions, sources }),
        ...(request.prune ? { prune: true } : {}),
        ...(request.dryRun ? { dryRun: true } : {}),
        ...(options === undefined ? {} : { syncOptions: options }),
        syncStrategy: { apply: {} },
      },
    },
    ...(application.status === undefined ? {} : { status: { operationState: null } }),
  };
}

/** The entry of an id; without one, the deployment before the last. */
function chosenEntry(name: string, history: readonly HistoryEntry[], id: string | undefined): HistoryEntry {
  const ids = history.map((entry) => entry.id).join(', ') || 'none';
  if (id === undefined) {
    const previous = history.at(-2);
    if (previous !== undefined) return previous;
    throw new CliError({
      what: `${name} has no deployment before the current one`,
      fix: `see "pern app history ${name}"`,
    });
  }
  const entry = history.find((one) => String(one.id) === id);
  if (entry !== undefined) return entry;
  throw new CliError({
    what: `application ${name} does not have deployment id ${id} in history`,
    fix: `use one of: ${ids}`,
  });
}

export async function runAppTerminate({ session, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const { name, namespace } = application.metadata;
  if (!isRunning(application)) {
    throw new CliError({
      what: `cannot terminate: ${name} has no operation in progress`,
      exitCode: EXIT_CODES.finding,
    });
  }
  await api.patch(APPLICATION, { namespace, name }, { status: { operationState: { phase: 'Terminating' } } });
  terminal.note(`The operation of ${name} is being terminated. Next: pern app wait ${words[0]} --operation`);
  return EXIT_CODES.ok;
}

export async function runAppResources({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const application = await findApplication(await session.api(), words[0] ?? '');
  if (options.text('output') === 'json') {
    terminal.write(`${JSON.stringify(application.status?.resources ?? [], undefined, 2)}\n`);
  } else terminal.lines(resourceListLines(application));
  terminal.note(`Next: pern app diff ${words[0]}`);
  return EXIT_CODES.ok;
}

export async function runAppConfirmDeletion({
  session,
  terminal,
  now,
  arguments: words,
}: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const { metadata } = await findApplication(api, words[0] ?? '');
  const approved = new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z');
  await api.patch(
    APPLICATION,
    { namespace: metadata.namespace, name: metadata.name },
    { metadata: { annotations: { 'argocd.argoproj.io/deletion-approved': approved } } },
  );
  terminal.note(`Deletions of ${metadata.name} are approved. Next: pern app get ${words[0]}`);
  return EXIT_CODES.ok;
}
