import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { Invocation, Options } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Application } from '../view/environments.ts';
import { findApplication } from './app.ts';

const APPLICATION = 'Application.argoproj.io';
const CONTROL_PLANE = 'argocd';
const IN_CLUSTER = 'https://kubernetes.default.svc';
const FINALIZER = 'resources-finalizer.argocd.argoproj.io';
type Members = Record<string, unknown>;

export async function runAppCreate({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const file = options.text('file');
  const manifest = file === undefined ? manifestOf(words[0], options) : readManifest(file, words[0]);
  const metadata = manifest.metadata as { name: string; namespace?: string };
  const namespace = metadata.namespace ?? CONTROL_PLANE;
  const existing = await api.find(APPLICATION, namespace, metadata.name);
  if (existing !== undefined && !options.flag('upsert')) {
    throw new CliError({
      what: `application ${metadata.name} exists already`,
      fix: 'change it with "pern app set", or create over it with --upsert',
    });
  }
  if (existing === undefined) await api.create(APPLICATION, namespace, manifest);
  else await api.patch(APPLICATION, { namespace, name: metadata.name }, { spec: manifest.spec });
  terminal.note(`Application ${metadata.name} ${existing === undefined ? 'created' : 'updated'}.`);
  terminal.note('It is not in git: add it to the tree to keep it, or the next installation will not have it.');
  terminal.note(`Next: pern app sync ${metadata.name}`);
  return EXIT_CODES.ok;
}

function manifestOf(name: string | undefined, options: Options): Members {
  if (name === undefined) throw new CliError({ what: 'an application needs a NAME, or a manifest with --file' });
  const missing = ['repo', 'path', 'dest-namespace'].filter((option) => options.text(option) === undefined);
  if (missing.length > 0) {
    throw new CliError({ what: `"pern app create" needs ${missing.map((option) => `--${option}`).join(', ')}` });
  }
  const spec = mergeInto(
    { project: 'default', destination: { server: IN_CLUSTER }, source: { targetRevision: 'HEAD' } },
    specPatch(options),
  );
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: CONTROL_PLANE, finalizers: [FINALIZER] },
    spec,
  };
}

function readManifest(file: string, name: string | undefined): Members {
  const document = parseDocument(readText(file));
  const [problem] = document.errors;
  const at = problem?.linePos?.[0];
  if (problem !== undefined) {
    throw new CliError({
      what: 'the manifest is not valid YAML',
      where: `${file}:${at?.line}:${at?.col}`,
      why: problem.message,
    });
  }
  const value = document.toJS() as Members | null;
  if (value?.kind !== 'Application' || typeof (value.metadata as Members | undefined)?.name !== 'string') {
    throw new CliError({ what: 'the manifest is not an Application with a name', where: file });
  }
  const metadata = value.metadata as { name: string };
  if (name !== undefined && name !== metadata.name) {
    throw new CliError({ what: `the manifest is of ${metadata.name}, not of ${name}`, where: file });
  }
  return { ...value, metadata: { namespace: CONTROL_PLANE, ...metadata } };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError({ what: `cannot read ${file}`, why: (error as Error).message });
  }
}

/** The part of a spec that the options of `create` and `set` name. */
export function specPatch(options: Options): Members {
  const spec: Members = {};
  const put = (path: string, value: unknown) => {
    if (value === undefined) return;
    const names = path.split('.');
    let holder = spec;
    for (const name of names.slice(0, -1)) {
      holder[name] ??= {};
      holder = holder[name] as Members;
    }
    holder[names.at(-1) as string] = value;
  };
  put('source.repoURL', options.text('repo'));
  put('source.path', options.text('path'));
  put('source.targetRevision', options.text('revision'));
  put('project', options.text('project'));
  put('destination.namespace', options.text('dest-namespace'));
  put('destination.server', options.text('dest-server'));
  put('destination.name', options.text('dest-name'));
  put('source.kustomize.images', listOf(options, 'kustomize-image'));
  put('source.kustomize.namePrefix', options.text('nameprefix'));
  put('source.kustomize.nameSuffix', options.text('namesuffix'));
  put('source.directory.recurse', options.flag('directory-recurse') || undefined);
  put('syncPolicy.syncOptions', listOf(options, 'sync-option'));
  put('revisionHistoryLimit', options.count('revision-history-limit'));
  const policy = options.text('sync-policy');
  if (policy === 'none' || policy === 'manual') put('syncPolicy.automated', null);
  if (policy === 'automated' || policy === 'auto') put('syncPolicy.automated', {});
  put('syncPolicy.automated.prune', options.flag('auto-prune') || undefined);
  put('syncPolicy.automated.selfHeal', options.flag('self-heal') || undefined);
  put('syncPolicy.automated.allowEmpty', options.flag('allow-empty') || undefined);
  return spec;
}

