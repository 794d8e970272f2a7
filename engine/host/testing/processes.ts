import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RunningProcess {
  pid: number;
  command: string;
  /** `<pod uid>/<container>/<attempt>`; empty for what is no part of a pod. */
  run: string;
}

/**
 * Every process on this machine that an engine with this state folder started: what carries the mark of one of its
 * pods, or names the folder in its command line or environment.
 */
export function processesOf(stateFolder: string): RunningProcess[] {
  const pods = new Set(folders(join(stateFolder, 'pods')));
  return allProcesses().filter(
    ({ pid, run, command, environment }) =>
      pid !== process.pid &&
      (pods.has(run.split('/')[0] ?? '') || command.includes(stateFolder) || environment.includes(stateFolder)),
  );
}

/** Processes of one container of a pod, whatever its attempt. */
export function processesOfContainer(podUid: string, container: string): RunningProcess[] {
  return allProcesses().filter(({ run }) => run.startsWith(`${podUid}/${container}/`));
}

function allProcesses(): (RunningProcess & { environment: string })[] {
  return folders('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const environment = read(`/proc/${name}/environ`);
      const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      // Kernel threads and processes that have ended have no command line.
      if (command === '') return [];
      const run = /(?:^|\0)PERN_RUN=([^\0]*)/.exec(environment)?.[1] ?? '';
      return [{ pid: Number(name), command, run, environment }];
    });
}

function folders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
