import { readFileSync } from 'node:fs';
import { type BenchContext, progress } from './context.ts';
import type { Row } from './samples.ts';

const SETTLE_MS = 15_000;
const WINDOW_MS = 20_000;
const WINDOWS = 3;
/** Linux counts CPU time in hundredths of a second for user space. */
const TICKS_PER_SECOND = 100;

/** Memory and CPU of the engine process alone, with three environments that nobody uses. Needs /proc. */
export async function measureIdle(context: BenchContext): Promise<Row[]> {
  await context.engine();
  const pid = context.repository.pid();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const memory: number[] = [];
  const cpu: number[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const [fromMs, fromSeconds] = [performance.now(), cpuSeconds(pid)];
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
    cpu.push(((cpuSeconds(pid) - fromSeconds) / ((performance.now() - fromMs) / 1000)) * 100);
    memory.push(residentMegabytes(pid));
    progress(`idle: ${memory.at(-1)?.toFixed(0)} MB, ${cpu.at(-1)?.toFixed(1)} % CPU`);
  }
  const bench = 'idle';
  return [
    { bench, name: 'resident memory, idle', unit: 'MB', values: memory, aim: { comparison: '≤', value: 250 } },
    { bench, name: 'CPU, idle', remark: 'of one core', unit: '%', values: cpu },
  ];
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** User and system time so far. The command name may hold blanks, so fields count from the closing parenthesis. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
