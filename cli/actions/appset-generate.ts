import { isNode, LineCounter, parseAllDocuments } from 'yaml';
import { DEFAULT_CONFIG } from '../../engine/stages/sync/application/config.ts';
import { clusterOf } from '../../engine/stages/sync/application-set/cluster-secret.ts';
import { expandApplicationSet } from '../../engine/stages/sync/application-set/expand.ts';
import type { ClusterSecret } from '../../engine/stages/sync/application-set/inputs.ts';
import { type Preview, previewChanges } from '../../engine/stages/sync/application-set/preview.ts';
import { SCM_FIXTURE_ANNOTATION } from '../../engine/stages/sync/application-set/scm-fixture.ts';
import { type ApplicationSet, GeneratorError, TemplateError } from '../../engine/stages/sync/application-set/types.ts';
import { validate } from '../../engine/stages/sync/application-set/validation.ts';
import { controllerReference, type KubeObject, type Manifest } from '../../engine/vocabulary/kube/object.ts';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { GitError, runGit } from '../git/repository.ts';
import { generatedLines, previewLines } from '../view/application-set-text.ts';
import { readSets } from './appset.ts';
import { askClones, LocalClones, locate, readTextFile } from './appset-files.ts';
import { printObjects } from './output.ts';

/** What the sets of one command line are expanded with. */
interface Grounds {
  file: string;
  repository: string;
  path: string;
  clones: LocalClones;
  clusters: readonly ClusterSecret[];
}

export async function runAppsetGenerate(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const file = words[0] ?? '';
  const sets = readSets(file).map(({ set }) => set as unknown as ApplicationSet);
  const { repository, path } = locate(file);
  const clones = new LocalClones(repository, options.texts('map'));
  const clusters = options.texts('clusters').flatMap(readClusters);
  const grounds = { file, repository, path, clones, clusters };
  const generated = sets.map((set) => ({ set, applications: expand(set, grounds, options.text('revision')) }));
  const format = options.text('output') ?? '';
  const all = generated.flatMap(({ applications }) => applications);
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, all as KubeObject[], all.length === 1);
  else if (all.length > 0) terminal.lines(generatedLines(all, format === 'wide'));
  else terminal.note('No applications.');
  const invalid = generated.flatMap(({ set, applications }) => problemsOf(set, applications, clusters));
  for (const problem of invalid) terminal.note(`invalid: ${problem}`);
  const base = options.text('base');
  const isCompared = base !== undefined || options.flag('diff');
  if (!isCompared) {
    terminal.note(`Next: pern appset generate ${file} --diff`);
    return invalid.length > 0 ? EXIT_CODES.finding : EXIT_CODES.ok;
  }
  const previews: Preview[] = [];
  for (const { set, applications } of generated) {
    previews.push(
      base === undefined
        ? await againstEngine(await session.api(), set, applications)
        : againstBase(set, applications, grounds, base),
    );
  }
  for (const preview of previews) terminal.lines(previewLines(preview));
  const isSame = previews.every(({ created, updated, deleted, refused }) =>
    [created, updated, deleted, refused].every(({ length }) => length === 0),
  );
  return isSame && invalid.length === 0 ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function expand(set: ApplicationSet, grounds: Grounds, revision: string | undefined): Manifest[] {
  const { file, repository, clones, clusters } = grounds;
  const scmFixture = set.metadata.annotations?.[SCM_FIXTURE_ANNOTATION];
  try {
    return expandApplicationSet(set.spec, set.metadata.namespace ?? '', {
      ask: askClones(clones, repository, revision),
      clusters,
      ...(scmFixture === undefined ? {} : { scmFixture }),
    });
  } catch (error) {
    if (!(error instanceof GeneratorError) && !(error instanceof TemplateError)) throw error;
    throw new CliError({
      what: `ApplicationSet ${set.metadata.name} generates nothing: ${error.message}`,
      where: placeInFile(file, set.metadata.name, error.message),
      fix: 'the applications that exist stay as they are until this is mended',
      exitCode: EXIT_CODES.finding,
    });
  }
}

