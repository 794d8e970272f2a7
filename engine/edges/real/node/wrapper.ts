import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import type { Launch } from './launch.ts';

/**
 * A shell that outlives the engine: it starts the container's main process in its own session, leaves the pid in
 * `$1/pid` (bubblewrap leaves it in `$1/info`), waits, and leaves the exit code in `$1/exit`. It catches the signals
 * that a terminal sends to a whole group, so that it is there to the end; caught signals are at default again after exec.
 * What the shell itself has to say (`Killed`) does not belong into the container's log.
 */
const WRAPPER = `trap : HUP INT QUIT TERM USR1 USR2
run=$1; mode=$2; shift 2
exec 3>&2 2>/dev/null
if [ "$mode" = bubblewrap ]; then (exec "$@" 2>&3 3>&- 9>"$run/info")
else (exec sh -c 'echo $$ >"$0" && exec "$@"' "$run/pid" "$@" 2>&3 3>&-); fi
code=$?
echo $code >"$run/exit.new" && mv "$run/exit.new" "$run/exit"`;

/** Spawns a run, detached, with its output appended to `logFile`. The child is the wrapper, not the container. */
export function spawnRun(launch: Launch, runFolder: string, logFile: string): ChildProcess {
  rmSync(runFolder, { recursive: true, force: true });
  mkdirSync(runFolder, { recursive: true, mode: 0o755 });
  if (launch.uid !== undefined && launch.gid !== undefined) chownSync(runFolder, launch.uid, launch.gid);
  const output = openSync(logFile, 'a', 0o644);
  const [first, ...options] = launch.prefix;
  const command = first === undefined ? [...launch.argv] : [first, '--info-fd', '9', ...options, '--', ...launch.argv];
  try {
    return spawn(
      '/bin/sh',
      ['-c', WRAPPER, 'pod', runFolder, first === undefined ? 'process' : 'bubblewrap', ...command],
      {
        detached: true,
        stdio: ['ignore', output, output],
        cwd: launch.cwd,
        env: { ...launch.env },
        uid: launch.uid,
        gid: launch.gid,
      },
    );
  } finally {
    closeSync(output);
  }
}
