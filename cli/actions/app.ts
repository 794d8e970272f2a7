import { normaliseRepoUrl } from '../../engine/stages/commit/repo-url.ts';
import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { afterText } from '../arguments.ts';
import type { Api } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation, Options } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { nearestName } from '../suggest.ts';
import { applicationLines, applicationListLines, applicationState, conditionLines } from '../view/application-text.ts';
import { waitingApproval, waitingText } from '../view/approvals.ts';
import { type Application, environmentName } from '../view/environments.ts';
import { stateSpan } from '../view/icons.ts';
import { type Line, span } from '../view/lines.ts';
import { orderedApplications } from '../view/system.ts';
import { noteNothing, printObjects } from './output.ts';
import { showLive } from './watch-view.ts';
import { windowSummary } from './window-guard.ts';

const APPLICATION = 'Application.argoproj.io';

export async function runAppList(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal } = invocation;
  const api = await session.api();
  const format = options.text('output') ?? '';
  const isWide = format === 'wide';
  const isWanted = listFilter(options);
  if (options.flag('watch')) {
    const cache = await follow(api, invocation.signal);
    const draw = () => applicationListLines(orderedApplications(cache.list(APPLICATION).filter(isWanted)), isWide);
    await showLive({ ...invocation, cache, draw });
    return EXIT_CODES.ok;
  }
  const items = (await api.list(APPLICATION, { labelSelector: options.text('selector') })).items.filter(isWanted);
  if (format !== '' && !isWide) await printObjects(terminal, format, items as KubeObject[], false);
  else if (items.length === 0) noteNothing(terminal, findKind(APPLICATION)!, undefined);
  else terminal.lines(applicationListLines(orderedApplications(items), isWide));
  return EXIT_CODES.ok;
}

/** `--project` and `--repo`, each of which may be given several times. */
function listFilter(options: Options): (application: Application) => boolean {
  const [projects, repos] = [options.texts('project'), options.texts('repo').map(normaliseRepoUrl)];
  return ({ spec }) => {
    const sources = spec.sources ?? (spec.source === undefined ? [] : [spec.source]);
    return (
      (projects.length === 0 || projects.includes(spec.project || 'default')) &&
      (repos.length === 0 || sources.some(({ repoURL }) => repos.includes(normaliseRepoUrl(repoURL))))
    );
  };
}

export async function runAppGet(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, signal, arguments: words } = invocation;
  const api = await session.api();
  let application = await findApplication(api, words[0] ?? '');
  const { name, namespace } = application.metadata;
  if (options.flag('refresh') || options.flag('hard-refresh')) {
    application = await refreshedApplication(api, application, invocation, options.flag('hard-refresh'));
  }
  const format = options.text('output') ?? '';
  if (options.flag('watch')) {
    const cache = await follow(api, signal);
    const draw = () => {
      const current = cache.find(APPLICATION, namespace, name);
      return current === undefined ? [[span(`application ${name} is gone`, 'warn')]] : applicationLines(current);
    };
    await showLive({ ...invocation, cache, draw });
    return EXIT_CODES.ok;
  }
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, [application as KubeObject], true);
  else terminal.lines([...applicationLines(application), ...(await windowSummary(api, application, invocation.now()))]);
  const waiting = waitingApproval(application, (await api.list(APPLICATION)).items);
  if (waiting !== undefined) {
    if (format === '' || format === 'wide')
      terminal.line([span(`\n${waiting.environment} ${waitingText(waiting)}`, 'warn')]);
    terminal.note(`Next: pern approve ${waiting.environment}`);
  } else if (applicationState(application).sync === 'OutOfSync') terminal.note(`Next: pern app sync ${words[0]}`);
  return EXIT_CODES.ok;
}

const WAITS = ['sync', 'health', 'operation', 'suspended', 'degraded', 'delete'];

