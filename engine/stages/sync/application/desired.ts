import type { Answers } from '#control/plan.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Answer, Failure, Question, RenderedSource } from '#machine/questions.ts';
import type { Reader } from '#store/store.ts';
import { refreshPaths } from '../../commit/changed-paths.ts';
import { failureOf } from '../../commit/failures.ts';
import { parseManifests } from '../../render/directory.ts';
import { type Comparison, compareState } from './compare.ts';
import type { ApplicationConfig } from './config.ts';
import { localManifestsRefused, verifySource } from './integrity.ts';
import type { Settings } from './settings.ts';
import { combineRendered, renderSourceOf, type SourceSet } from './sources.ts';
import type { CheckedSpec } from './spec.ts';
import { computeTargets, type Targets } from './targets.ts';
import type { Application, ApplicationSource } from './types.ts';

/** Sources at their revisions: what was asked, and how far the answers are. */
export type Desired =
  | { phase: 'pending'; questions: readonly Question[]; sha?: string }
  | { phase: 'failed'; questions: readonly Question[]; sha?: string; failure: Failure }
  | {
      phase: 'ready';
      questions: readonly Question[];
      /** The first source's commit. */
      sha: string;
      /** The commit of each source. */
      shas: readonly string[];
      set: SourceSet;
      /** False: known to render the same as the commit that was deployed last. */
      touched: boolean;
      rendered: RenderedSource;
      sourceTypes: readonly string[];
      targets: Targets;
      comparison: Comparison;
      /** Why the project does not permit these commits: signatures it asks for are missing or bad. */
      unverified: readonly string[];
    };

/** Which sources at which revisions; without revisions, those that the sources track. */
export interface Request {
  set: SourceSet;
  revisions?: readonly string[];
  options: readonly string[];
  /** True for what the Application tracks: it need not hear of commits that do not concern it. */
  follows: boolean;
  /** In place of what the sources declare. */
  manifests?: readonly string[];
}

export interface Surroundings {
  application: Application;
  config: ApplicationConfig;
  settings: Settings;
  checked: CheckedSpec;
  instance: string;
  tracked: readonly KubeObject[];
  objects: Reader;
  answers: Answers;
}

const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';

/** Resolves, renders and compares sources as far as the answers go; all that is still to be asked is in `questions`. */
export function observeSources(around: Surroundings, request: Request): Desired {
  const questions: Question[] = [];
  const ask = <Q extends Question>(question: Q): Answer<Q> | undefined => {
    questions.push(question);
    return around.answers.of(question);
  };
  const loaded =
    request.manifests === undefined
      ? loadSources(around, request, ask)
      : loadManifests(around, request.manifests, request);
  const [sha] = loaded.shas;
  const known = sha === undefined ? {} : { sha };
  if (loaded.failure !== undefined) return { phase: 'failed', questions, ...known, failure: loaded.failure };
  if (loaded.parts === undefined) return { phase: 'pending', questions, ...known };
  const rendered = combineRendered(loaded.parts);
  const { checked, settings, instance, application } = around;
  const targets = computeTargets(rendered, instance, checked.destination.namespace, settings);
  const managed = application.spec.syncPolicy?.managedNamespaceMetadata;
  const comparison = compareState({
    ...checked,
    ...around,
    targets,
    respectIgnore: request.options.includes('RespectIgnoreDifferences=true'),
    managesNamespace: managed !== undefined && request.options.includes('CreateNamespace=true'),
  });
  return {
    phase: 'ready',
    questions,
    sha: sha ?? '',
    shas: loaded.shas,
    set: request.set,
    touched: loaded.touched,
    rendered,
    sourceTypes: loaded.parts.map(({ sourceType }) => sourceType),
    targets,
    comparison,
    unverified: loaded.unverified ?? [],
  };
}

interface Loaded {
  shas: string[];
  touched: boolean;
  /** Undefined while answers are missing. */
  parts?: RenderedSource[];
  /** Problems of signatures. */
  unverified?: string[];
  failure?: Failure;
}

export type Ask = <Q extends Question>(question: Q) => Answer<Q> | undefined;

