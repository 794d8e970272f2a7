import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { afterText } from '../arguments.ts';
import type { Api } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { nearestName } from '../suggest.ts';
import { applicationLines, applicationListLines, applicationState, conditionLines } from '../view/application-text.ts';
import { type Application, environmentName } from '../view/environments.ts';
import { stateSpan } from '../view/icons.ts';
import { type Line, span } from '../view/lines.ts';
import { orderedApplications } from '../view/system.ts';
import { noteNothing, printObjects } from './output.ts';
import { showLive } from './watch-view.ts';

const APPLICATION = 'Application.argoproj.io';

export async function runAppList(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal } = invocation;
  const api = await session.api();
  const format = options.text('output') ?? '';
  const isWide = format === 'wide';
  if (options.flag('watch')) {
    const cache = await follow(api, invocation.signal);
    const draw = () => applicationListLines(orderedApplications(cache.list(APPLICATION)), isWide);
    await showLive({ ...invocation, cache, draw });
    return EXIT_CODES.ok;
  }
  const { items } = await api.list(APPLICATION);
  if (format !== '' && !isWide) await printObjects(terminal, format, items as KubeObject[], false);
  else if (items.length === 0) noteNothing(terminal, findKind(APPLICATION)!, undefined);
  else terminal.lines(applicationListLines(orderedApplications(items), isWide));
  return EXIT_CODES.ok;
}

export async function runAppGet(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, signal, arguments: words } = invocation;
  const api = await session.api();
  let application = await findApplication(api, words[0] ?? '');
  const { name, namespace } = application.metadata;
  if (options.flag('refresh')) application = await refresh(api, application, invocation);
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
  else terminal.lines(applicationLines(application));
  if (applicationState(application).sync === 'OutOfSync') terminal.note(`Next: pern app sync ${words[0]}`);
  return EXIT_CODES.ok;
}

export async function runAppWait(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, signal, now, arguments: words } = invocation;
  const api = await session.api();
  const { metadata } = await findApplication(api, words[0] ?? '');
  const some = ['sync', 'health', 'operation'].some((name) => options.flag(name));
  const wants = (name: string) => !some || options.flag(name);
  const timeoutMs = options.durationMs('timeout')!;
  const cache = await follow(api, signal);
  const current = () => cache.find(APPLICATION, metadata.namespace, metadata.name);
  const isDone = () => {
    const application = current();
    if (application === undefined) return false;
    const { sync, health } = applicationState(application);
    const isIdle = (application as { operation?: unknown }).operation === undefined && !isRunning(application);
    return (
      (!wants('sync') || sync === 'Synced') &&
      (!wants('health') || health === 'Healthy') &&
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
async function refresh(api: Api, { metadata }: Application, { signal, now }: Invocation): Promise<Application> {
  const target = { namespace: metadata.namespace, name: metadata.name };
  await api.patch(APPLICATION, target, { metadata: { annotations: { [REFRESH]: 'normal' } } });
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
