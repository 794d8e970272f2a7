import { afterText } from '../arguments.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { operationLines, resourceLines, syncPolicy } from '../view/application-text.ts';
import type { Application } from '../view/environments.ts';
import { span } from '../view/lines.ts';
import { findApplication, isRunning, waitLine } from './app.ts';
import { showLive } from './watch-view.ts';

const APPLICATION = 'Application.argoproj.io';

interface SyncRequest {
  revision: string | undefined;
  prune: boolean;
  dryRun: boolean;
  resources: readonly string[];
  user: string;
}

export async function runAppSync(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, signal, now, environment, arguments: words } = invocation;
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const { namespace, name } = application.metadata;
  const request: SyncRequest = {
    revision: options.text('revision'),
    prune: options.flag('prune'),
    dryRun: options.flag('dry-run'),
    resources: options.texts('resource'),
    user: environment.USER ?? 'pern',
  };
  const patch = planSync(application, request);
  const cache = new ObjectCache(api, [{ kind: APPLICATION, namespace }]);
  await cache.start(signal);
  const requested = await api.patch(APPLICATION, { namespace, name }, patch);
  if (options.flag('async')) {
    terminal.note(`Sync of ${name} requested. Next: pern app wait ${name}`);
    return EXIT_CODES.ok;
  }
  const timeoutMs = options.durationMs('timeout')!;
  const current = () => cache.find(APPLICATION, namespace, name);
  const end = await showLive({
    terminal,
    cache,
    signal,
    now,
    draw: () => [waitLine(current(), name)],
    isDone: () => isFinished(current(), requested.metadata.resourceVersion),
    deadlineMs: now() + timeoutMs,
  });
  if (end === 'stopped') return EXIT_CODES.finding;
  if (end === 'timeout') throw notFinished(name, timeoutMs);
  return printResult(invocation, current()!);
}

function printResult({ terminal }: Invocation, application: Application): ExitCode {
  terminal.lines(resourceLines(application));
  terminal.lines(operationLines(application));
  const operation = application.status?.operationState;
  if (operation?.phase === 'Succeeded') {
    terminal.note(`Next: pern app wait ${application.metadata.name}`);
    return EXIT_CODES.ok;
  }
  const message = operation?.message ?? '';
  const isBlocked = /sync window|not permitted|is not allowed/.test(message);
  terminal.note([span('Sync failed', 'bad'), span(`: ${message}`)]);
  terminal.note(`Next: pern app get ${application.metadata.name}`);
  return isBlocked ? EXIT_CODES.blocked : EXIT_CODES.finding;
}

function notFinished(name: string, timeoutMs: number): CliError {
  return new CliError({
    what: `the sync of ${name} has not finished ${afterText(timeoutMs)}; it goes on`,
    fix: `see "pern app get ${name}", or wait on with "pern app wait ${name}"`,
    exitCode: EXIT_CODES.timeout,
  });
}

/** `since`: the version with the request in it. Anything older still shows how the operation before it ended. */
function isFinished(application: Application | undefined, since: string): boolean {
  if (application === undefined || Number(application.metadata.resourceVersion) < Number(since)) return false;
  if ((application as { operation?: unknown }).operation !== undefined) return false;
  return application.status?.operationState !== undefined && !isRunning(application);
}

/**
 * The merge patch that asks for a sync (argo-cd.md §11.7): a new `operation`, and the state of the old one gone.
 * Throws CliError for what Argo CD refuses: an operation under way, another revision while auto-sync is on.
 */
export function planSync(application: Application, request: SyncRequest): Record<string, unknown> {
  const { metadata, spec } = application;
  if ((application as { operation?: unknown }).operation !== undefined || isRunning(application)) {
    throw new CliError({
      what: `cannot sync ${metadata.name}: another operation is already in progress`,
      fix: `wait for it with "pern app wait ${metadata.name} --operation"`,
    });
  }
  const target = spec.source?.targetRevision ?? 'HEAD';
  const { revision } = request;
  if (revision !== undefined && revision !== target && !request.dryRun && syncPolicy(application) !== 'Manual') {
    throw new CliError({
      what: `cannot sync ${metadata.name} to ${revision}: auto-sync currently set to ${target}`,
      why: 'the controller would sync it back at once',
      fix: `commit to ${target} what you want deployed`,
      exitCode: EXIT_CODES.blocked,
    });
  }
  const resources = request.resources.map(parseResource);
  return {
    operation: {
      initiatedBy: { username: request.user },
      sync: {
        ...(revision === undefined ? {} : { revision }),
        ...(request.prune ? { prune: true } : {}),
        ...(request.dryRun ? { dryRun: true } : {}),
        ...(resources.length === 0 ? {} : { resources }),
        syncStrategy: { hook: {} },
        ...(spec.syncPolicy?.syncOptions === undefined ? {} : { syncOptions: spec.syncPolicy.syncOptions }),
      },
    },
    ...(application.status === undefined ? {} : { status: { operationState: null } }),
  };
}

function parseResource(text: string): Record<string, string> {
  const match = /^([^:]*):([^:]+):(?:([^/]+)\/)?([^/:]+)$/.exec(text);
  if (match === null) {
    throw new CliError({
      what: `--resource "${text}" is not GROUP:KIND:NAME`,
      fix: 'write argoproj.io:Rollout:backend, or :Service:pern-app-staging/backend-stable for the core group',
    });
  }
  const [, group = '', kind = '', namespace, name = ''] = match;
  return { group, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
