import { SourceError } from '../../engine/stages/commit/failures.ts';
import { normaliseRepoUrl } from '../../engine/stages/commit/repo-url.ts';
import { kustomizeLibrary } from '../../engine/stages/render/kustomize.ts';
import { renderSource } from '../../engine/stages/render/render.ts';
import { combineRendered, renderSourceOf, sourceSetOf } from '../../engine/stages/sync/application/sources.ts';
import type { Application as ControllerApplication } from '../../engine/stages/sync/application/types.ts';
import type { RenderedSource } from '../../engine/vocabulary/machine/questions.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { commitFileSystem } from '../git/commit-files.ts';
import { GitError, runGit } from '../git/repository.ts';
import type { Application } from '../view/environments.ts';

/** The Application as the controller sees it: the same object, with the fields that the controller reads. */
export function asController(application: Application): ControllerApplication {
  return application as unknown as ControllerApplication;
}

/**
 * What git declares for an application: its sources rendered at a commit of this repository, as the engine would.
 * Throws CliError for a revision that is not there, and for sources of another repository than the first one's.
 */
export function renderApplication(
  application: Application,
  repository: string,
  revision: string | undefined,
): RenderedSource {
  const { name } = application.metadata;
  const set = sourceSetOf(asController(application).spec);
  if (set === undefined) throw new CliError({ what: `${name} has no source` });
  const home = normaliseRepoUrl(set.sources[0]?.repoURL ?? '');
  const parts = set.sources.flatMap((source) => {
    const renders = renderSourceOf(source);
    if (renders === undefined) return [];
    if (normaliseRepoUrl(source.repoURL ?? '') !== home) {
      const fix = 'render that source by itself with "pern kustomize DIR" in a clone of it';
      throw new CliError({ what: `${name} has a source in another repository: ${source.repoURL}`, fix });
    }
    const sha = resolveRevision(repository, revision ?? (source.targetRevision || 'HEAD'));
    try {
      return [renderSource(commitFileSystem(repository, sha), renders, kustomizeLibrary)];
    } catch (error) {
      throw error instanceof SourceError ? renderTrouble(name, sha, error) : error;
    }
  });
  return combineRendered(parts);
}

function resolveRevision(repository: string, revision: string): string {
  try {
    return runGit(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]).trim();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const fix = `see "git -C ${repository} log" and "git branch -a" for what there is`;
    throw new CliError({ what: `there is no revision "${revision}"`, where: repository, fix });
  }
}

function renderTrouble(name: string, sha: string, { failure }: SourceError): CliError {
  const { message, at, fix } = failure;
  const where =
    at === undefined ? undefined : [at.file, at.line, at.column].filter((part) => part !== undefined).join(':');
  return new CliError({
    what: `${name} does not render at ${sha.slice(0, 7)}: ${message}`,
    ...(where === undefined ? {} : { where }),
    ...(fix === undefined ? {} : { fix }),
    exitCode: EXIT_CODES.finding,
  });
}
