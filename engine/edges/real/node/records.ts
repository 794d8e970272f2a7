import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount, PreStopHook } from '#machine/pods.ts';
import type { Launch } from './launch.ts';

/** A pod's sandbox as kept on disk: what a new engine needs to go on with it. */
export interface SandboxRecord {
  podUid: string;
  namespace: string;
  name: string;
  ip: string;
  hostname: string;
  createdAtMs: number;
  isolation: string;
  volumes: Record<string, string>;
}

/** One run of a container as kept on disk; written before its process exists. */
export interface RunRecord {
  podUid: string;
  container: string;
  attempt: number;
  containerId: string;
  image: string;
  imageId: string;
  startedAtMs: number;
  restartDelayMs: number;
  memoryLimitBytes?: number;
  mounts: readonly Pick<Mount, 'volume' | 'subPath'>[];
  /** Absent when the run failed before there was anything to spawn. */
  launch?: Launch;
  wrapper?: { pid: number; startTicks: string };
  stopping?: { killAtMs: number; preStop?: PreStopHook; preStopDone: boolean };
  /** Set just before the engine kills a run for its memory. */
  outOfMemory?: boolean;
  exit?: { finishedAtMs: number; exitCode: number; reason: string; message?: string };
}

/** The folder tree `<state>/pods/<uid>/{sandbox.json,volumes/,containers/<name>/{run.json,run-<attempt>/}}`. */
export class Records {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  }

  podFolder(podUid: string): string {
    return join(this.directory, podUid);
  }

  /** Where the wrapper of a run leaves its pid and its exit code. */
  runFolder(run: Pick<RunRecord, 'podUid' | 'container' | 'attempt'>): string {
    return join(this.podFolder(run.podUid), 'containers', run.container, `run-${run.attempt}`);
  }

  saveSandbox(record: SandboxRecord): void {
    mkdirSync(this.podFolder(record.podUid), { recursive: true, mode: 0o755 });
    writeJson(join(this.podFolder(record.podUid), 'sandbox.json'), record);
  }

  saveRun(record: RunRecord): void {
    const folder = join(this.podFolder(record.podUid), 'containers', record.container);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeJson(join(folder, 'run.json'), record);
  }

  /** Everything a previous engine left. A folder without a readable sandbox.json is remains, and is removed. */
  load(): { sandbox: SandboxRecord; runs: RunRecord[] }[] {
    const found: { sandbox: SandboxRecord; runs: RunRecord[] }[] = [];
    for (const podUid of readdirSync(this.directory).sort()) {
      const sandbox = readJson<SandboxRecord>(join(this.podFolder(podUid), 'sandbox.json'));
      if (sandbox === undefined) {
        this.remove(podUid);
        continue;
      }
      const containers = join(this.podFolder(podUid), 'containers');
      const names = existsSync(containers) ? readdirSync(containers).sort() : [];
      const runs = names.map((name) => readJson<RunRecord>(join(containers, name, 'run.json')));
      found.push({ sandbox, runs: runs.filter((run) => run !== undefined) });
    }
    return found;
  }

  /** What the wrapper wrote when the container's main process ended; undefined while it has not. */
  readExit(run: RunRecord): { exitCode: number; finishedAtMs: number } | undefined {
    const file = join(this.runFolder(run), 'exit');
    try {
      return { exitCode: Number(readFileSync(file, 'utf8')), finishedAtMs: Math.floor(statSync(file).mtimeMs) };
    } catch {
      return undefined;
    }
  }

  /** The container's main process, once the wrapper or bubblewrap has said so. */
  readMainPid(run: RunRecord): number | undefined {
    const folder = this.runFolder(run);
    try {
      return Number(readFileSync(join(folder, 'pid'), 'utf8')) || undefined;
    } catch {
      // bubblewrap tells it in its own format.
    }
    try {
      return Number(/"child-pid"\s*:\s*(\d+)/.exec(readFileSync(join(folder, 'info'), 'utf8'))?.[1]) || undefined;
    } catch {
      return undefined;
    }
  }

  remove(podUid: string): void {
    rmSync(this.podFolder(podUid), { recursive: true, force: true });
  }
}

/** Readable by the engine alone: environments hold secrets. */
function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
