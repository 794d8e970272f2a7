import { type ChildProcess, execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Api } from '../client/api.ts';
import { openConnection } from '../client/connection.ts';
import { spawnEngine, stopEngine, waitForEngine } from '../engine-process.ts';
import { CliError } from '../errors.ts';
import { findOverlay, readImageTags } from '../git/image-tags.ts';
import { authorOptions, runGit } from '../git/repository.ts';
import { claimStateFolder, type EngineRecord, kubeconfigFile } from '../state-folder.ts';

const CLI_ENTRY = join(import.meta.dirname, '..', 'main.ts');
const STOP_MS_MAX = 60_000;

/** A temporary clone of a repository, with an engine of its own that can be killed and started again. */
export class Stage {
  readonly folder: string;
  readonly repository: string;
  readonly stateFolder: string;
  engine: EngineRecord | undefined;
  #child: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.repository = join(folder, 'repository');
    this.stateFolder = join(folder, 'state');
  }

  /** Clones the last commit of `repository`; the packages installed there are used, not copied. */
  static open(repository: string): Stage {
    // Readable for the users that pods run as, which a private temporary folder would not be.
    const stage = new Stage(mkdtempSync(join(tmpdir(), 'pern-demo-')));
    chmodSync(stage.folder, 0o755);
    runGit(repository, ['clone', '--quiet', repository, stage.repository]);
    const packages = join(repository, 'node_modules');
    if (existsSync(packages)) symlinkSync(packages, join(stage.repository, 'node_modules'));
    claimStateFolder(stage.stateFolder);
    return stage;
  }

  /** Starts the engine on free ports. Throws CliError when it does not come up. */
  async start(signal: AbortSignal): Promise<EngineRecord> {
    const { repository, stateFolder } = this;
    this.#child = spawnEngine({ repository, stateFolder, apiPort: 0, ingressPort: 0, environments: [] });
    this.engine = await waitForEngine(this.#child, stateFolder, signal);
    return this.engine;
  }

  async api(): Promise<Api> {
    return new Api(await openConnection({ file: kubeconfigFile(this.stateFolder), context: undefined }));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.engine?.ingressPort}`;
  }

  /** Runs a pern command as a person would, and returns what it printed. Rejects with CliError when it fails. */
  async pern(...words: string[]): Promise<string> {
    const options = ['--repository', this.repository, '--state', this.stateFolder];
    const line = ['--disable-warning=ExperimentalWarning', CLI_ENTRY, ...words, ...options];
    try {
      const { stdout } = await promisify(execFile)(process.execPath, line, { cwd: this.repository });
      return stdout;
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      throw new CliError({ what: `pern ${words.join(' ')} failed`, why: (stderr ?? message).trim() });
    }
  }

  /** The tag of a component's image in an environment, as committed. Throws CliError when there is none. */
  imageTag(environment: string, component: string): string {
    const images = readImageTags(this.repository, findOverlay(this.repository, environment));
    const image = images.find((candidate) => candidate.component === component);
    if (image === undefined) throw new CliError({ what: `${environment} names no image of ${component}` });
    return image.tag;
  }

  /** What git says in the clone. */
  git(...words: string[]): string {
    return runGit(this.repository, words);
  }

  /** Takes the last commit back with a commit. */
  revert(): void {
    runGit(this.repository, [...authorOptions(this.repository), 'revert', '--no-edit', 'HEAD']);
  }

  /** `kill -9`: the engine gets no chance to clean up. Resolves when its process is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;
    this.engine = undefined;
  }

  /** Stops the engine and its pods; true when it did so by itself. */
  async stop(): Promise<boolean> {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null) return true;
    return stopEngine(pid, STOP_MS_MAX, new AbortController().signal);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
