import { isRecord } from '#core/json.ts';
import { answered, type GeneratorContext } from './inputs.ts';
import { GeneratorError } from './types.ts';
import { parseYaml } from './yaml-text.ts';

/** Annotation of an ApplicationSet: the file that says what its SCM host would, as `REPO_URL//PATH?ref=REVISION`. */
export const SCM_FIXTURE_ANNOTATION = 'pern-gitops.dev/scm-fixture';

/** A repository of a fixture file. */
export interface FixtureRepository {
  /** Owner, group, project or organization: whatever the provider calls it. */
  organization: string;
  repository: string;
  id?: string | number;
  /** Clone URLs by protocol. */
  urls: Readonly<Record<string, string>>;
  defaultBranch: string;
  archived: boolean;
  labels: readonly string[];
  branches: readonly { name: string; sha: string; paths: readonly string[] }[];
}

/** A pull request of a fixture file. */
export interface FixturePullRequest {
  organization: string;
  repository: string;
  number: number;
  title: string;
  author: string;
  branch: string;
  targetBranch: string;
  headSha: string;
  labels: readonly string[];
  state: string;
}

export interface ScmFixture {
  repositories: readonly FixtureRepository[];
  pullRequests: readonly FixturePullRequest[];
}

/**
 * Reads the fixture file a set names: the engine asks no SCM host. Throws GeneratorError with the place in the file that is
 * wrong, PendingError while git has not answered.
 */
export function readScmFixture({ ask, scmFixture, field }: GeneratorContext): ScmFixture {
  if (scmFixture === undefined) {
    throw new GeneratorError(
      `${field}: no SCM host is asked; annotate the ApplicationSet with ${SCM_FIXTURE_ANNOTATION}: REPO_URL//PATH?ref=REVISION`,
    );
  }
  const { repoURL, path, revision } = parseLocation(scmFixture);
  const trying = `error listing repos: fixture ${scmFixture}`;
  const { sha } = answered(ask({ ask: 'revision', repoURL, revision }), trying);
  const { contents } = answered(ask({ ask: 'files', repoURL, sha, paths: [path] }), trying);
  return parseFixture(contents[path] ?? '', path);
}

/** `https://host/org/repo.git//dir/file.yaml?ref=main`; without `ref` it is HEAD. */
export function parseLocation(text: string): { repoURL: string; path: string; revision: string } {
  const match = /^((?:[a-z][a-z0-9+.-]*:\/\/)?[^?]+?)\/\/([^?]+)(?:\?ref=([^&?]+))?$/i.exec(text);
  const [, repoURL, path, revision = 'HEAD'] = match ?? [];
  const isWhole = repoURL !== undefined && path !== undefined && !/^[a-z][a-z0-9+.-]*:$/i.test(repoURL);
  if (!isWhole || path.split('/').includes('..')) {
    throw new GeneratorError(`${SCM_FIXTURE_ANNOTATION}: ${JSON.stringify(text)} is not REPO_URL//PATH?ref=REVISION`);
  }
  return { repoURL, path, revision };
}

export function parseFixture(text: string, file: string): ScmFixture {
  const value = parseYaml(text, (problem) => new GeneratorError(`${file}: ${problem}`));
  const root = recordOf(value ?? {}, file, ['repositories', 'pullRequests']);
  return {
    repositories: listOf(root.repositories, `${file}: repositories`).map((entry, index) =>
      repositoryOf(entry, `${file}: repositories[${index}]`),
    ),
    pullRequests: listOf(root.pullRequests, `${file}: pullRequests`).map((entry, index) =>
      pullRequestOf(entry, `${file}: pullRequests[${index}]`),
    ),
  };
}

function repositoryOf(value: unknown, at: string): FixtureRepository {
  const known = ['organization', 'repository', 'id', 'urls', 'defaultBranch', 'archived', 'labels', 'branches'];
  const entry = recordOf(value, at, known);
  const branches = listOf(entry.branches, `${at}.branches`).map((branch, index) => {
    const where = `${at}.branches[${index}]`;
    const { name, sha, paths } = recordOf(branch, where, ['name', 'sha', 'paths']);
    return {
      name: textOf(name, `${where}.name`),
      sha: textOf(sha, `${where}.sha`),
      paths: textsOf(paths, `${where}.paths`),
    };
  });
  const urls = recordOf(entry.urls ?? {}, `${at}.urls`);
  const id = typeof entry.id === 'number' || typeof entry.id === 'string' ? { id: entry.id } : {};
  return {
    organization: textOf(entry.organization, `${at}.organization`),
    repository: textOf(entry.repository, `${at}.repository`),
    ...id,
    urls: Object.fromEntries(
      Object.entries(urls).map(([protocol, url]) => [protocol, textOf(url, `${at}.urls.${protocol}`)]),
    ),
    defaultBranch: entry.defaultBranch === undefined ? 'main' : textOf(entry.defaultBranch, `${at}.defaultBranch`),
    archived: entry.archived === true,
    labels: textsOf(entry.labels, `${at}.labels`),
    branches,
  };
}

function pullRequestOf(value: unknown, at: string): FixturePullRequest {
  const texts = ['organization', 'repository', 'title', 'author', 'branch', 'targetBranch', 'headSha'] as const;
  const entry = recordOf(value, at, [...texts, 'number', 'labels', 'state']);
  if (typeof entry.number !== 'number') throw new GeneratorError(`${at}.number: must be a number`);
  const read = Object.fromEntries(texts.map((name) => [name, textOf(entry[name], `${at}.${name}`)]));
  return {
    ...(read as Record<(typeof texts)[number], string>),
    number: entry.number,
    labels: textsOf(entry.labels, `${at}.labels`),
    state: entry.state === undefined ? 'open' : textOf(entry.state, `${at}.state`),
  };
}

function recordOf(value: unknown, at: string, known?: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) throw new GeneratorError(`${at}: must be a mapping`);
  const foreign = known === undefined ? undefined : Object.keys(value).find((key) => !known.includes(key));
  if (foreign !== undefined) throw new GeneratorError(`${at}: unknown field ${foreign}`);
  return value;
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new GeneratorError(`${at}: must be a list`);
}

function textOf(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  throw new GeneratorError(`${at}: must be a text`);
}

function textsOf(value: unknown, at: string): string[] {
  return listOf(value, at).map((item, index) => textOf(item, `${at}[${index}]`));
}