function loadSources(around: Surroundings, request: Request, ask: Ask): Loaded {
  const loaded: Loaded = { shas: [], touched: false };
  const parts: RenderedSource[] = [];
  const unverified: string[] = [];
  let isComplete = true;
  for (const [index, source] of request.set.sources.entries()) {
    const revision = resolve(around, request, source, index, ask);
    if (revision !== undefined && !revision.ok)
      return { ...loaded, failure: namedFailure(request, index, revision.failure) };
    if (revision === undefined) {
      isComplete = false;
      continue;
    }
    const { sha, touched = true } = revision.value;
    loaded.shas[index] = sha;
    loaded.touched ||= touched;
    const named = revisionOf(request, source, index);
    const verified = verifySource(around, request.set, index, { revision: named, sha }, ask);
    if (verified.state === 'failed') return { ...loaded, failure: namedFailure(request, index, verified.failure) };
    if (verified.state === 'pending') isComplete = false;
    else unverified.push(...verified.problems);
    const renders = renderSourceOf(source);
    if (renders === undefined) continue;
    const rendered = ask({ ask: 'render', repoURL: source.repoURL ?? '', sha, source: renders });
    if (rendered === undefined) isComplete = false;
    else if (rendered.ok) parts.push(rendered.value);
    else return { ...loaded, failure: namedFailure(request, index, rendered.failure) };
  }
  return isComplete ? { ...loaded, parts, unverified } : loaded;
}

function revisionOf({ set, revisions }: Request, source: ApplicationSource, index: number): string {
  const given = revisions?.length === set.sources.length ? revisions[index] : undefined;
  return given ?? source.targetRevision ?? '';
}

type Resolved = Answer<Extract<Question, { ask: 'revision' }>>;

function resolve(
  around: Surroundings,
  request: Request,
  source: ApplicationSource,
  index: number,
  ask: Ask,
): Resolved | undefined {
  const revision = revisionOf(request, source, index);
  if (/^[0-9a-f]{40}$/.test(revision)) return { ok: true, value: { sha: revision } };
  const question = { ask: 'revision' as const, repoURL: source.repoURL ?? '', revision };
  if (!request.follows) return ask(question);
  const { metadata, status } = around.application;
  const paths = refreshPaths(metadata.annotations, source.path ?? '');
  const deployed = status?.operationState?.syncResult;
  const since = deployed?.revisions?.[index] ?? (deployed?.revision || undefined);
  const interest = paths.length === 0 ? {} : { paths, ...(since === undefined ? {} : { since }) };
  // Asked to look: the newest commit, whatever it changed. As another question it is answered afresh.
  if (metadata.annotations?.[REFRESH_ANNOTATION] !== undefined) return ask({ ...question, ...interest });
  return ask({ ...question, ...interest, renders: renderSourceOf(source) });
}

/** One of several sources is named by its place. */
function namedFailure({ set }: Request, index: number, failure: Failure): Failure {
  return set.isMultiple
    ? { ...failure, message: `source ${index + 1} of ${set.sources.length}: ${failure.message}` }
    : failure;
}

const LOCAL = new WeakMap<readonly string[], RenderedSource>();

/** The manifests of the request itself (`app sync --local`); the revision is only the name it was asked for under. */
function loadManifests({ checked }: Surroundings, manifests: readonly string[], { set, revisions }: Request): Loaded {
  const shas = set.sources.map((source, index) => revisions?.[index] ?? (source.targetRevision || 'HEAD'));
  const refused = localManifestsRefused(checked.project, set);
  if (refused !== undefined) return { shas, touched: true, failure: refused };
  const known = LOCAL.get(manifests);
  if (known !== undefined) return { shas, touched: true, parts: [known] };
  try {
    const placed = manifests.flatMap((text, index) => parseManifests(text, `operation.sync.manifests[${index}]`));
    const rendered: RenderedSource = {
      sourceType: 'Directory',
      manifests: placed.map(({ manifest }) => manifest),
      origins: placed.map(({ at }) => at),
      warnings: [],
    };
    LOCAL.set(manifests, rendered);
    return { shas, touched: true, parts: [rendered] };
  } catch (error) {
    return { shas, touched: true, failure: failureOf(error) };
  }
}
