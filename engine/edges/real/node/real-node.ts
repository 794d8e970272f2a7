import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unreachable } from '#core/assert.ts';
import type { NodePort } from '#edges/ports.ts';
import { type ContainerStart, filesHash, type NodeEffect, type SandboxState } from '#machine/pods.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { ImageStore } from '../images/image-store.ts';
import { ContainerRun } from './container-run.ts';
import { describeIsolation, type Isolation, probeIsolation } from './isolation.ts';
import { type NodeFolders, prepareLaunch } from './launch.ts';
import { LOG_INDEX_MS, Logs, type ReadLogsOptions } from './logs.ts';
import { markedProcesses, signal } from './processes.ts';
import { Records, type RunRecord, type SandboxRecord } from './records.ts';
import { writeFiles } from './volumes.ts';

export interface RealNodeOptions {
  /** Holds `pods/`, `claims/`, `names/`; every user who runs a container must be able to traverse it. */
  stateDirectory: string;
  logDirectory: string;
  images: ImageStore;
  /** Probed on this machine when absent. */
  isolation?: Isolation;
}

interface Sandbox {
  record: SandboxRecord;
  runs: Map<string, ContainerRun>;
}

/**
 * The node over OS processes. Everything it does is recorded on disk before it takes effect, and containers are
 * detached: a new RealNode on the same state directory adopts what a killed engine left, and doubles nothing.
 */
export class RealNode implements NodePort {
  readonly isolation: Isolation;
  readonly #images: ImageStore;
  readonly #folders: NodeFolders;
  readonly #records: Records;
  readonly #logs: Logs;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #listeners: ((podUid: string) => void)[] = [];
  readonly #watchdog: NodeJS.Timeout;

