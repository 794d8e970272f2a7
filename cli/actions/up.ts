import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterText } from '../arguments.ts';
import type { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { portProblem, spawnEngine, stopEngine, waitForEngine } from '../engine-process.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { claimStateFolder, type EngineRecord, findEngine, isAlive, kubeconfigFile } from '../state-folder.ts';
import { overrideLines, waitingLines } from '../view/approvals.ts';
import { environmentName, environmentNamespaces } from '../view/environments.ts';
import { eventLine, isNotable } from '../view/events-text.ts';
import { failureLines } from '../view/failure-report.ts';
import { type Line, plain, renderLine, span } from '../view/lines.ts';
import { assessReadiness, stateLines, systemLines } from '../view/system.ts';
import { isServing } from './ingress-probe.ts';
import { checkMachine } from './machine-checks.ts';
import { systemCache, systemObjects } from './status.ts';
import { pause, showLive } from './watch-view.ts';

const STOP_MS_MAX = 60_000;
const APPLICATION = 'Application.argoproj.io';

export async function runUp(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal } = invocation;
  const stateFolder = session.stateFolder();
  const running = findEngine(stateFolder);
  if (running !== undefined) {
    terminal.note(`The engine runs already (process ${running.pid}); showing what it does.`);
    if (options.flag('strict'))
      terminal.note(
        'It goes on as it was started; --strict counts from the next start: pern down, then pern up --strict.',
      );
    return showEngine(invocation, running, undefined);
  }
  await preflight(invocation);
  claimStateFolder(stateFolder);
  const kustomize = options.text('kustomize');
  const child = spawnEngine({
    repository: session.repository(),
    stateFolder,
    apiPort: options.count('api-port')!,
    ingressPort: options.count('ingress-port')!,
    environments: options.texts('env'),
    kustomize: kustomize === undefined ? undefined : resolve(kustomize),
    strict: options.flag('strict'),
  });
  const engine = await waitForEngine(child, stateFolder, invocation.signal);
  terminal.note(`Engine started (process ${engine.pid}); its log is ${join(stateFolder, 'engine.log')}`);
  return showEngine(invocation, engine, child);
}

/** Throws CliError with one sentence and its fix for the first thing that would keep the engine from starting. */
async function preflight({ session, options, environment }: Invocation): Promise<void> {
  const repository = session.repository();
  if (!existsSync(join(repository, 'pern-gitops'))) {
    throw new CliError({
      what: 'the repository has no pern-gitops/ to deploy',
      where: repository,
      fix: 'name another with --repository',
    });
  }
  const apiPort = options.count('api-port')!;
  const ingressPort = options.count('ingress-port')!;
  for (const [option, port] of [
    ['--api-port', apiPort],
    ['--ingress-port', ingressPort],
  ] as const) {
    const problem = await portProblem(port);
    if (problem === undefined) continue;
    throw new CliError({
      what: `port ${port} cannot be opened`,
      why: problem,
      fix: `choose another one with ${option} N, or ${option} 0 for any free one`,
    });
  }
  const checks = await checkMachine({
    repository,
    stateFolder: session.stateFolder(),
    apiPort,
    ingressPort,
    ownPorts: [],
    path: environment.PATH ?? '',
  });
  const missing = checks.find(({ state }) => state === 'missing');
  if (missing !== undefined) {
    throw new CliError({ what: `${missing.name} is not as it has to be: ${missing.found}`, fix: missing.fix });
  }
}

/** Progress until all is up, then URLs, then (in the foreground) events. Stops the engine if this command started it. */
async function showEngine(
  invocation: Invocation,
  engine: EngineRecord,
  child: ChildProcess | undefined,
): Promise<ExitCode> {
  const { options, terminal, signal, now } = invocation;
  const isOurs = child !== undefined && !options.flag('detach');
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  void watchProcess(engine.pid, ended, either);
  let code: ExitCode = EXIT_CODES.ok;
  try {
    const cache = await systemCache(await invocation.session.api(), either, ['Event']);
    const deadlineMs = now() + options.durationMs('timeout')!;
    const end = await bringUp(invocation, cache, engine, either, deadlineMs);
    if (end === 'timeout') {
      await reportFailure(invocation, cache);
      code = EXIT_CODES.timeout;
    }
    if (end === 'done') {
      printReady(invocation, engine, cache);
      if (!options.flag('detach')) await printEvents(invocation, cache, either);
    }
  } catch (error) {
    if (!either.aborted) throw error;
  } finally {
    if (isOurs) await stopInOrder(invocation, engine.pid);
  }
  if (ended.signal.aborted && !signal.aborted) {
    terminal.note([
      span('The engine ended by itself', 'bad'),
      span('; its last words are in engine.log. Next: pern up'),
    ]);
    return EXIT_CODES.finding;
  }
  if (!isOurs && signal.aborted) terminal.note('The engine goes on. Next: pern status, or pern down');
  return code;
}

async function watchProcess(pid: number, ended: AbortController, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    if (!isAlive(pid)) ended.abort();
    await pause(500, stop);
  }
}

