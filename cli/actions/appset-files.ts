import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { normaliseRepoUrl } from '../../engine/stages/commit/repo-url.ts';
import type { Ask } from '../../engine/stages/sync/application-set/inputs.ts';
import type { Question } from '../../engine/vocabulary/machine/questions.ts';
import { CliError } from '../errors.ts';
import { runGit } from '../git/repository.ts';

/** Stands for the files on disk where a commit's hash would be. */
const ON_DISK = 'files on disk';

/** A text file. Throws CliError when it cannot be read. */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError({ what: (error as Error).message, where: file, fix: 'name a file that exists' });
  }
}

/** The work tree a file is in, and the file's path inside. Throws CliError outside of a repository. */
export function locate(file: string): { repository: string; path: string } {
  // The directory's own spelling is git's: a link on the way to it must not show in the path.
  const folder = dirname(resolve(file));
  const repository = runGit(folder, ['rev-parse', '--show-toplevel']).trim();
  const prefix = runGit(folder, ['rev-parse', '--show-prefix']).trim();
  return { repository, path: join(prefix, basename(file)) };
}

/** Which local clones stand in for which URLs: `--map`, and this repository for its own remotes and what it deploys from. */
export class LocalClones {
  readonly #folders = new Map<string, string>();

  constructor(repository: string, mappings: readonly string[]) {
    const remotes = runGit(repository, ['remote'])
      .split('\n')
      .filter((name) => name !== '');
    for (const name of remotes) this.#add(runGit(repository, ['remote', 'get-url', name]).trim(), repository);
    for (const url of deployedUrls(repository)) this.#add(url, repository);
    for (const mapping of mappings) {
      const at = mapping.lastIndexOf('=');
      if (at <= 0) throw new CliError({ what: `--map "${mapping}" is not URL=DIR` });
      this.#add(mapping.slice(0, at), resolve(mapping.slice(at + 1)));
    }
  }

  #add(url: string, folder: string): void {
    this.#folders.set(normaliseRepoUrl(url), folder);
  }

  find(url: string): string | undefined {
    return this.#folders.get(normaliseRepoUrl(url));
  }

  get urls(): string[] {
    return [...this.#folders.keys()].sort();
  }
}

/** The URL the engine maps to the repository it runs in: that of the root application. */
function deployedUrls(repository: string): string[] {
  try {
    const text = readFileSync(join(repository, 'pern-gitops', 'bootstrap', 'root-app.yaml'), 'utf8');
    return [...text.matchAll(/^\s*repoURL:\s*["']?([^\s"'#]+)/gm)].map(([, url]) => url as string);
  } catch {
    return [];
  }
}

/**
 * Answers what generators ask, from local clones: HEAD is the work tree on disk, or `revision` when one is given.
 * What cannot be answered is a failure that says what to do.
 */
export function askClones(clones: LocalClones, repository: string, revision: string | undefined): Ask {
  const answer = (question: Question): unknown => {
    if (question.ask !== 'revision' && question.ask !== 'tree' && question.ask !== 'files') return undefined;
    const folder = clones.find(question.repoURL);
    if (folder === undefined) {
      const fix = `name a local clone with --map ${question.repoURL}=DIR; known are: ${clones.urls.join(', ') || 'none'}`;
      return failure('RepositoryNotFound', `there is no local clone of ${question.repoURL}`, fix);
    }
    if (question.ask === 'revision')
      return revisionOf(folder, question.revision, folder === repository ? revision : undefined);
    if (question.ask === 'tree') return { ok: true, value: treeOf(folder, question.sha) };
    return { ok: true, value: { contents: contentsOf(folder, question.sha, question.paths) } };
  };
  return answer as Ask;
}

function failure(code: string, message: string, fix: string) {
  return { ok: false, failure: { code, message, fix } };
}

function revisionOf(folder: string, asked: string, instead: string | undefined): unknown {
  const isHead = asked === '' || asked === 'HEAD';
  if (isHead && instead === undefined) return { ok: true, value: { sha: ON_DISK } };
  const revision = isHead ? (instead as string) : asked;
  try {
    const names = [revision, `origin/${revision}`].map((name) => `${name}^{commit}`);
    return { ok: true, value: { sha: firstCommit(folder, names) } };
  } catch {
    return failure('RevisionNotFound', `there is no revision ${revision} in ${folder}`, 'name a branch, tag or commit');
  }
}

function firstCommit(folder: string, [name, ...others]: readonly string[]): string {
  try {
    return runGit(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', name ?? '']).trim();
  } catch (error) {
    if (others.length === 0) throw error;
    return firstCommit(folder, others);
  }
}

function treeOf(folder: string, sha: string): { directories: string[]; files: string[] } {
  const files =
    sha === ON_DISK ? filesOnDisk(folder) : list(folder, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', sha]);
  const directories = new Set<string>();
  for (const file of files) {
    for (let at = file.indexOf('/'); at > 0; at = file.indexOf('/', at + 1)) directories.add(file.slice(0, at));
  }
  return { directories: [...directories].sort(), files };
}

/** What a commit of everything would have: ignored and deleted files are left out. */
function filesOnDisk(folder: string): string[] {
  const gone = new Set(list(folder, ['ls-files', '-z', '--deleted']));
  const there = list(folder, ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  return [...new Set(there)].filter((path) => !gone.has(path)).sort();
}

function list(folder: string, args: readonly string[]): string[] {
  return runGit(folder, args)
    .split('\0')
    .filter((path) => path !== '');
}

function contentsOf(folder: string, sha: string, paths: readonly string[]): Record<string, string> {
  const read = (path: string) =>
    sha === ON_DISK ? readTextFile(inside(folder, path)) : runGit(folder, ['cat-file', 'blob', `${sha}:${path}`]);
  return Object.fromEntries(paths.map((path) => [path, read(path)]));
}

function inside(folder: string, path: string): string {
  const file = join(folder, path);
  if (relative(folder, file).startsWith('..')) throw new CliError({ what: `${path} is outside of ${folder}` });
  return file;
}