  constructor(options: RealNodeOptions) {
    const state = resolve(options.stateDirectory);
    this.isolation = options.isolation ?? probeIsolation();
    this.#images = options.images;
    const shim = join(state, 'node');
    mkdirSync(shim, { recursive: true, mode: 0o755 });
    copyFileSync(join(import.meta.dirname, 'pod-shim.cjs'), join(shim, 'pod-shim.cjs'));
    this.#folders = {
      pods: join(state, 'pods'),
      claims: join(state, 'claims'),
      names: join(state, 'names'),
      shim,
      nodeBase: options.images.nodeBase(),
    };
    for (const folder of [this.#folders.claims, this.#folders.names])
      mkdirSync(folder, { recursive: true, mode: 0o755 });
    this.#records = new Records(this.#folders.pods);
    this.#logs = new Logs(resolve(options.logDirectory));
    this.#adopt();
    this.#watchdog = setInterval(() => this.#watch(), LOG_INDEX_MS);
    this.#watchdog.unref();
  }

  apply(effect: NodeEffect): void {
    switch (effect.op) {
      case 'createSandbox':
        this.#createSandbox(effect);
        break;
      case 'startContainer':
        this.#startContainer(effect.start);
        break;
      case 'startProbe':
        this.#run(effect)?.startProbe(effect.probe, effect.spec);
        break;
      case 'stopProbe':
        this.#run(effect)?.stopProbe(effect.probe);
        break;
      case 'stopContainer':
        this.#run(effect)?.stop(effect.graceMs, effect.preStop);
        break;
      case 'updateVolume':
        this.#updateVolume(effect);
        break;
      case 'removeSandbox':
        this.#removeSandbox(effect.podUid);
        break;
      default:
        unreachable(effect);
    }
  }

  sandbox(podUid: string): SandboxState | undefined {
    const sandbox = this.#sandboxes.get(podUid);
    if (sandbox === undefined) return undefined;
    const { hostname: _hostname, ...record } = sandbox.record;
    const runs = [...sandbox.runs].sort(([left], [right]) => (left < right ? -1 : 1));
    return { ...record, containers: Object.fromEntries(runs.map(([name, run]) => [name, run.state])) };
  }

  sandboxes(): readonly SandboxState[] {
    return [...this.#sandboxes.keys()].sort().map((podUid) => this.sandbox(podUid) as SandboxState);
  }

  onChange(listener: (podUid: string) => void): void {
    this.#listeners.push(listener);
  }

  answer(question: Extract<Question, { ask: 'image' }>, respond: (answer: Answer) => void): () => void {
    return this.#images.answer(question, respond);
  }

  /** What a container's processes use now; undefined when it does not run. */
  usage(podUid: string, container: string): { cpuSeconds: number; memoryBytes: number } | undefined {
    return this.#sandboxes.get(podUid)?.runs.get(container)?.usage();
  }

  /** The output of a container; also of pods that are gone. Throws LogsNotFoundError when reading begins. */
  readLogs(podUid: string, container: string, options: ReadLogsOptions = {}): AsyncGenerator<Buffer> {
    const isRunning = () => this.#sandboxes.get(podUid)?.runs.get(container)?.running === true;
    return this.#logs.read(podUid, container, options, isRunning);
  }

  /** Stops everything: the stop signal to all containers at once, SIGKILL after `graceMs`. Resolves when nothing runs. */
  async shutdown({ graceMs }: { graceMs: number }): Promise<void> {
    const runs = [...this.#sandboxes.values()].flatMap((sandbox) => [...sandbox.runs.values()]);
    await new Promise<void>((done) => {
      const check = () => {
        if (runs.every((run) => !run.running)) done();
      };
      this.onChange(check);
      for (const run of runs) {
        // The end of the engine is no crash: at the next start nothing has to wait.
        run.record.restartDelayMs = 0;
        run.stop(graceMs, undefined);
      }
      check();
    });
    this.close();
  }

  /** Lets go of everything and leaves it running, for the next engine to adopt. */
  close(): void {
    clearInterval(this.#watchdog);
    for (const sandbox of this.#sandboxes.values()) for (const run of sandbox.runs.values()) run.close();
    this.#images.close();
  }

  #adopt(): void {
    for (const { sandbox: record, runs } of this.#records.load()) {
      const sandbox: Sandbox = { record, runs: new Map() };
      this.#sandboxes.set(record.podUid, sandbox);
      for (const run of runs) {
        const adopted = new ContainerRun(run, this.#records, () => this.#changed(record.podUid));
        sandbox.runs.set(run.container, adopted);
        adopted.adopt();
      }
    }
  }

  #run({
    podUid,
    container,
    attempt,
  }: {
    podUid: string;
    container: string;
    attempt?: number;
  }): ContainerRun | undefined {
    const run = this.#sandboxes.get(podUid)?.runs.get(container);
    return attempt === undefined || run?.record.attempt === attempt ? run : undefined;
  }

  #changed(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }

  #createSandbox({ podUid, namespace, name, ip, hostname }: Extract<NodeEffect, { op: 'createSandbox' }>): void {
    if (this.#sandboxes.has(podUid)) return;
    const isolation = describeIsolation(this.isolation);
    const record = { podUid, namespace, name, ip, hostname, createdAtMs: Date.now(), isolation, volumes: {} };
    this.#records.saveSandbox(record);
    this.#sandboxes.set(podUid, { record, runs: new Map() });
    this.#changed(podUid);
  }

  #startContainer(start: ContainerStart): void {
    const sandbox = this.#sandboxes.get(start.podUid);
    const last = sandbox?.runs.get(start.container);
    if (sandbox === undefined || last?.running === true || (last?.record.attempt ?? -1) >= start.attempt) return;
    const record = this.#prepare(start, sandbox);
    const run = new ContainerRun(record, this.#records, () => this.#changed(start.podUid));
    sandbox.runs.set(start.container, run);
    this.#records.saveSandbox(sandbox.record);
    run.start(this.#logs.file(sandbox.record, start.container, start.attempt));
    if (record.launch === undefined) this.#records.saveRun(record);
    this.#changed(start.podUid);
  }

  /** The record of a run that is about to start, or of one that cannot: then it has ended already. */
  #prepare(start: ContainerStart, sandbox: Sandbox): RunRecord {
    const { podUid, container, attempt, image, restartDelayMs, memoryLimitBytes, mounts } = start;
    const startedAtMs = Date.now();
    const containerId = `process://${podUid}-${container}-${attempt}-${startedAtMs.toString(36)}`;
    const common = {
      podUid,
      container,
      attempt,
      containerId,
      image,
      imageId: '',
      startedAtMs,
      restartDelayMs,
      memoryLimitBytes,
      mounts: [],
    };
    try {
      const local = this.#images.find(image);
      if (local === undefined) throw new Error(`image "${image}" is no longer in the local image store`);
      const { folders, isolation } = { folders: this.#folders, isolation: this.isolation };
      const launch = prepareLaunch({ start, sandbox: sandbox.record, image: local, folders, isolation });
      for (const { volume, source } of mounts) {
        if (source.type === 'files') sandbox.record.volumes[volume] ??= filesHash(source.files);
      }
      return { ...common, imageId: local.imageId, launch };
    } catch (error) {
      const message = `failed to start container "${container}": ${(error as Error).message}`;
      return { ...common, exit: { finishedAtMs: startedAtMs, exitCode: 128, reason: 'StartError', message } };
    }
  }

  #updateVolume({ podUid, volume, files }: Extract<NodeEffect, { op: 'updateVolume' }>): void {
    const sandbox = this.#sandboxes.get(podUid);
    const folder = join(this.#records.podFolder(podUid), 'volumes', volume);
    if (sandbox === undefined || !existsSync(folder)) return;
    const launch = [...sandbox.runs.values()].map((run) => run.record.launch).find((one) => one?.uid !== undefined);
    const owner =
      launch?.uid === undefined || launch.gid === undefined ? undefined : { uid: launch.uid, gid: launch.gid };
    writeFiles(folder, files, owner);
    sandbox.record.volumes[volume] = filesHash(files);
    this.#records.saveSandbox(sandbox.record);
    this.#changed(podUid);
  }

  #removeSandbox(podUid: string): void {
    const sandbox = this.#sandboxes.get(podUid);
    if (sandbox === undefined) return;
    for (const run of sandbox.runs.values()) {
      run.close();
      if (run.running) run.kill();
    }
    for (const [mark, pids] of markedProcesses()) {
      if (mark.startsWith(`${podUid}/`)) for (const pid of pids) signal(pid, 'SIGKILL');
    }
    this.#sandboxes.delete(podUid);
    this.#records.remove(podUid);
    this.#changed(podUid);
  }

  /** Every few seconds: notes the growth of logs, and ends runs that use more memory than their limit. */
  #watch(): void {
    const nowMs = Date.now();
    for (const { record, runs } of this.#sandboxes.values()) {
      for (const [container, run] of runs) {
        if (!run.running) continue;
        this.#logs.note(this.#logs.file(record, container, run.record.attempt), nowMs);
        if (run.isOverMemoryLimit()) run.killForMemory();
      }
    }
  }
}
