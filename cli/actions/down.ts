import type { Invocation } from '../command.ts';
import { stopEngine } from '../engine-process.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
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
    purgeStateFolder(folder);
    terminal.note(`Removed ${folder}.`);
  }
  terminal.note('Next: pern up');
  return code;
}
