import type { Session } from '../client/session.ts';
import type { Invocation } from '../command.ts';
import { stopEngine } from '../engine-process.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { localApprovals, runGit } from '../git/repository.ts';
import { signingFingerprint } from '../git/signing.ts';
import { findEngine, purgeStateFolder } from '../state-folder.ts';

export async function runDown({ session, options, terminal, signal }: Invocation): Promise<ExitCode> {
  const folder = session.stateFolder();
  const engine = findEngine(folder);
  let code: ExitCode = EXIT_CODES.ok;
  if (engine === undefined) terminal.note(`No engine runs for ${folder}.`);
  else {
    terminal.note(`Stopping the engine (process ${engine.pid}) and its pods ...`);
    const isClean = await stopEngine(engine.pid, options.durationMs('timeout')!, signal);
    terminal.note(
      isClean ? 'Stopped.' : 'It did not stop in time and was killed; the next "pern up" carries on from its state.',
    );
    if (!isClean) code = EXIT_CODES.finding;
  }
  if (options.flag('purge')) {
    const tags = dropApprovals(session, folder);
    purgeStateFolder(folder);
    terminal.note(`Removed ${folder}${tags === '' ? '' : `, and ${tags}`}.`);
  }
  terminal.note('Next: pern up');
  return code;
}

/** Deletes the tags that were signed with the key that goes, which nobody could verify any more. Says which. */
function dropApprovals(session: Session, folder: string): string {
  if (signingFingerprint(folder) === undefined) return '';
  try {
    const repository = session.repository();
    const tags = localApprovals(repository);
    if (tags.length === 0) return '';
    runGit(repository, ['tag', '--delete', ...tags]);
    return tags.length === 1 ? `the tag ${tags[0]}` : `the tags ${tags.join(', ')}`;
  } catch (error) {
    // Without a repository there are no tags of it.
    if (error instanceof CliError) return '';
    throw error;
  }
}
