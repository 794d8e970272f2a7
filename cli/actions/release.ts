import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { checkTag, findOverlay, readImageTags, setImageTag } from '../git/image-tags.ts';
import { commitFiles, refuseUncommitted } from '../git/repository.ts';
import { environmentNamespaces } from '../view/environments.ts';
import { rolloutPhase, rolloutView } from '../view/rollout-model.ts';
import { phaseLine, rolloutLines } from '../view/rollout-text.ts';
import { ROLLOUT, watchRollout } from './rollout.ts';
import { showLive } from './watch-view.ts';

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
  const before = options.flag('watch') ? await currentRollout(api, environment, component) : undefined;
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
  const commit = commitFiles(repository, [file], message);
  terminal.line(
    `${commit.hash} ${component} ${image.tag} -> ${version} in ${environment} (${file}, branch ${commit.branch})`,
  );
  if (before !== undefined) return watchRelease(invocation, api, before, version);
  terminal.note(`Next: pern rollout get ${component} -e ${environment} -w`);
  return EXIT_CODES.ok;
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

async function currentRollout(api: Api, environment: string, component: string): Promise<ReleasedRollout> {
  const { items } = await api.list('Application.argoproj.io');
  const namespace = environmentNamespaces(items).get(environment) ?? '';
  const rollout = await api.find(ROLLOUT, namespace, component);
  if (rollout !== undefined) return { namespace, name: component };
  throw new CliError({
    what: `there is no rollout "${component}" to watch`,
    where: `environment ${environment}`,
    fix: 'release without -w',
  });
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
  const { cache, objects } = await watchRollout(api, rollout, invocation.signal);
  const carries = () =>
    (objects()?.rollout.spec.template?.spec?.containers ?? []).some(
      ({ image }) => image?.endsWith(`:${version}`) === true,
    );
  const state = () => rolloutPhase(objects()!.rollout);
  const draw = () => rolloutLines(rolloutView(objects()!, now()), now());
  const isOver = () => carries() && ['Healthy', 'Degraded'].includes(state().phase);
  const deadlineMs = now() + options.durationMs('timeout')!;
  const end = await showLive({ ...invocation, cache, draw, isDone: isOver, deadlineMs });
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
