import type { Failure, Position } from '#machine/questions.ts';

/** A source that cannot be read, as an exception: ports turn it into the failure of an answer. */
export class SourceError extends Error {
  override name = 'SourceError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function repositoryNotFound(repoURL: string, why: string, fix: string): SourceError {
  return new SourceError({ code: 'RepositoryNotFound', message: `repository ${repoURL}: ${why}`, fix });
}

export function revisionNotFound(repoURL: string, revision: string): SourceError {
  const constraint = /[*<>=~^|]/.test(revision);
  return new SourceError({
    code: 'RevisionNotFound',
    message: `unable to resolve '${revision}' to a commit SHA in ${repoURL}`,
    fix: constraint
      ? 'no tag is a version that meets the constraint; make one, or name a branch, a tag or a commit'
      : 'name a branch, a tag or a commit that the repository has',
  });
}

export function commitNotFound(repoURL: string, sha: string): SourceError {
  return new SourceError({
    code: 'RevisionNotFound',
    message: `repository ${repoURL} has no commit ${sha}`,
    fix: 'fetch the commit, or name one that the repository has',
  });
}

export function pathNotFound(path: string): SourceError {
  return new SourceError({
    code: 'PathNotFound',
    message: `${path}: app path does not exist`,
    fix: 'name a directory that the commit has; a directory without files does not exist in git',
  });
}

export function notReproduced(what: string, fix: string, at?: Position): SourceError {
  return new SourceError({ code: 'NotReproduced', message: `${what}: not reproduced`, fix, ...(at ? { at } : {}) });
}

/** Any thrown value as a failure; an unexpected one keeps its text under the code `SourceFailed`. */
export function failureOf(error: unknown): Failure {
  if (error instanceof SourceError) return error.failure;
  return { code: 'SourceFailed', message: error instanceof Error ? error.message : String(error) };
}

/** `file:line:column: ` in front of the message, as far as the position is known. */
export function formatFailure(failure: Failure): string {
  const { at } = failure;
  const where = at === undefined ? '' : [at.file, at.line, at.column].filter((part) => part !== undefined).join(':');
  const fix = failure.fix === undefined ? '' : ` (fix: ${failure.fix})`;
  return `${where === '' ? '' : `${where}: `}${failure.message}${fix}`;
}
