import { runProgram } from '../program.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs one command line in this process; what it prints is collected. */
export async function runPern(
  words: readonly string[],
  parts: { folder: string; environment?: Record<string, string>; nowMs?: number },
): Promise<Ran> {
  const collected = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    write: (text: string) => {
      collected[name] += text;
    },
  });
  const code = await runProgram({
    words,
    stdout: stream('out'),
    stderr: stream('err'),
    environment: parts.environment ?? {},
    folder: parts.folder,
    now: () => parts.nowMs ?? Date.parse('2026-01-01T10:00:00Z'),
    onSignal: () => {},
  });
  return { code, ...collected };
}
