import { afterText } from '../arguments.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation, Options } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { operationLines, resourceLines, syncPolicy } from '../view/application-text.ts';
import type { Application } from '../view/environments.ts';
import { span } from '../view/lines.ts';
import { findApplication, isRunning, waitLine } from './app.ts';
import { listedResources } from './app-live.ts';
import { localManifests } from './app-local.ts';
import { showLive } from './watch-view.ts';
import { refuseBlockedSync } from './window-guard.ts';

const APPLICATION = 'Application.argoproj.io';

export interface SyncRequest {
  revision?: string;
  prune: boolean;
  dryRun: boolean;
  resources: readonly string[];
  user: string;
  force?: boolean;
  strategy?: string;
  /** Sync options of this request, after those of the application. */
  extraOptions?: readonly string[];
  retry?: Record<string, unknown>;
  manifests?: readonly string[];
}

export async function runAppSync(invocation: Invocation): Promise<ExitCode> {
  const { session, options, arguments: words } = invocation;
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  await refuseBlockedSync(api, application, invocation.now());
  const local = options.text('local');
  const manifests = local === undefined ? undefined : localManifests(local).map((manifest) => JSON.stringify(manifest));
  return requestOperation(
    invocation,
    application,
    planSync(application, requestOf(invocation, application, manifests)),
  );
}

function requestOf(
  { options, environment }: Invocation,
  application: Application,
  manifests: readonly string[] | undefined,
): SyncRequest {
  const named = (flag: string, option: string) => (options.flag(flag) ? [option] : []);
  return {
    revision: options.text('revision'),
    prune: options.flag('prune'),
    dryRun: options.flag('dry-run'),
    resources: selectedResources(application, options.texts('resource')),
    user: environment.USER ?? 'pern',
    force: options.flag('force'),
    strategy: options.text('strategy'),
    extraOptions: [
      ...named('replace', 'Replace=true'),
      ...named('server-side', 'ServerSideApply=true'),
      ...named('apply-out-of-sync-only', 'ApplyOutOfSyncOnly=true'),
    ],
    retry: retryOf(options),
    manifests,
  };
}

function retryOf(options: Options): Record<string, unknown> | undefined {
  const limit = options.text('retry-limit');
  if (limit === undefined) return undefined;
  if (!/^-?\d{1,6}$/.test(limit)) throw new CliError({ what: `--retry-limit "${limit}" is not a whole number` });
  const factor = options.count('retry-backoff-factor');
  return {
    limit: Number(limit),
    ...(options.flag('retry-refresh') ? { refresh: true } : {}),
    backoff: {
      duration: options.text('retry-backoff-duration'),
      maxDuration: options.text('retry-backoff-max-duration'),
      ...(factor === undefined ? {} : { factor }),
    },
  };
}

/** `!GROUP:KIND:NAME` means all but these, which the request says by naming the others. */
function selectedResources(application: Application, texts: readonly string[]): string[] {
  const excluded = texts.filter((text) => text.startsWith('!')).map((text) => parseResource(text.slice(1)));
  if (excluded.length === 0) return [...texts];
  const rest = listedResources(application).filter(
    ({ group, kind, namespace, name }) =>
      !excluded.some(
        (one) =>
          one.group === group &&
          one.kind === kind &&
          one.name === name &&
          (one.namespace === undefined || one.namespace === namespace),
      ),
  );
  const chosen = rest.map(
    ({ group, kind, namespace, name }) => `${group}:${kind}:${namespace === '' ? '' : `${namespace}/`}${name}`,
  );
  return [...texts.filter((text) => !text.startsWith('!')), ...chosen];
}

/** Sends a merge patch that asks for an operation, and unless --async waits for how it ends. */
export async function requestOperation(
  invocation: Invocation,
  application: Application,
  patch: Record<string, unknown>,
): Promise<ExitCode> {
  const { session, options, terminal, signal, now } = invocation;
  const api = await session.api();
  const { namespace, name } = application.metadata;
  const cache = new ObjectCache(api, [{ kind: APPLICATION, namespace }]);
  await cache.start(signal);
  const requested = await api.patch(APPLICATION, { namespace, name }, patch);
  if (options.flag('async')) {
    terminal.note(`Operation of ${name} requested. Next: pern app wait ${name} --operation`);
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

/** Prints how an operation ended, and gives its exit code. */
export function printResult({ terminal }: Invocation, application: Application): ExitCode {
  terminal.lines(resourceLines(application));
  terminal.lines(operationLines(application));
  const operation = application.status?.operationState;
  if (operation?.phase === 'Succeeded') {
    terminal.note(`Next: pern app wait ${application.metadata.name}`);
    return EXIT_CODES.ok;
  }
  const message = operation?.message ?? '';
  const isBlocked = /sync window|not permitted|is not allowed|GIT\/GPG/.test(message);
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
export function isFinished(application: Application | undefined, since: string): boolean {
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
  refuseSecondOperation(application);
  if (metadata.deletionTimestamp !== undefined) {
    throw new CliError({ what: `cannot sync ${metadata.name}: the application is being deleted` });
  }
  const target = spec.source?.targetRevision ?? spec.sources?.[0]?.targetRevision ?? 'HEAD';
  const { revision, manifests, force, extraOptions = [] } = request;
  if (manifests !== undefined && !request.dryRun && syncPolicy(application) !== 'Manual') {
    throw new CliError({
      what: `cannot sync ${metadata.name} from a folder: cannot use local sync when Automatic Sync Policy is enabled unless for dry run`,
      fix: 'add --dry-run, or commit what you want deployed',
      exitCode: EXIT_CODES.blocked,
    });
  }
  if (revision !== undefined && revision !== target && !request.dryRun && syncPolicy(application) !== 'Manual') {
    throw new CliError({
      what: `cannot sync ${metadata.name} to ${revision}: auto-sync currently set to ${target}`,
      why: 'the controller would sync it back at once',
      fix: `commit to ${target} what you want deployed`,
      exitCode: EXIT_CODES.blocked,
    });
  }
  const resources = request.resources.map(parseResource);
  const options = [...(spec.syncPolicy?.syncOptions ?? []), ...extraOptions];
  return {
    operation: {
      initiatedBy: { username: request.user },
      sync: {
        ...(revision === undefined ? {} : { revision }),
        ...(request.prune ? { prune: true } : {}),
        ...(request.dryRun ? { dryRun: true } : {}),
        ...(resources.length === 0 ? {} : { resources }),
        ...(manifests === undefined ? {} : { manifests }),
        syncStrategy: { [request.strategy ?? 'hook']: force === true ? { force } : {} },
        ...(options.length === 0 ? {} : { syncOptions: options }),
      },
      ...(request.retry === undefined ? {} : { retry: request.retry }),
    },
    ...(application.status === undefined ? {} : { status: { operationState: null } }),
  };
}

/** Throws CliError while another operation is requested or under way. */
export function refuseSecondOperation(application: Application): void {
  if ((application as { operation?: unknown }).operation === undefined && !isRunning(application)) return;
  const { name } = application.metadata;
  throw new CliError({
    what: `cannot sync ${name}: another operation is already in progress`,
    fix: `wait for it with "pern app wait ${name} --operation", or end it with "pern app terminate-op ${name}"`,
  });
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