function listOf(options: Options, name: string): readonly string[] | undefined {
  const values = options.texts(name);
  return values.length === 0 ? undefined : values;
}

function mergeInto(base: Members, patch: Members): Members {
  const result = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const before = result[key];
    const both = isMembers(before) && isMembers(value);
    result[key] = both ? mergeInto(before, value) : value;
  }
  return result;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export async function runAppSet(invocation: Invocation): Promise<ExitCode> {
  const patch = specPatch(invocation.options);
  if (Object.keys(patch).length === 0) throw new CliError({ what: '"pern app set" needs at least one option to set' });
  return change(invocation, { spec: patch });
}

/** Words of `unset` and the field each of them takes out. */
const UNSET: Readonly<Record<string, string>> = {
  'kustomize-image': 'source.kustomize.images',
  nameprefix: 'source.kustomize.namePrefix',
  namesuffix: 'source.kustomize.nameSuffix',
  'sync-option': 'syncPolicy.syncOptions',
  'sync-policy': 'syncPolicy.automated',
};

export async function runAppUnset(invocation: Invocation): Promise<ExitCode> {
  return change(invocation, { spec: unsetPatch(invocation.arguments.slice(1)) });
}

/** The merge patch of a spec that takes fields out. Throws CliError for a word that names none. */
export function unsetPatch(words: readonly string[]): Members {
  return words.reduce<Members>((patch, word) => {
    const field = UNSET[word];
    if (field === undefined) {
      throw new CliError({ what: `cannot unset "${word}"`, fix: `use one of: ${Object.keys(UNSET).join(', ')}` });
    }
    const one = field.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), null);
    return mergeInto(patch, one as Members);
  }, {});
}

export async function runAppPatch(invocation: Invocation): Promise<ExitCode> {
  const text = invocation.options.text('patch') ?? '';
  const type = invocation.options.text('type') === 'json' ? 'json' : 'merge';
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch (error) {
    throw new CliError({ what: '--patch is not JSON', why: (error as Error).message });
  }
  return change(invocation, patch, type);
}

async function change(
  { session, terminal, arguments: words }: Invocation,
  patch: unknown,
  type: 'merge' | 'json' = 'merge',
): Promise<ExitCode> {
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const { name, namespace } = application.metadata;
  await api.patch(APPLICATION, { namespace, name }, patch, type);
  terminal.note(`Application ${name} changed.`);
  const source = sourceOfTruth(application);
  if (source !== undefined)
    terminal.note(`${source} declares it: what git says comes back. Change it there to keep it.`);
  terminal.note(`Next: pern app get ${words[0]}`);
  return EXIT_CODES.ok;
}

/** What makes this application from git: an ApplicationSet, or another Application that tracks it. */
export function sourceOfTruth({ metadata }: Application): string | undefined {
  const set = metadata.ownerReferences?.find(({ kind }) => kind === 'ApplicationSet');
  if (set !== undefined) return `ApplicationSet ${set.name}`;
  const parent = metadata.annotations?.['argocd.argoproj.io/tracking-id']?.split(':')[0];
  return parent === undefined ? undefined : `Application ${parent}`;
}

export async function runAppDelete({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const { name, namespace, finalizers = [] } = application.metadata;
  const isCascade = options.text('cascade') !== 'false';
  if (!options.flag('yes')) {
    const what = isCascade ? `${name} and everything it deployed` : `${name}, and leave everything it deployed`;
    throw new CliError({ what: `this would delete ${what}`, fix: 'say so with --yes' });
  }
  const others = finalizers.filter((finalizer) => !finalizer.startsWith(FINALIZER));
  const own = options.text('propagation-policy') === 'background' ? `${FINALIZER}/background` : FINALIZER;
  const next = isCascade ? [...others, own] : others.filter((one) => !/^(pre|post)-delete-finalizer/.test(one));
  await api.patch(APPLICATION, { namespace, name }, { metadata: { finalizers: next.length > 0 ? next : null } });
  await api.delete(findKind(APPLICATION)!, namespace, name);
  terminal.note(
    `Application ${name} ${isCascade ? 'and what it deployed are going' : 'is gone; what it deployed stays'}.`,
  );
  const source = sourceOfTruth(application);
  if (source !== undefined)
    terminal.note(`${source} declares it and will make it again. Take it out of git to be rid of it.`);
  terminal.note(isCascade ? `Next: pern app wait ${words[0]} --delete` : 'Next: pern app list');
  return EXIT_CODES.ok;
}
