import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { ContainerState, PreStopHook, ProbeKind, ProbeSpec } from '#machine/pods.ts';
import { attemptHook } from './attempts.ts';
import { Prober } from './prober.ts';
import {
  isAlive,
  markedProcesses,
  parentOf,
  processesOf,
  processTree,
  signal,
  startTicksOf,
  usageOf,
  usesMoreThan,
} from './processes.ts';
import type { Records, RunRecord } from './records.ts';
import { spawnRun } from './wrapper.ts';

const CHECK_MS = 1000;
const PID_WAIT_MS = 10;
const EXIT_LOST = { exitCode: 137, reason: 'ContainerStatusUnknown' };
const EXIT_LOST_MESSAGE = 'The container could not be located when the engine looked for it again';

/** One run of a container on this machine: its processes, its probes, its end. State changes go through `onChange`. */
export class ContainerRun {
  readonly record: RunRecord;
  readonly #records: Records;
  readonly #onChange: () => void;
  readonly #probers = new Map<ProbeKind, Prober>();
  #watcher: FSWatcher | undefined;
  #check: NodeJS.Timeout | undefined;
  #kill: NodeJS.Timeout | undefined;
  #pidWait: NodeJS.Timeout | undefined;
  #cpuSeconds = 0;
  #closed = false;

  constructor(record: RunRecord, records: Records, onChange: () => void) {
    this.record = record;
    this.#records = records;
    this.#onChange = onChange;
  }

