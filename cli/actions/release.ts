import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { checkTag, findOverlay, readImageTags, setImageTag } from '../git/image-tags.ts';
import { commitFiles, refuseUncommitted, runGit } from '../git/repository.ts';
import { signingKey } from '../git/signing.ts';
import { environmentNamespaces } from '../view/environments.ts';
import { type Rollout, rolloutPhase, rolloutView } from '../view/rollout-model.ts';
import { phaseLine, rolloutLines } from '../view/rollout-text.ts';
import { ROLLOUT, rolloutDrawing, watchRollout } from './rollout.ts';
import { pause, showLive } from './watch-view.ts';

export async function runRelease(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const [component = '', version = ''] = words;
  const environment = options.text('env')!;
  const repository = session.repository();
  checkTag(version);
  const file = findOverlay(repository, environment);
  refuseUncommitted(repository, file);
  const text = readFileSync(join(repository, file), 'utf8');
  const edited = setImageTag(text, { file, component, tag: version });
  const image = readImageTags(repository, file).find((candidate) => candidate.component === component)!;
  const api = await session.api();
  const before = await currentRollout(api, environment, component);
  if (before === undefined && options.flag('watch')) {
    throw new CliError({
      what: `there is no rollout "${component}" to watch`,
      where: `environment ${environment}`,
      fix: 'release without -w',
    });
  }
  const edits = runGit(repository, ['status', '--porcelain', '--', 'pern-app']).trim();
  if (edits !== '') terminal.note('pern-app/ has changes that are not committed; the image is built with them.');
  terminal.note(`Building ${image.name}:${version} ...`);
  const built = await build(api, invocation, component, version);
  terminal.note(`Built ${built.image} in ${built.seconds.toFixed(1)} s`);
  if (edited === text) {
    terminal.note(`${environment} has ${component} ${version} already; nothing to commit.`);
    return EXIT_CODES.ok;
  }
  writeFileSync(join(repository, file), edited);
  const faults = options.texts('fault');
  const remark = faults.length === 0 ? '' : `\n\nBuilt with faults: ${faults.join(', ')}`;
  const message = `Release ${component} ${version} to ${environment}\n\n${image.name}: ${image.tag} -> ${version}${remark}`;
  const commit = commitFiles(repository, [file], message, signingKey(repository, session.stateFolder()));
  terminal.line(
    `${commit.hash} ${component} ${image.tag} -> ${version} in ${environment} (${file}, branch ${commit.branch})`,
  );
  if (before !== undefined && options.flag('watch')) return watchRelease(invocation, api, before, version);
  if (before !== undefined) await awaitArrival(invocation, api, before, version);
  terminal.note(`Next: pern rollout get ${component} -e ${environment} -w`);
  return EXIT_CODES.ok;
}

const ARRIVAL_MS_MAX = 10_000;

/**
 * Waits a little until the sync has put the version into the rollout, so that a `rollout status` right after this command
 * speaks of the new version and not of the one before. A sync that takes longer (a window, by hand) is only noted.
 */
async function awaitArrival(invocation: Invocation, api: Api, at: ReleasedRollout, version: string): Promise<void> {
  const { now, signal, terminal, options } = invocation;
  const deadlineMs = now() + ARRIVAL_MS_MAX;
  while (now() < deadlineMs && !signal.aborted) {
    const rollout = await api.find(ROLLOUT, at.namespace, at.name);
    if (rollout !== undefined && carriesVersion(rollout, version)) return;
    await pause(100, signal);
  }
  terminal.note(`${options.text('env')} has not taken the commit yet; see "pern app get ${options.text('env')}"`);
}

function carriesVersion({ spec }: Rollout, version: string): boolean {
  return (spec.template?.spec?.containers ?? []).some(({ image }) => image?.endsWith(`:${version}`) === true);
}

interface Built {
  image: string;
  imageId: string;
  seconds: number;
}

async function build(api: Api, { options }: Invocation, component: string, version: string): Promise<Built> {
  const faults = options.texts('fault');
  const wrong = faults.find((fault) => !/^[a-z][a-z-]*=.+$/.test(fault));
  if (wrong !== undefined)
    throw new CliError({ what: `--fault "${wrong}" is not NAME=VALUE`, fix: 'write for example error-rate=0.2' });
  const body = {
    component,
    version,
    ...(faults.length === 0 ? {} : { faults: faults.join(',') }),
    ...(options.flag('replace') ? { replace: true } : {}),
  };
  return (await api.json({ method: 'POST', path: '/pern/v1/builds', body: JSON.stringify(body) })) as Built;
}

interface ReleasedRollout {
  namespace: string;
  name: string;
}

/** The rollout that deploys a component in an environment; undefined before its first sync. */
async function currentRollout(api: Api, environment: string, component: string): Promise<ReleasedRollout | undefined> {
  const { items } = await api.list('Application.argoproj.io');
  const namespace = environmentNamespaces(items).get(environment);
  if (namespace === undefined || (await api.find(ROLLOUT, namespace, component)) === undefined) return undefined;
  return { namespace, name: component };
}

/** Watches until the version that was committed is Healthy (0), or its rollout is Degraded (1). */
async function watchRelease(
  invocation: Invocation,
  api: Api,
  before: ReleasedRollout,
  version: string,
): Promise<ExitCode> {
  const { terminal, now, options } = invocation;
  const rollout = await api.get(ROLLOUT, before.namespace, before.name);
  const watched = await watchRollout(api, rollout, invocation.signal);
  const { objects } = watched;
  const carries = () => {
    const found = objects();
    return found !== undefined && carriesVersion(found.rollout, version);
  };
  const state = () => rolloutPhase(objects()!.rollout);
  const isOver = () => carries() && ['Healthy', 'Degraded'].includes(state().phase);
  const deadlineMs = now() + options.durationMs('timeout')!;
  const drawing = rolloutDrawing(invocation, watched, before.name);
  const end = await showLive({ ...invocation, ...drawing, isDone: isOver, deadlineMs });
  if (!terminal.isInteractive) terminal.lines(rolloutLines(rolloutView(objects()!, now()), now()));
  terminal.note(phaseLine(state()));
  if (end === 'timeout') {
    throw new CliError({
      what: `${before.name} ${version} is still on its way`,
      fix: `watch on with "pern rollout get ${before.name} -n ${before.namespace} -w"`,
      exitCode: EXIT_CODES.timeout,
    });
  }
  if (end === 'stopped' || state().phase === 'Degraded') {
    terminal.note(`Next: pern rollout get ${before.name} -n ${before.namespace}`);
    return EXIT_CODES.finding;
  }
  terminal.note(`Next: pern promote ${options.text('env')} ENV`);
  return EXIT_CODES.ok;
}
