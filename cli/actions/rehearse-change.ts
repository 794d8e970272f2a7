import { changeOf, changeScenarios } from '../../rehearse/change/change.ts';
import { changeLines, changeMarkdown } from '../../rehearse/change/report.ts';
import { ownRoot, ROOT_FILE } from '../../rehearse/world/root.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { runGit } from '../git/repository.ts';
import { rehearseOne, report } from './rehearse.ts';

/** `pern rehearse --change BASE..HEAD`: both states come from git; the work tree is not touched. */
export async function runChange(invocation: Invocation): Promise<ExitCode> {
  const { options, session, terminal, now } = invocation;
  const repository = session.repository();
  const [baseName, headName] = rangeOf(options.text('change') ?? '');
  // As a pull request is shown: against the commit where the branch began.
  const base = commitOf(
    repository,
    runGit(repository, ['merge-base', revision(repository, baseName), revision(repository, headName)]).trim(),
  );
  const head = commitOf(repository, headName);
  const [before, after] = [treeAt(repository, base), treeAt(repository, head)];
  if (before[ROOT_FILE] === undefined) {
    throw new CliError({ what: `${ROOT_FILE} is missing at ${baseName}`, fix: 'name a commit that has our layout' });
  }
  const change = changeOf(before, after);
  if (Object.keys(change.files).length === 0) {
    terminal.note(`Nothing below pern-gitops/ changes between ${baseName} and ${headName}.`);
    return EXIT_CODES.ok;
  }
  const tree = { files: before, root: ownRoot(before), repository };
  const runs = changeScenarios(change, now()).map((scenario) => rehearseOne(invocation, scenario, tree));
  if (options.text('output') === 'markdown') {
    terminal.write(changeMarkdown(change, runs));
    return EXIT_CODES.ok;
  }
  if ((options.text('output') ?? 'text') === 'text') terminal.lines(changeLines(change));
  return report(invocation, runs);
}

function rangeOf(text: string): [string, string] {
  const [, base, head] = /^(.+?)\.{2,3}(.*)$/.exec(text) ?? [];
  if (base === undefined || base.startsWith('-') || (head ?? '').startsWith('-')) {
    throw new CliError({ what: `"${text}" is no range of commits`, fix: 'such as --change origin/main..HEAD' });
  }
  return [base, head === undefined || head === '' ? 'HEAD' : head];
}

function revision(repository: string, name: string): string {
  return commitOf(repository, name);
}

function commitOf(repository: string, name: string): string {
  try {
    return runGit(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]).trim();
  } catch {
    throw new CliError({
      what: `there is no commit "${name}"`,
      where: repository,
      fix: 'fetch it, or name another one',
    });
  }
}

/** The files below pern-gitops/ at a commit, in two calls of git. */
function treeAt(repository: string, commit: string): Record<string, string> {
  const listed = runGit(repository, ['ls-tree', '-r', '-z', '--name-only', commit, '--', 'pern-gitops']);
  const paths = listed.split('\0').filter((path) => path !== '');
  const files: Record<string, string> = {};
  for (const path of paths) files[path] = runGit(repository, ['show', `${commit}:${path}`]);
  return files;
}
