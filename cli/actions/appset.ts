import { parseAllDocuments } from 'yaml';
import { deepEqual } from '../../engine/vocabulary/core/json.ts';
import { findKind, type ResourceKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, objectPath } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { nearestName } from '../suggest.ts';
import { type ApplicationSetView, applicationSetLines, applicationSetListLines } from '../view/application-set-text.ts';
import { readTextFile } from './appset-files.ts';
import { noteNothing, printObjects } from './output.ts';

export const APPLICATION_SET = 'ApplicationSet.argoproj.io';
const KIND = findKind(APPLICATION_SET) as ResourceKind;
const CONTROL_PLANE = 'argocd';
const REFRESH = 'argocd.argoproj.io/application-set-refresh';

export async function runAppsetList({ session, options, terminal }: Invocation): Promise<ExitCode> {
  const { items } = await (await session.api()).list(APPLICATION_SET);
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, items as KubeObject[], false);
  else if (items.length === 0) noteNothing(terminal, KIND, undefined);
  else terminal.lines(applicationSetListLines(items as ApplicationSetView[], format === 'wide'));
  return EXIT_CODES.ok;
}

export async function runAppsetGet(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  let set = await findSet(api, words[0] ?? '');
  const { name, namespace } = set.metadata;
  if (options.flag('refresh')) {
    const patch = { metadata: { annotations: { [REFRESH]: 'true' } } };
    await api.patch(APPLICATION_SET, { namespace, name }, patch);
    set = await findSet(api, name);
  }
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, [set], true);
  else terminal.lines(applicationSetLines(set as ApplicationSetView));
  const health = (set as ApplicationSetView).status?.health?.status;
  if (health === 'Progressing') terminal.note(`Next: pern app list`);
  return EXIT_CODES.ok;
}

export async function runAppsetCreate(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: files } = invocation;
  const sets = files.flatMap((file) => readSets(file));
  const api = await session.api();
  const done: KubeObject[] = [];
  for (const { set, file } of sets) {
    refuseTemplatedProject(set, file);
    done.push(await createOne(api, set, file, invocation));
  }
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, done, done.length === 1);
  if (!options.flag('dry-run')) terminal.note(`Next: pern appset get ${done[0]?.metadata.name ?? 'NAME'}`);
  return EXIT_CODES.ok;
}

async function createOne(api: Api, set: KubeObject, file: string, invocation: Invocation): Promise<KubeObject> {
  const { options, terminal } = invocation;
  const { name, namespace = CONTROL_PLANE } = set.metadata;
  const existing = await api.find(APPLICATION_SET, namespace, name);
  const isDry = options.flag('dry-run');
  if (existing === undefined) {
    const created = isDry ? set : ((await api.create(APPLICATION_SET, namespace, set)) as KubeObject);
    terminal.note(isDry ? `ApplicationSet ${name} would be created` : `ApplicationSet ${name} created`);
    return created;
  }
  if (deepEqual((existing as KubeObject).spec, set.spec)) {
    terminal.note(`ApplicationSet ${name} unchanged`);
    return existing as KubeObject;
  }
  if (!options.flag('upsert')) {
    throw new CliError({
      what: `ApplicationSet ${name} exists with another spec`,
      where: file,
      fix: 'change it with --upsert, or give the new one another name',
    });
  }
  if (isDry) {
    terminal.note(`ApplicationSet ${name} would be updated`);
    return set;
  }
  const { labels, annotations } = set.metadata;
  const patch = [
    { op: 'replace', path: '/spec', value: set.spec },
    ...(labels === undefined ? [] : [{ op: 'add', path: '/metadata/labels', value: labels }]),
    ...(annotations === undefined ? [] : [{ op: 'add', path: '/metadata/annotations', value: annotations }]),
  ];
  const updated = await api.patch(APPLICATION_SET, { namespace, name }, patch, 'json');
  terminal.note(`ApplicationSet ${name} updated`);
  return updated;
}

function refuseTemplatedProject(set: KubeObject, file: string): void {
  const project = (set as ApplicationSetView).spec?.template?.spec?.project ?? '';
  if (!project.includes('{{')) return;
  throw new CliError({
    what: 'the Argo CD API does not currently support creating ApplicationSets with templated `project` fields',
    where: `${file}: spec.template.spec.project`,
    fix: 'name one project, or declare the set in git',
  });
}

export async function runAppsetDelete({ session, options, terminal, arguments: names }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const sets = [];
  for (const name of names) sets.push(await findSet(api, name));
  const isMeant = options.flag('yes');
  for (const set of sets) {
    const { status, spec } = set as ApplicationSetView;
    const keeps = ['create-only', 'create-update'].includes(spec?.syncPolicy?.applicationsSync ?? '');
    const applications = (status?.resources ?? []).map(({ name }) => name).join(', ') || 'no applications';
    const going = keeps ? `its applications stay: ${applications}` : `with ${applications}`;
    if (isMeant)
      await api.json({ method: 'DELETE', path: objectPath(KIND, set.metadata.namespace, set.metadata.name) });
    terminal.lines([`ApplicationSet ${set.metadata.name} ${isMeant ? 'deleted' : 'would be deleted'}, ${going}`]);
  }
  if (!isMeant) terminal.note(`Next: pern appset delete ${names.join(' ')} --yes`);
  return EXIT_CODES.ok;
}

/** The ApplicationSets of a file, in its order. Throws CliError when it has none. */
export function readSets(file: string): { set: KubeObject; file: string }[] {
  const documents = parseAllDocuments(readTextFile(file));
  for (const document of documents) {
    const [error] = document.errors;
    if (error === undefined) continue;
    const [{ line, col } = { line: 1, col: 1 }] = error.linePos ?? [];
    throw new CliError({ what: error.message.split('\n')[0] ?? 'not YAML', where: `${file}:${line}:${col}` });
  }
  const sets = documents
    .map((document) => document.toJS() as KubeObject | null)
    .filter((value): value is KubeObject => value?.kind === 'ApplicationSet');
  if (sets.length === 0) {
    throw new CliError({ what: 'this file has no ApplicationSet', where: file, fix: 'name the file that declares it' });
  }
  for (const { apiVersion, metadata } of sets) {
    const fix = 'begin it with "apiVersion: argoproj.io/v1alpha1" and give it metadata.name';
    if (apiVersion !== 'argoproj.io/v1alpha1')
      throw new CliError({
        what: `an ApplicationSet has apiVersion ${JSON.stringify(apiVersion ?? '')}`,
        where: file,
        fix,
      });
    if (typeof metadata?.name !== 'string')
      throw new CliError({ what: 'an ApplicationSet has no name', where: file, fix });
  }
  return sets.map((set) => ({ set: { ...set, metadata: { namespace: CONTROL_PLANE, ...set.metadata } }, file }));
}

async function findSet(api: Api, name: string): Promise<KubeObject> {
  const { items } = await api.list(APPLICATION_SET);
  const found = items.find(({ metadata }) => metadata.name === name);
  if (found !== undefined) return found as KubeObject;
  const names = items.map(({ metadata }) => metadata.name);
  const near = nearestName(name, names);
  throw new CliError({
    what: `there is no application set "${name}"`,
    fix: near === undefined ? `use one of: ${names.join(', ') || 'none exist yet'}` : `did you mean "${near}"?`,
  });
}
