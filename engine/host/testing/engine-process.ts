import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiClient } from './api-client.ts';
import { processesOf } from './processes.ts';
import { CHECKOUT, type TestRepository } from './repository.ts';
import { World } from './world.ts';

const LOG_LINES_MAX = 60;

export interface EngineStart {
  repository: string;
  state: string;
  /** All of them when undefined. */
  environments?: readonly string[];
  apiPort?: number;
  ingressPort?: number;
  strict?: boolean;
  /** Instead of this process's own. */
  env?: NodeJS.ProcessEnv;
}

/** Starts the engine as `pern up` does, but in the foreground of this test. */
function launch({
  repository,
  state,
  environments = [],
  apiPort = 0,
  ingressPort = 0,
  ...more
}: EngineStart): ChildProcess {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(CHECKOUT, 'engine', 'main.ts'),
      ...['--repository', repository, '--state', state],
      ...['--api-port', String(apiPort), '--ingress-port', String(ingressPort)],
      ...environments.flatMap((name) => ['--env', name]),
      ...(more.strict === true ? ['--strict'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], ...(more.env === undefined ? {} : { env: more.env }) },
  );
  // A test run that is broken off must not leave an engine behind.
  const endWithTest = () => child.kill('SIGTERM');
  process.once('exit', endWithTest);
  child.once('exit', () => process.off('exit', endWithTest));
  return child;
}

/** For starts that must be refused: the exit code, and all that the engine said. */
export async function runToEnd(start: EngineStart): Promise<{ code: number | null; said: string }> {
  const child = launch(start);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    // It started after all: that is an answer too.
    if (said.includes('"API ready"')) child.kill('SIGTERM');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said: said.trim() };
}

/** The engine as a child process, with its API and its world open. */
export class EngineProcess {
  readonly api: ApiClient;
  readonly world: World;
  readonly ingressPort: number;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  readonly #state: string;

  private constructor(child: ChildProcess, exit: Promise<number | null>, state: string, api: ApiClient, world: World) {
    this.#child = child;
    this.#exit = exit;
    this.#state = state;
    this.api = api;
    this.world = world;
    const record = JSON.parse(readFileSync(join(state, 'engine.json'), 'utf8')) as { ingressPort: number };
    this.ingressPort = record.ingressPort;
  }

  /** Resolves when the API answers. Rejects with the engine's log when it ends before that. */
  static async start(
    repository: Pick<TestRepository, 'folder' | 'path'>,
    environments?: readonly string[],
    strict?: boolean,
  ): Promise<EngineProcess> {
    const state = join(repository.folder, 'state');
    const child = launch({ repository: repository.path, state, environments, strict });
    const log: string[] = [];
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const ready = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
        if (line.includes('"message":"API ready"')) resolve();
        if (log.push(line) > LOG_LINES_MAX) log.shift();
      });
    });
    await Promise.race([
      ready,
      exit.then((code) => Promise.reject(new Error(`the engine ended with ${code}:\n${log.join('\n')}`))),
    ]);
    const api = new ApiClient(join(state, 'kubeconfig'));
    return new EngineProcess(child, exit, state, api, await World.open(api));
  }

  /** Ends the engine at once, as a power switch would: nothing is cleaned up. */
  async kill(): Promise<void> {
    this.#disconnect();
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Asks the engine to stop, as Ctrl-C does. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#disconnect();
    this.#child.kill('SIGTERM');
    return this.#exit;
  }

  /** For the end of a file, whatever happened in it: nothing of this engine stays behind. */
  async destroy(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
    for (const { pid } of processesOf(this.#state)) process.kill(pid, 'SIGKILL');
  }

  #disconnect(): void {
    this.world.close();
    this.api.close();
  }
}