  /** Starts the processes. The record is on disk before they exist, so that no crash in between can double them. */
  start(logFile: string): void {
    const { launch } = this.record;
    if (launch === undefined) return;
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o755 });
    this.#save();
    const child = spawnRun(launch, this.#records.runFolder(this.record), logFile);
    child.on('error', (error) => this.#end({ exitCode: 128, reason: 'StartError', message: error.message }));
    if (child.pid === undefined) return;
    child.unref();
    child.on('exit', () => this.#look());
    this.record.wrapper = { pid: child.pid, startTicks: startTicksOf(child.pid) ?? '' };
    this.#save();
    this.#watch();
  }

  /** Takes over a run of an earlier engine: alive, ended meanwhile, or lost. */
  adopt(): void {
    if (this.record.exit !== undefined) return;
    const { wrapper } = this.record;
    if (wrapper === undefined || !isAlive(wrapper.pid, wrapper.startTicks)) this.#findWrapper();
    if (this.record.wrapper !== undefined) this.#watch();
    this.#look();
    const { stopping } = this.record;
    if (this.record.exit === undefined && stopping !== undefined) void this.#carryOutStop();
  }

  get state(): ContainerState {
    const { record } = this;
    const { container, attempt, containerId, image, imageId, startedAtMs, restartDelayMs, exit, stopping } = record;
    const probes = Object.fromEntries([...this.#probers].map(([kind, prober]) => [kind, prober.state]));
    const phase = exit !== undefined ? 'exited' : stopping !== undefined ? 'stopping' : 'running';
    const common = {
      container,
      attempt,
      phase,
      containerId,
      image,
      imageId,
      startedAtMs,
      restartDelayMs,
      probes,
    } as const;
    if (exit !== undefined) return { ...common, ...exit, ...(signalOf(exit.exitCode) ?? {}) };
    return stopping === undefined ? common : { ...common, killAtMs: stopping.killAtMs };
  }

  get running(): boolean {
    return this.record.exit === undefined;
  }

  startProbe(kind: ProbeKind, spec: ProbeSpec): void {
    if (!this.running || this.#probers.has(kind)) return;
    this.#probers.set(kind, new Prober(kind, spec, this.record.launch, this.#onChange));
  }

  stopProbe(kind: ProbeKind): void {
    this.#probers.get(kind)?.stop();
    this.#probers.delete(kind);
  }

  /** preStop, then the stop signal, then SIGKILL at the end of the grace period. A second call can only shorten it. */
  stop(graceMs: number, preStop: PreStopHook | undefined): void {
    if (!this.running) return;
    const killAtMs = Date.now() + graceMs;
    const { stopping } = this.record;
    if (stopping !== undefined) {
      if (killAtMs >= stopping.killAtMs) return;
      stopping.killAtMs = killAtMs;
      this.#save();
      this.#armKill();
      this.#onChange();
      return;
    }
    this.record.stopping = { killAtMs, preStop, preStopDone: preStop === undefined };
    this.stopProbe('liveness');
    this.stopProbe('startup');
    this.#save();
    this.#onChange();
    void this.#carryOutStop();
  }

  /** Ends every process of this run now. */
  kill(): void {
    const { wrapper } = this.record;
    const pid = wrapper !== undefined && isAlive(wrapper.pid, wrapper.startTicks) ? wrapper.pid : undefined;
    const members = processesOf(pid, this.#mark);
    // The wrapper goes last, when there is nothing to wait for any more: it still writes the exit code.
    for (const member of members) if (member !== pid) signal(member, 'SIGKILL');
  }

  killForMemory(): void {
    this.record.outOfMemory = true;
    this.#save();
    this.kill();
  }

  usage(): { cpuSeconds: number; memoryBytes: number } | undefined {
    const { wrapper } = this.record;
    if (!this.running || wrapper === undefined) return undefined;
    const used = usageOf(processTree(wrapper.pid));
    this.#cpuSeconds = Math.max(this.#cpuSeconds, used.cpuSeconds);
    return { cpuSeconds: this.#cpuSeconds, memoryBytes: used.memoryBytes };
  }

  isOverMemoryLimit(): boolean {
    const { wrapper, memoryLimitBytes } = this.record;
    if (!this.running || wrapper === undefined || memoryLimitBytes === undefined) return false;
    return usesMoreThan(processTree(wrapper.pid), memoryLimitBytes);
  }

  /** Lets go without touching the processes: they belong to the next engine. */
  close(): void {
    this.#closed = true;
    for (const kind of [...this.#probers.keys()]) this.stopProbe(kind);
    this.#watcher?.close();
    for (const timer of [this.#check, this.#kill, this.#pidWait]) clearTimeout(timer);
  }

  get #mark(): string {
    const { podUid, container, attempt } = this.record;
    return `${podUid}/${container}/${attempt}`;
  }

  #save(): void {
    if (!this.#closed) this.#records.saveRun(this.record);
  }

  /** The engine may have died between the start of a wrapper and the note of its pid: the mark finds it. */
  #findWrapper(): void {
    const marked = markedProcesses().get(this.#mark) ?? [];
    const members = new Set(marked);
    // The wrapper is the one whose parent is not one of them.
    const top = marked.find((pid) => !members.has(parentOf(pid) ?? 0)) ?? marked[0];
    const startTicks = top === undefined ? undefined : startTicksOf(top);
    this.record.wrapper = top === undefined || startTicks === undefined ? undefined : { pid: top, startTicks };
    this.#save();
  }

  #watch(): void {
    this.#watcher = watch(this.#records.runFolder(this.record), { persistent: false }, () => this.#look());
    this.#watcher.on('error', () => {});
    this.#armCheck();
  }

  #armCheck(): void {
    clearTimeout(this.#check);
    if (this.#closed || !this.running) return;
    this.#check = setTimeout(() => {
      this.#look();
      this.#armCheck();
    }, CHECK_MS);
    this.#check.unref();
  }

  /** Notices the end of the run: the exit file, or a wrapper that went without writing one. */
  #look(): void {
    if (this.#closed || !this.running) return;
    const exit = this.#records.readExit(this.record);
    if (exit !== undefined) {
      this.#end(this.#verdict(exit.exitCode), exit.finishedAtMs);
      return;
    }
    const { wrapper } = this.record;
    if (wrapper !== undefined && isAlive(wrapper.pid, wrapper.startTicks)) return;
    const late = this.#records.readExit(this.record);
    if (late !== undefined) {
      this.#end(this.#verdict(late.exitCode), late.finishedAtMs);
      return;
    }
    this.#end({ ...EXIT_LOST, message: EXIT_LOST_MESSAGE });
  }

  #verdict(exitCode: number): { exitCode: number; reason: string } {
    if (this.record.outOfMemory) return { exitCode: 137, reason: 'OOMKilled' };
    return { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' };
  }

  #end(exit: { exitCode: number; reason: string; message?: string }, finishedAtMs = Date.now()): void {
    if (!this.running) return;
    this.kill();
    this.record.exit = { ...exit, finishedAtMs: Math.max(finishedAtMs, this.record.startedAtMs) };
    this.#save();
    this.close();
    this.#onChange();
  }

  async #carryOutStop(): Promise<void> {
    this.#armKill();
    const { stopping } = this.record;
    if (stopping?.preStop !== undefined && !stopping.preStopDone) {
      await this.#runPreStop(stopping.preStop, stopping.killAtMs - Date.now());
      if (this.#closed || !this.running) return;
      stopping.preStopDone = true;
      this.#save();
    }
    this.#sendStopSignal();
  }

  async #runPreStop(hook: PreStopHook, timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0) return;
    if (hook.type !== 'sleep') return void (await attemptHook(hook, this.record.launch, timeoutMs));
    await new Promise<void>((resolve) => setTimeout(resolve, Math.min(hook.durationMs, timeoutMs)).unref());
  }

  #sendStopSignal(): void {
    if (this.#closed || !this.running) return;
    const pid = this.#records.readMainPid(this.record);
    if (pid === undefined) {
      this.#pidWait = setTimeout(() => this.#sendStopSignal(), PID_WAIT_MS);
      return;
    }
    signal(pid, this.record.launch?.stopSignal ?? 'SIGTERM');
  }

  #armKill(): void {
    clearTimeout(this.#kill);
    const killAtMs = this.record.stopping?.killAtMs ?? Date.now();
    this.#kill = setTimeout(() => this.running && this.kill(), Math.max(0, killAtMs - Date.now()));
  }
}

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** Exit codes above 128 mean the end by a signal. */
function signalOf(exitCode: number): { signal: string } | undefined {
  const name = SIGNALS[exitCode - 128];
  return name === undefined ? undefined : { signal: name };
}
