import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { afterText } from '../arguments.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { type Line, plainText, span } from '../view/lines.ts';
import { type Rollout, type RolloutObjects, rolloutPhase, rolloutView } from '../view/rollout-model.ts';
import { phaseLine, rolloutLines, rolloutListLines, rolloutProgressLine } from '../view/rollout-text.ts';
import { noteNothing, printObjects } from './output.ts';
import { showLive } from './watch-view.ts';

export const ROLLOUT = 'Rollout.argoproj.io';

export async function runRolloutList(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, now, signal } = invocation;
  const api = await session.api();
  const namespace = await session.givenNamespace();
  const format = options.text('output') ?? '';
  const views = (rollouts: readonly Rollout[]) =>
    rollouts.map((rollout) => rolloutView({ rollout, replicaSets: [], pods: [], analysisRuns: [] }, now()));
  if (options.flag('watch')) {
    const cache = new ObjectCache(api, [{ kind: ROLLOUT, namespace }]);
    await cache.start(signal);
    await showLive({ ...invocation, cache, draw: () => rolloutListLines(views(cache.list(ROLLOUT))) });
    return EXIT_CODES.ok;
  }
  const { items } = await api.list(ROLLOUT, { namespace });
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, items as KubeObject[], false);
  else if (items.length === 0) noteNothing(terminal, findKind(ROLLOUT)!, namespace);
  else terminal.lines(rolloutListLines(views(items)));
  return EXIT_CODES.ok;
}

export async function runRolloutGet(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, now, arguments: words } = invocation;
  const api = await session.api();
  const rollout = await findRollout(invocation, api, words[0] ?? '');
  if (options.flag('watch')) {
    const watched = await watchRollout(api, rollout, invocation.signal);
    await showLive({ ...invocation, ...rolloutDrawing(invocation, watched, rollout.metadata.name) });
    return EXIT_CODES.ok;
  }
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') {
    await printObjects(terminal, format, [rollout as KubeObject], true);
    return EXIT_CODES.ok;
  }
  const { namespace } = rollout.metadata;
  const [sets, pods, runs, experiments] = await Promise.all([
    api.list('ReplicaSet.apps', { namespace }),
    api.list('Pod', { namespace }),
    api.list('AnalysisRun.argoproj.io', { namespace }),
    api.list('Experiment.argoproj.io', { namespace }),
  ]);
  const objects = {
    rollout,
    replicaSets: sets.items,
    pods: pods.items,
    analysisRuns: runs.items,
    experiments: experiments.items,
  };
  terminal.lines(rolloutLines(rolloutView(objects, now()), now()));
  noteNext(invocation, rollout);
  return EXIT_CODES.ok;
}

function noteNext({ terminal }: Invocation, rollout: Rollout): void {
  const place = `${rollout.metadata.name} -n ${rollout.metadata.namespace}`;
  const { phase } = rolloutPhase(rollout);
  if (phase === 'Paused') terminal.note(`Next: pern rollout promote ${place} (or abort)`);
  if (phase === 'Degraded' && rollout.status?.abort === true) {
    terminal.note(`Next: revert the commit, or pern rollout retry ${place}`);
  }
  if (phase === 'Progressing') terminal.note(`Next: pern rollout get ${place} -w`);
}

/** How a watched rollout is shown: the whole view on a terminal, as far as it fits; one line a change elsewhere. */
export function rolloutDrawing({ terminal, now }: Invocation, { cache, objects }: WatchedRollout, name: string) {
  const orGone = (draw: (found: RolloutObjects) => Line[]) => () => {
    const found = objects();
    return found === undefined ? [[span(`rollout ${name} is gone`, 'warn')]] : draw(found);
  };
  return {
    cache,
    draw: orGone((found) => rolloutLines(rolloutView(found, now()), now(), terminal.rows - 1)),
    drawPlain: orGone((found) => [rolloutProgressLine(rolloutView(found, now()))]),
  };
}

export interface WatchedRollout {
  cache: ObjectCache;
  /** Undefined once the rollout is deleted. */
  objects(): RolloutObjects | undefined;
}