/** Shows progress until all is Healthy and the ingress really answers. */
async function bringUp(
  invocation: Invocation,
  cache: ObjectCache,
  engine: EngineRecord,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<'done' | 'stopped' | 'timeout'> {
  const api = await invocation.session.api();
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  let serving = false;
  const isHealthy = () =>
    assessReadiness(cache.list(APPLICATION), invocation.options.texts('env'), cache.list('Pod')).isReady;
  const probe = async () => {
    while (!either.aborted) {
      const ingresses = isHealthy() ? await api.list('Ingress.networking.k8s.io').catch(() => undefined) : undefined;
      serving = ingresses !== undefined && (await isServing(ingresses.items, engine.ingressPort));
      await pause(200, either);
    }
  };
  void probe();
  try {
    return await showProgress(invocation, cache, { isDone: () => isHealthy() && serving, signal, deadlineMs });
  } finally {
    ended.abort();
  }
}

interface ProgressEnd {
  isDone(): boolean;
  signal: AbortSignal;
  deadlineMs: number;
}

async function showProgress(
  invocation: Invocation,
  cache: ObjectCache,
  { isDone, signal, deadlineMs }: ProgressEnd,
): Promise<'done' | 'stopped' | 'timeout'> {
  const { terminal, now } = invocation;
  if (terminal.isInteractive) {
    const draw = () => {
      const lines = systemLines(systemObjects(cache), now());
      return lines.length === 0 ? [plain('waiting for the first application ...')] : lines;
    };
    return showLive({ terminal, cache, draw, isDone, signal, now, deadlineMs });
  }
  const printed = new Map<string, string>();
  for (;;) {
    for (const [key, line] of stateLines(systemObjects(cache), now())) {
      const text = renderLine(line, false);
      if (printed.get(key) !== text) terminal.note(line);
      printed.set(key, text);
    }
    if (isDone()) return 'done';
    if (signal.aborted) return 'stopped';
    if (now() >= deadlineMs) return 'timeout';
    await cache.changed(200, signal);
  }
}

function printReady({ terminal, session, now }: Invocation, engine: EngineRecord, cache: ObjectCache): void {
  if (!terminal.isInteractive) terminal.lines(systemLines(systemObjects(cache), now()));
  terminal.line('');
  const isWaiting = waitingLines(cache.list(APPLICATION)).length > 0;
  terminal.line([span(isWaiting ? 'All else is Synced and Healthy.' : 'All is Synced and Healthy.', 'ok')]);
  for (const [name] of environmentNamespaces(cache.list(APPLICATION))) {
    const application = cache.list(APPLICATION).find((candidate) => environmentName(candidate) === name);
    terminal.line(`  ${name.padEnd(12)}  http://${application?.metadata.name}.localhost:${engine.ingressPort}/`);
  }
  terminal.line(`  ${'kubeconfig'.padEnd(12)}  ${kubeconfigFile(session.stateFolder())}`);
  const applications = cache.list(APPLICATION);
  terminal.lines(overrideLines(applications));
  terminal.lines(waitingLines(applications));
  terminal.note('Next: pern release backend 1.1.0 -w');
}

async function reportFailure(invocation: Invocation, cache: ObjectCache): Promise<void> {
  const { terminal, session, options, signal, now } = invocation;
  const api = await session.api();
  const { waiting } = assessReadiness(cache.list(APPLICATION), options.texts('env'), cache.list('Pod'));
  terminal.note([
    span('Error', 'bad'),
    span(`: not everything is Synced and Healthy ${afterText(options.durationMs('timeout')!)}`),
  ]);
  if (waiting.length === 0)
    terminal.note('  no Application deploys the environments yet; see "pern get applicationsets -n argocd -o yaml"');
  const report = failureLines({ waiting, pods: cache.list('Pod'), events: cache.list('Event') }, now());
  for (const entry of report) {
    for (const line of entry.lines) terminal.note(line);
    for (const pod of entry.podsWithLogs) {
      let text = '';
      const query = { tailLines: '10' };
      try {
        for await (const part of api.logs(pod, query, signal)) text += part;
      } catch (error) {
        text = `no log: ${(error as Error).message}`;
      }
      terminal.note(`    log of ${pod.name}:`);
      for (const line of text.trimEnd().split('\n')) terminal.note(`      ${line}`);
    }
  }
}

/** In the foreground: notable events as they come, until Ctrl-C or the end of the engine. */
async function printEvents({ terminal, now }: Invocation, cache: ObjectCache, signal: AbortSignal): Promise<void> {
  terminal.note([span('Ctrl-C stops everything.', 'dim')]);
  const seen = new Map(cache.list('Event').map((event) => [event.metadata.uid, event.count ?? 1]));
  while (!signal.aborted) {
    await cache.changed(1000, signal);
    for (const event of cache.list('Event')) {
      const count = event.count ?? 1;
      if (seen.get(event.metadata.uid) === count) continue;
      seen.set(event.metadata.uid, count);
      if (isNotable(event)) terminal.line(eventLine(event) satisfies Line);
    }
    if (cache.isLost && !signal.aborted) await pause(now() === 0 ? 0 : 500, signal);
  }
}

/** SIGTERM, then wait; a second Ctrl-C kills. */
async function stopInOrder({ terminal }: Invocation, pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  terminal.note('Stopping the engine and its pods (Ctrl-C again does not wait) ...');
  const hurry = new AbortController();
  const onSignal = () => hurry.abort();
  process.on('SIGINT', onSignal);
  const isClean = await stopEngine(pid, STOP_MS_MAX, hurry.signal);
  process.off('SIGINT', onSignal);
  terminal.note(
    isClean ? 'Stopped. "pern up" goes on where it was.' : 'Killed. "pern up" carries on from the state it left.',
  );
}
