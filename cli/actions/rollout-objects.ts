import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { AnalysisError } from '../../engine/stages/analysis/arguments.ts';
import { collectTemplates, runSpecFromTemplates } from '../../engine/stages/analysis/templates.ts';
import type { AnalysisTemplate, Argument } from '../../engine/stages/analysis/types.ts';
import { isRecord } from '../../engine/vocabulary/core/json.ts';
import { findKind, type KindId, kindIdOf } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { span } from '../view/lines.ts';
import { type Experiment, experimentView } from '../view/rollout-model.ts';
import { experimentLines, experimentListLines } from '../view/rollout-text.ts';
import { noteNothing, printObjects } from './output.ts';
import { showLive } from './watch-view.ts';

const EXPERIMENT = 'Experiment.argoproj.io';
const RUN = 'AnalysisRun.argoproj.io';

/** Kinds that `pern rollout create` takes. */
const CREATED: readonly KindId[] = [
  'Rollout.argoproj.io',
  EXPERIMENT,
  'AnalysisTemplate.argoproj.io',
  'ClusterAnalysisTemplate.argoproj.io',
  RUN,
];

/** `pern rollout terminate analysisrun|experiment NAME...`: it ends now, with what it has measured. */
export async function runTerminate(invocation: Invocation): Promise<ExitCode> {
  const { command, session, terminal, arguments: words } = invocation;
  const isRun = command.name.endsWith('analysisrun');
  const api = await session.api();
  const namespace = await session.namespace();
  for (const name of words) {
    await api.patch(isRun ? RUN : EXPERIMENT, { namespace, name }, { spec: { terminate: true } });
    terminal.line(`${isRun ? 'analysisRun' : 'experiment'} '${name}' terminated`);
  }
  terminal.note(`Next: pern get ${isRun ? 'analysisruns' : 'experiments'} -n ${namespace}`);
  return EXIT_CODES.ok;
}

/** `pern rollout retry experiment NAME...`: it begins anew. */
export async function runRetryExperiment({ session, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const namespace = await session.namespace();
  for (const name of words) {
    await api.patch(EXPERIMENT, { namespace, name }, { status: null });
    terminal.line(`experiment '${name}' retried`);
    terminal.note(`Next: pern rollout get experiment ${name} -n ${namespace} -w`);
  }
  return EXIT_CODES.ok;
}

/** `pern rollout create FILE...`. */
export async function runCreate({ session, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const manifests = words.flatMap((file) => readManifests(file).map((manifest) => ({ file, manifest })));
  for (const { file, manifest } of manifests) {
    if (CREATED.includes(kindIdOf(manifest))) continue;
    throw new CliError({
      what: `creates of ${manifest.apiVersion} ${manifest.kind} unsupported`,
      where: file,
      fix: 'use kubectl create, or commit it',
    });
  }
  const api = await session.api();
  for (const { manifest } of manifests) {
    const kind = findKind(kindIdOf(manifest));
    const namespace =
      kind?.namespaced === false ? undefined : (manifest.metadata.namespace ?? (await session.namespace()));
    const created = (await api.create(kindIdOf(manifest), namespace, manifest)) as KubeObject;
    terminal.line(`${manifest.kind.toLowerCase()}.argoproj.io/${created.metadata.name} created`);
  }
  return EXIT_CODES.ok;
}

function readManifests(file: string): KubeObject[] {
  let text: string;
  try {
    text = readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new CliError({ what: `${file} cannot be read`, why: (error as Error).message });
  }
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new CliError({ what: error.message, where: file });
    const value = document.toJS() as Partial<KubeObject> | null;
    if (value === null) return [];
    if (typeof value.kind === 'string' && typeof value.apiVersion === 'string' && isRecord(value.metadata))
      return [value as KubeObject];
    const line = text.slice(0, document.range?.[0] ?? 0).split('\n').length;
    const fix = 'an object has apiVersion, kind and metadata.name';
    throw new CliError({ what: 'this is not a Kubernetes object', where: `${file}:${line}`, fix });
  });
}

/** `pern rollout create analysisrun`: a run of its own from a template, in the cluster or in a file. */
export async function runCreateAnalysisRun(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal } = invocation;
  const api = await session.api();
  const namespace = await session.namespace();
  const template = await templateFor(invocation, api, namespace);
  const spec = await runSpec(api, namespace, template, parseArguments(options.texts('argument')));
  const name = options.text('name');
  const generateName = options.text('generate-name') ?? `${template.metadata.name}-`;
  const instance = options.text('instance-id');
  const created = await api.create(RUN, namespace, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      ...(name === undefined ? { generateName } : { name }),
      namespace,
      ...(instance === undefined ? {} : { labels: { 'argo-rollouts.argoproj.io/controller-instance-id': instance } }),
    },
    spec,
  });
  terminal.line(`analysisrun.argoproj.io/${created.metadata.name} created`);
  terminal.note(`Next: pern describe analysisrun ${created.metadata.name} -n ${namespace}`);
  return EXIT_CODES.ok;
}

