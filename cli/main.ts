/** Entry point of the `pern` command. Only what every call needs is imported before the command is known. */
import { enableCompileCache } from 'node:module';

// Parsed modules are kept between calls: a second `pern` starts in about half the time.
enableCompileCache();
const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram({
  words: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  folder: process.cwd(),
  now: () => Date.now(),
  onSignal: (stop) => {
    // `up` counts further signals itself; every other command ends at the first one.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  },
});
// Open keep-alive connections and watches must not keep a finished command alive.
process.stdout.write('', () => process.exit());
