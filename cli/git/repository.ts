import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CliError } from '../errors.ts';
import { type SigningKey, withSigning } from './signing.ts';

/** The repository this command belongs to: what is deployed when it is called from anywhere else. */
const OWN_REPOSITORY = dirname(dirname(import.meta.dirname));

/**
 * The git work tree to deploy: --repository; else the one around `folder` when it holds `pern-gitops/`; else the one
 * this command is part of. Throws CliError when it is not a work tree, or has no declaration.
 */
export function findRepository(option: string | undefined, folder: string): string {
  if (option === undefined) {
    const around = topLevel(folder);
    return around !== undefined && existsSync(join(around, 'pern-gitops')) ? around : checked(OWN_REPOSITORY);
  }
  return checked(resolve(folder, option));
}

function checked(folder: string): string {
  const found = topLevel(folder);
  if (found === undefined) {
    throw new CliError({
      what: 'this is not a git repository, and git is where deployments come from',
      where: folder,
      fix: 'run "git init && git add -A && git commit -m initial" there, or name a clone with --repository',
    });
  }
  return found;
}

function topLevel(folder: string): string | undefined {
  try {
    return runGit(folder, ['rev-parse', '--show-toplevel']).trim();
  } catch (error) {
    if (error instanceof GitError && /not a git repository|cannot change to/.test(error.trouble.why ?? ''))
      return undefined;
    throw error;
  }
}

/** git said no; the message is its own. */
export class GitError extends CliError {
  override name = 'GitError';
}

/** Runs git in a folder and gives its stdout. Throws GitError with git's message, CliError when git is missing. */
export function runGit(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): string {
  try {
    return execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its messages are read, so they must not be translated.
      env: { ...process.env, ...environment, LC_ALL: 'C' },
    });
  } catch (error) {
    const failure = error as NodeJS.ErrnoException & { stderr?: string };
    if (failure.code === 'ENOENT') {
      throw new CliError({ what: 'git is missing', fix: 'install git with your package manager' });
    }
    const said = (failure.stderr ?? failure.message).trim();
    throw new GitError({ what: `git ${args[0]} failed`, where: folder, why: said });
  }
}

/** Options that give a commit an author where git has none configured. */
export function authorOptions(folder: string): string[] {
  try {
    runGit(folder, ['var', 'GIT_AUTHOR_IDENT']);
    return [];
  } catch {
    return ['-c', 'user.name=pern', '-c', 'user.email=pern@localhost'];
  }
}

/** Throws CliError when a file differs from the last commit: a commit of ours would carry someone's unfinished edit. */
export function refuseUncommitted(repository: string, file: string): void {
  const status = runGit(repository, ['status', '--porcelain', '--untracked-files=all', '--', file]);
  if (status.trim() === '') return;
  throw new CliError({
    what: 'this file has changes that are not committed',
    where: file,
    why: 'the release would commit them too',
    fix: `commit them or take them back with "git checkout -- ${file}", then run the same command again`,
  });
}

export interface Commit {
  /** Abbreviated hash. */
  hash: string;
  branch: string;
}

/** Commits the given files and nothing else, whatever is staged; signed with `key` when there is one. */
export function commitFiles(repository: string, files: readonly string[], message: string, key?: SigningKey): Commit {
  const words = ['commit', '--quiet', '--only', '--message', message, '--', ...files];
  withSigning(key, ({ options, environment }) =>
    runGit(repository, [...authorOptions(repository), ...options, ...words], environment),
  );
  return {
    hash: runGit(repository, ['rev-parse', '--short', 'HEAD']).trim(),
    branch: runGit(repository, ['rev-parse', '--abbrev-ref', 'HEAD']).trim(),
  };
}

/** The diff of one commit for people, without its header. */
export function commitDiff(repository: string, hash: string): string {
  return runGit(repository, ['show', '--format=', '--unified=1', '--no-color', hash]);
}

/** Tags that approvals on this machine have made (docs/decisions/0004); those of other machines are not local. */
export function localApprovals(repository: string): string[] {
  const format = '%(refname:lstrip=2) %(taggeremail)';
  const listed = runGit(repository, ['for-each-ref', `--format=${format}`, 'refs/tags/approved/']);
  return listed.split('\n').flatMap((line) => (line.endsWith(' <pern@localhost>') ? [line.split(' ')[0] ?? ''] : []));
}