async function templateFor({ options }: Invocation, api: Api, namespace: string): Promise<AnalysisTemplate> {
  const [from, file] = [options.text('from'), options.text('from-file')];
  if ((from === undefined) === (file === undefined)) {
    throw new CliError({ what: 'one of --from or --from-file must be specified' });
  }
  if (file !== undefined) {
    const wanted = options.flag('global') ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
    const found = readManifests(file).find(({ kind }) => kind === wanted);
    if (found !== undefined) return found as unknown as AnalysisTemplate;
    throw new CliError({ what: `no ${wanted} in ${file}` });
  }
  const found = options.flag('global')
    ? await api.get('ClusterAnalysisTemplate.argoproj.io', undefined, from ?? '')
    : await api.get('AnalysisTemplate.argoproj.io', namespace, from ?? '');
  return found as unknown as AnalysisTemplate;
}

async function runSpec(api: Api, namespace: string, template: AnalysisTemplate, args: readonly Argument[]) {
  const nested = (template.spec.templates ?? []).length > 0;
  const own = nested ? (await api.list('AnalysisTemplate.argoproj.io', { namespace })).items : [];
  const global = nested ? (await api.list('ClusterAnalysisTemplate.argoproj.io')).items : [];
  const named = (ref: { templateName: string; clusterScope?: boolean }) =>
    (ref.clusterScope ? global : own).find(({ metadata }) => metadata.name === ref.templateName);
  try {
    const found = collectTemplates(template.spec.templates ?? [], (ref) => named(ref) as unknown as AnalysisTemplate);
    return runSpecFromTemplates([template, ...found], { args });
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    throw new CliError({ what: error.message, fix: 'give arguments with --argument NAME=VALUE' });
  }
}

function parseArguments(words: readonly string[]): Argument[] {
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw new CliError({ what: `arguments must be in the form NAME=VALUE, not "${word}"` });
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** `pern rollout get experiment NAME`. */
export async function runGetExperiment(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, now, signal, arguments: words } = invocation;
  const api = await session.api();
  const namespace = await session.namespace();
  const name = words[0] ?? '';
  const experiment = await findExperiment(api, namespace, name);
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') {
    await printObjects(terminal, format, [experiment as KubeObject], true);
    return EXIT_CODES.ok;
  }
  const kinds: KindId[] = [EXPERIMENT, 'ReplicaSet.apps', 'Pod', RUN];
  const cache = new ObjectCache(
    api,
    kinds.map((kind) => ({ kind, namespace })),
  );
  const ending = new AbortController();
  await cache.start(options.flag('watch') ? signal : ending.signal);
  const draw = () => {
    const found = cache.find(EXPERIMENT, namespace, name);
    if (found === undefined) return [[span(`experiment ${name} is gone`, 'warn')]];
    const objects = {
      replicaSets: cache.list('ReplicaSet.apps'),
      pods: cache.list('Pod'),
      analysisRuns: cache.list(RUN),
    };
    return experimentLines(experimentView(found, objects, now()), now());
  };
  if (options.flag('watch')) await showLive({ ...invocation, cache, draw });
  else terminal.lines(draw());
  ending.abort();
  return EXIT_CODES.ok;
}

async function findExperiment(api: Api, namespace: string, name: string): Promise<Experiment> {
  try {
    return await api.get(EXPERIMENT, namespace, name);
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 404) throw error;
    const { items } = await api.list(EXPERIMENT, { namespace });
    const names = items.map(({ metadata }) => metadata.name).join(', ');
    throw new CliError({
      what: error.message,
      where: `namespace ${namespace}`,
      fix:
        names === '' ? 'this namespace has none; name another one with -e ENV or -n NAMESPACE' : `there are: ${names}`,
    });
  }
}

/** `pern rollout list experiments`. */
export async function runListExperiments({ session, options, terminal, now }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const namespace = await session.givenNamespace();
  const { items } = await api.list(EXPERIMENT, { namespace });
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, items as KubeObject[], false);
  else if (items.length === 0) noteNothing(terminal, findKind(EXPERIMENT)!, namespace);
  else {
    const replicaSets = (await api.list('ReplicaSet.apps', { namespace })).items;
    const objects = { replicaSets, pods: [], analysisRuns: [] };
    terminal.lines(
      experimentListLines(
        items.map((item) => experimentView(item, objects, now())),
        now(),
      ),
    );
  }
  return EXIT_CODES.ok;
}