/** Follows a rollout with everything that its view shows. */
export async function watchRollout(api: Api, { metadata }: Rollout, signal: AbortSignal): Promise<WatchedRollout> {
  const { namespace, name } = metadata;
  const kinds = [ROLLOUT, 'ReplicaSet.apps', 'Pod', 'AnalysisRun.argoproj.io', 'Experiment.argoproj.io', 'Job.batch'];
  const cache = new ObjectCache(
    api,
    kinds.map((kind) => ({ kind, namespace })),
  );
  await cache.start(signal);
  return {
    cache,
    objects() {
      const rollout = cache.find(ROLLOUT, namespace, name);
      if (rollout === undefined) return undefined;
      return {
        rollout,
        replicaSets: cache.list('ReplicaSet.apps'),
        pods: cache.list('Pod'),
        analysisRuns: cache.list('AnalysisRun.argoproj.io'),
        experiments: cache.list('Experiment.argoproj.io'),
      };
    },
  };
}

export async function runRolloutStatus(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  const rollout = await findRollout(invocation, api, words[0] ?? '');
  if (options.flag('no-wait')) {
    terminal.line(phaseLine(rolloutPhase(rollout)));
    return rolloutPhase(rollout).phase === 'Degraded' ? EXIT_CODES.finding : EXIT_CODES.ok;
  }
  const watched = await watchRollout(api, rollout, invocation.signal);
  return awaitOutcome(invocation, watched, options.durationMs('timeout'));
}

/**
 * Prints each change of phase and message until the rollout is Healthy (0) or Degraded (1). Throws CliError with exit
 * code 124 when `timeoutMs` runs out first.
 */
export async function awaitOutcome(
  { terminal, signal, now }: Invocation,
  { cache, objects }: WatchedRollout,
  timeoutMs: number | undefined,
): Promise<ExitCode> {
  const deadlineMs = timeoutMs === undefined ? Infinity : now() + timeoutMs;
  let printed = '';
  for (;;) {
    const current = objects();
    if (current === undefined) throw new CliError({ what: 'the rollout was deleted', exitCode: EXIT_CODES.finding });
    const state = rolloutPhase(current.rollout);
    const line = phaseLine(state);
    if (plainText([line]) !== printed) terminal.line(line);
    printed = plainText([line]);
    if (state.phase === 'Healthy') return EXIT_CODES.ok;
    if (state.phase === 'Degraded') {
      const { name, namespace } = current.rollout.metadata;
      terminal.note(`The rollout is in a degraded state with message: ${state.message}`);
      terminal.note(`Next: pern rollout get ${name} -n ${namespace}`);
      return EXIT_CODES.finding;
    }
    if (signal.aborted) return EXIT_CODES.finding;
    if (now() >= deadlineMs) {
      throw new CliError({
        what: `the rollout is still ${state.phase} ${afterText(timeoutMs!)}`,
        why: state.message,
        exitCode: EXIT_CODES.timeout,
      });
    }
    await cache.changed(Math.max(1, Math.min(1000, deadlineMs - now())), signal);
  }
}

/**
 * The rollout that a command names. Throws CliError when it is not there, with the namespaces where one of that name is.
 */
export async function findRollout({ session }: Invocation, api: Api, name: string): Promise<Rollout> {
  const namespace = await session.namespace();
  try {
    return await api.get(ROLLOUT, namespace, name);
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 404) throw error;
    const { items } = await api.list(ROLLOUT);
    const places = items.filter(({ metadata }) => metadata.name === name).map(({ metadata }) => metadata.namespace);
    const names = items.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name);
    throw new CliError({
      what: error.message,
      where: `namespace ${namespace}`,
      fix:
        places.length > 0
          ? `say which one: ${places.map((place) => `-n ${place}`).join(', ')} (or -e ENV)`
          : names.length === 0
            ? 'this namespace has none; name another one with -e ENV or -n NAMESPACE'
            : `there are: ${names.join(', ')}`,
    });
  }
}
