import { type KubeResource, toYaml } from '../../engine/mechanism/lib/kustomize/index.ts';
import { SourceError } from '../../engine/stages/commit/failures.ts';
import { kustomizeLibrary } from '../../engine/stages/render/kustomize.ts';
import { renderSource } from '../../engine/stages/render/render.ts';
import type { RenderSource } from '../../engine/vocabulary/machine/questions.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { commitFileSystem } from '../git/commit-files.ts';
import { GitError, runGit } from '../git/repository.ts';
import { findApplication } from './app.ts';

export async function runAppManifests({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const { metadata, spec } = await findApplication(await session.api(), words[0] ?? '');
  const source = spec.source as (RenderSource & { targetRevision?: string }) | undefined;
  if (source === undefined) {
    const fix = 'render each source by itself with "pern kustomize DIR"';
    throw new CliError({ what: `${metadata.name} has no spec.source, or several sources`, fix });
  }
  const repository = session.repository();
  const sha = resolveRevision(repository, options.text('revision') ?? source.targetRevision ?? 'HEAD');
  try {
    const { manifests, warnings } = renderSource(commitFileSystem(repository, sha), source, kustomizeLibrary);
    for (const warning of warnings) terminal.note(`warning: ${warning}`);
    terminal.write(toYaml(manifests as unknown as KubeResource[]));
    return EXIT_CODES.ok;
  } catch (error) {
    throw error instanceof SourceError ? renderTrouble(metadata.name, sha, error) : error;
  }
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
