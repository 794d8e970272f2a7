import { readdirSync, readFileSync } from 'node:fs';

/** Marks every process of a container run: `PERN_RUN=<pod uid>/<container>/<attempt>` in its environment. */
export const RUN_VARIABLE = 'PERN_RUN';

interface ProcessFacts {
  pid: number;
  parent: number;
  session: number;
  /** Clock ticks since boot at which the process started: with the pid, its identity. */
  startTicks: string;
  cpuTicks: number;
  state: string;
}

const TICKS_PER_SECOND = 100;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What /proc says about one process, or undefined when it is gone (a zombie counts as gone). */
function processFacts(pid: number): ProcessFacts | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The program's name stands in brackets and may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number) => Number(fields[index]);
  const state = fields[0] ?? '';
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    state,
    parent: number(1),
    session: number(3),
    startTicks: fields[19] ?? '',
    cpuTicks: number(11) + number(12) + number(13) + number(14),
  };
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The start time of a process in clock ticks since boot, as text; undefined when it is gone. */
export function startTicksOf(pid: number): string | undefined {
  return processFacts(pid)?.startTicks;
}

/** The pid of a process's parent; undefined when it is gone. */
export function parentOf(pid: number): number | undefined {
  return processFacts(pid)?.parent;
}

/** True when this very process (not another that got its number) is alive. */
export function isAlive(pid: number, startTicks: string): boolean {
  return startTicksOf(pid) === startTicks;
}

/** Run mark → pids that carry it, for finding the processes of runs after the engine was restarted. */
export function markedProcesses(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const pid of pids()) {
    const environment = read(`/proc/${pid}/environ`);
    const at = environment?.split('\0').find((entry) => entry.startsWith(`${RUN_VARIABLE}=`));
    if (at === undefined || processFacts(pid) === undefined) continue;
    const mark = at.slice(RUN_VARIABLE.length + 1);
    found.set(mark, [...(found.get(mark) ?? []), pid]);
  }
  return found;
}

/**
 * Every process of a run: the descendants of its wrapper, its session, and whoever carries its mark (programs that
 * put themselves into a session of their own, and orphans).
 */
export function processesOf(wrapperPid: number | undefined, mark: string): number[] {
  const all = pids()
    .map(processFacts)
    .filter((facts) => facts !== undefined);
  const members = new Set<number>(markedProcesses().get(mark) ?? []);
  if (wrapperPid !== undefined) members.add(wrapperPid);
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const facts of all) {
      if (members.has(facts.parent) || facts.session === wrapperPid) members.add(facts.pid);
    }
  }
  return all.map((facts) => facts.pid).filter((pid) => members.has(pid) && pid !== process.pid);
}

const TABLE_MS = 500;
let table: { atMs: number; all: ProcessFacts[] } = { atMs: 0, all: [] };

/** All processes, at most half a second old: many containers are counted at a time, and reading /proc is the cost. */
function recentProcesses(): ProcessFacts[] {
  if (Date.now() - table.atMs >= TABLE_MS) {
    const all = pids()
      .map(processFacts)
      .filter((facts) => facts !== undefined);
    table = { atMs: Date.now(), all };
  }
  return table.all;
}

/** The descendants of one process and itself, as of the last half second; for counting. */
export function processTree(rootPid: number): number[] {
  const all = recentProcesses();
  const members = new Set([rootPid]);
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const facts of all) if (members.has(facts.parent)) members.add(facts.pid);
  }
  return all.map((facts) => facts.pid).filter((pid) => members.has(pid));
}

/** Sends a signal; a process that is gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * What a process tree uses: CPU seconds since its start, and the memory a cgroup would charge to it (anonymous and shared
 * memory, each shared page once).
 */
export function usageOf(members: readonly number[]): { cpuSeconds: number; memoryBytes: number } {
  let cpuTicks = 0;
  let memoryBytes = 0;
  for (const pid of members) {
    cpuTicks += processFacts(pid)?.cpuTicks ?? 0;
    memoryBytes += memoryOf(pid);
  }
  return { cpuSeconds: cpuTicks / TICKS_PER_SECOND, memoryBytes };
}

/**
 * Whether a process tree uses more memory than `limitBytes`, counted as in `usageOf`. That count makes the kernel walk every
 * page table, a millisecond a process; so it is only taken when the cheap sum, which counts shared pages once for each
 * process and is never less, is over the limit.
 */
export function usesMoreThan(members: readonly number[], limitBytes: number): boolean {
  const atMost = members.reduce((sum, pid) => sum + residentAtMost(pid), 0);
  return atMost > limitBytes && usageOf(members).memoryBytes > limitBytes;
}

function residentAtMost(pid: number): number {
  const status = read(`/proc/${pid}/status`) ?? '';
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return (kibibytes('RssAnon') + kibibytes('RssShmem')) * 1024;
}

function memoryOf(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  if (rollup !== undefined) {
    const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
    return (kibibytes('Pss_Anon') + kibibytes('Pss_Shmem')) * 1024;
  }
  const anonymous = /^RssAnon:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(anonymous ?? 0) * 1024;
}
