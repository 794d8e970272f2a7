import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CliError, EXIT_CODES } from './errors.ts';
import { type EngineRecord, engineLogFile, findEngine, isAlive } from './state-folder.ts';

export interface EngineStart {
  repository: string;
  stateFolder: string;
  apiPort: number;
  ingressPort: number;
  environments: readonly string[];
  /** A kustomize binary that renders instead of the engine's own. */
  kustomize?: string;
  /** No local overrides. */
  strict?: boolean;
}

const ENGINE_ENTRY = join(import.meta.dirname, '..', 'engine', 'main.ts');
const POLL_MS = 50;
const START_MS_MAX = 60_000;
/** An engine that has not answered yet has no pods to wait for. */
const STOP_MS_MAX = 10_000;

/**
 * Starts the engine in a session of its own, so that Ctrl-C reaches only this command, which then stops it in order.
 * Its log is appended to `<state>/engine.log`.
 */
export function spawnEngine(start: EngineStart): ChildProcess {
  const log = openSync(engineLogFile(start.stateFolder), 'a');
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ENGINE_ENTRY,
      ...['--repository', start.repository, '--state', start.stateFolder],
      ...['--api-port', String(start.apiPort), '--ingress-port', String(start.ingressPort)],
      ...start.environments.flatMap((name) => ['--env', name]),
      ...(start.kustomize === undefined ? [] : ['--kustomize', start.kustomize]),
      ...(start.strict === true ? ['--strict'] : []),
    ],
    { detached: true, stdio: ['ignore', log, log], cwd: start.repository },
  );
  closeSync(log);
  child.unref();
  return child;
}

/**
 * Waits until the engine has written its record, which it does when the API answers. Throws CliError with the last
 * lines of the log when it ends before that.
 */
export async function waitForEngine(
  child: ChildProcess,
  stateFolder: string,
  signal: AbortSignal,
): Promise<EngineRecord> {
  const waits = START_MS_MAX / POLL_MS;
  for (let round = 0; round < waits && !signal.aborted; round++) {
    const record = findEngine(stateFolder);
    if (record !== undefined && record.pid === child.pid) return record;
    if (child.exitCode !== null || child.signalCode !== null) throw startFailure(child.exitCode, stateFolder);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const patience = new AbortController();
  if (child.pid !== undefined) await stopEngine(child.pid, STOP_MS_MAX, patience.signal);
  if (signal.aborted)
    throw new CliError({ what: 'stopped before the engine had started', exitCode: EXIT_CODES.finding });
  throw new CliError({
    what: `the engine has not answered for ${START_MS_MAX / 1000} s`,
    where: engineLogFile(stateFolder),
    why: lastLogLines(stateFolder, 5),
    exitCode: EXIT_CODES.timeout,
  });
}

function startFailure(exitCode: number | null, stateFolder: string): CliError {
  const lines = lastLogLines(stateFolder, exitCode === 2 ? 1 : 8);
  if (exitCode === 2) return new CliError({ what: lines, where: engineLogFile(stateFolder) });
  return new CliError({
    what: `the engine ended with exit code ${exitCode ?? 'none'} before it was ready`,
    where: engineLogFile(stateFolder),
    why: lines,
    fix: 'run "pern doctor"; if nothing is missing, the log says more',
  });
}

export function lastLogLines(stateFolder: string, count: number): string {
  const file = engineLogFile(stateFolder);
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

/** Asks the engine to stop, and kills it after `waitMsMax` or when `hurry` aborts. True when it stopped by itself. */
export async function stopEngine(pid: number, waitMsMax: number, hurry: AbortSignal): Promise<boolean> {
  signalProcess(pid, 'SIGTERM');
  const rounds = Math.ceil(waitMsMax / POLL_MS);
  for (let round = 0; round < rounds && !hurry.aborted; round++) {
    if (!isAlive(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (!isAlive(pid)) return true;
  signalProcess(pid, 'SIGKILL');
  return false;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Undefined when the port can be opened on loopback, else why not. Port 0 always can. */
export function portProblem(port: number): Promise<string | undefined> {
  if (port === 0) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'another process uses it' : error.message);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}