/** `file:line:column` of the field that a message names, or the file alone. */
function placeInFile(file: string, name: string, message: string): string {
  const field = /\((spec\.[^)]+)\)$/.exec(message)?.[1] ?? /^(spec\.[\w.[\]]+)/.exec(message)?.[1];
  if (field === undefined) return file;
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(readTextFile(file), { lineCounter });
  const document = documents.find((candidate) => candidate.getIn(['metadata', 'name']) === name);
  const path = [...field.matchAll(/[^.[\]]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
  // A field the file does not have, or whose name has dots: the place of what is around it.
  for (let length = path.length; length > 0; length--) {
    const node = document?.getIn(path.slice(0, length), true);
    if (!isNode(node) || node.range === undefined || node.range === null) continue;
    const { line, col } = lineCounter.linePos(node.range[0]);
    return `${file}:${line}:${col}`;
  }
  return file;
}

/** Projects are the engine's to know; everything else that makes an Application invalid shows here. */
function problemsOf(
  set: ApplicationSet,
  applications: readonly Manifest[],
  clusters: readonly ClusterSecret[],
): string[] {
  const grounds = { set, config: DEFAULT_CONFIG, clusters, projects: { has: () => true } };
  return [...validate(grounds, applications).errors.values()].sort();
}

async function againstEngine(api: Api, set: ApplicationSet, applications: readonly Manifest[]): Promise<Preview> {
  const { namespace = '', name } = set.metadata;
  const stored = (await api.find('ApplicationSet.argoproj.io', namespace, name)) as unknown as
    | ApplicationSet
    | undefined;
  const { items } = await api.list('Application.argoproj.io', { namespace });
  const isOwned = ({ metadata }: KubeObject) =>
    (metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.name === name);
  const all = items as unknown as KubeObject[];
  const known = { ...set, metadata: { ...set.metadata, uid: stored?.metadata.uid ?? set.metadata.uid } };
  return previewChanges(
    known,
    applications,
    all.filter(isOwned),
    all.filter((found) => !isOwned(found)),
  );
}

/** What the set, and the repository, were at another commit. A set that was not there had no Applications. */
function againstBase(set: ApplicationSet, applications: readonly Manifest[], grounds: Grounds, base: string): Preview {
  const before = setAt(set, grounds, base);
  const owner = controllerReference(set);
  const owned = before === undefined ? [] : expand(before, grounds, base);
  const live = owned.map(
    (manifest) =>
      ({ ...manifest, metadata: { ...manifest.metadata, ownerReferences: [owner] } }) as unknown as KubeObject,
  );
  return previewChanges(set, applications, live);
}

function setAt(set: ApplicationSet, { repository, path }: Grounds, base: string): ApplicationSet | undefined {
  let text: string;
  try {
    runGit(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`]);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new CliError({
      what: `there is no revision "${base}"`,
      where: repository,
      fix: 'name a branch, tag or commit',
    });
  }
  try {
    text = runGit(repository, ['cat-file', 'blob', `${base}:${path}`]);
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
  const found = parseAllDocuments(text)
    .map((document) => document.toJS() as ApplicationSet | null)
    .find((value) => value?.kind === 'ApplicationSet' && value.metadata.name === set.metadata.name);
  return found === undefined || found === null
    ? undefined
    : { ...found, metadata: { ...found.metadata, namespace: found.metadata.namespace ?? set.metadata.namespace } };
}

function readClusters(file: string): ClusterSecret[] {
  return parseAllDocuments(readTextFile(file))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((value): value is KubeObject => value?.kind === 'Secret')
    .filter(({ metadata }) => metadata.labels?.['argocd.argoproj.io/secret-type'] === 'cluster')
    .map(clusterOf);
}