export async function runAppWait(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, signal, now, arguments: words } = invocation;
  const api = await session.api();
  if (options.flag('delete') && !(await isThere(api, words[0] ?? ''))) return EXIT_CODES.ok;
  const { metadata } = await findApplication(api, words[0] ?? '');
  const some = WAITS.some((name) => options.flag(name));
  const wants = (name: string) => (some ? options.flag(name) : ['sync', 'health', 'operation'].includes(name));
  const timeoutMs = options.durationMs('timeout')!;
  const cache = await follow(api, signal);
  const current = () => cache.find(APPLICATION, metadata.namespace, metadata.name);
  const isDone = () => {
    const application = current();
    if (application === undefined) return options.flag('delete');
    const { sync, health } = applicationState(application);
    const isIdle = (application as { operation?: unknown }).operation === undefined && !isRunning(application);
    const healths = [
      ['health', 'Healthy'] as const,
      ['suspended', 'Suspended'] as const,
      ['degraded', 'Degraded'] as const,
    ];
    const accepted = healths.filter(([name]) => wants(name)).map(([, status]) => status as string);
    return (
      !options.flag('delete') &&
      (!wants('sync') || sync === 'Synced') &&
      (accepted.length === 0 || accepted.includes(health)) &&
      (!wants('operation') || isIdle)
    );
  };
  const end = await showLive({
    ...invocation,
    cache,
    draw: () => [waitLine(current(), metadata.name)],
    isDone,
    deadlineMs: now() + timeoutMs,
  });
  if (end === 'done') return EXIT_CODES.ok;
  if (end === 'stopped') return EXIT_CODES.finding;
  const last = current();
  if (last !== undefined) terminal.lines(conditionLines(last));
  throw new CliError({
    what: `${metadata.name} is not there yet ${afterText(timeoutMs)}`,
    fix: `see "pern app get ${metadata.name}" for why, or give it more time with --timeout`,
    exitCode: EXIT_CODES.timeout,
  });
}

async function isThere(api: Api, word: string): Promise<boolean> {
  const { items } = await api.list(APPLICATION);
  return items.some((item) => item.metadata.name === word || environmentName(item) === word);
}

/** One line that says where an application stands. */
export function waitLine(application: Application | undefined, name: string): Line {
  if (application === undefined) return [span(`${name}: gone`, 'warn')];
  const { sync, health } = applicationState(application);
  const operation = application.status?.operationState;
  const doing = operation?.phase === 'Running' ? `  ${operation.message ?? ''}` : '';
  return [span(`${name}  `), stateSpan(sync), span('  '), stateSpan(health), span(doing, 'dim')];
}

export function isRunning({ status }: Application): boolean {
  return status?.operationState?.phase === 'Running' || status?.operationState?.phase === 'Terminating';
}

/** A started cache of all applications. */
async function follow(api: Api, signal: AbortSignal): Promise<ObjectCache> {
  const cache = new ObjectCache(api, [{ kind: APPLICATION }]);
  await cache.start(signal);
  return cache;
}

/** An application by its own name or its environment's. Throws CliError with the nearest name. */
export async function findApplication(api: Api, word: string): Promise<Application> {
  const { items } = await api.list(APPLICATION);
  const found =
    items.find(({ metadata }) => metadata.name === word) ?? items.find((item) => environmentName(item) === word);
  if (found !== undefined) return found;
  const names = items.flatMap((item) => [
    item.metadata.name,
    ...[environmentName(item)].filter((name) => name !== undefined),
  ]);
  const near = nearestName(word, names);
  throw new CliError({
    what: `there is no application "${word}"`,
    fix: near === undefined ? `use one of: ${names.join(', ') || 'none exist yet'}` : `did you mean "${near}"?`,
  });
}

const REFRESH = 'argocd.argoproj.io/refresh';
const REFRESH_WAIT_MS = 30_000;

/** Asks for a comparison with git and waits until the annotation is taken away, which is the answer. */
export async function refreshedApplication(
  api: Api,
  { metadata }: Application,
  { signal, now }: Invocation,
  isHard = false,
): Promise<Application> {
  const target = { namespace: metadata.namespace, name: metadata.name };
  await api.patch(APPLICATION, target, { metadata: { annotations: { [REFRESH]: isHard ? 'hard' : 'normal' } } });
  const cache = await follow(api, signal);
  const deadlineMs = now() + REFRESH_WAIT_MS;
  for (;;) {
    const current = cache.find(APPLICATION, metadata.namespace, metadata.name);
    if (current !== undefined && current.metadata.annotations?.[REFRESH] === undefined) return current;
    if (now() >= deadlineMs || signal.aborted) {
      throw new CliError({
        what: `${metadata.name} was not refreshed ${afterText(REFRESH_WAIT_MS)}`,
        why: 'the application controller has not taken the request',
        exitCode: EXIT_CODES.timeout,
      });
    }
    await cache.changed(500, signal);
  }
}
