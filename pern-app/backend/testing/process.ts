import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One entry point of the back end, running as a process of its own. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** Everything written so far, stdout and stderr together. */
  output(): string;
  readonly exited: Promise<Exit>;
}

/** Starts `backend/<entry>` with nothing but the given environment. */
export function startProcess(entry: string, environment: Record<string, string>): TestProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', entry)], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, output: () => output, exited };
}

/** Starts the server on free ports and resolves when it listens; rejects with its output when it ends first. */
export async function startServer(
  environment: Record<string, string>,
): Promise<TestProcess & { origin: string; metricsOrigin: string }> {
  const started = startProcess('server.ts', { HOST: '127.0.0.1', PORT: '0', METRICS_PORT: '0', ...environment });
  const line = await new Promise<string>((resolve, reject) => {
    started.child.stdout?.on('data', () => {
      const found = started
        .output()
        .split('\n')
        .slice(0, -1)
        .find((text) => text.includes('"msg":"listening"'));
      if (found !== undefined) resolve(found);
    });
    started.exited.then(({ code }) => reject(new Error(`server ended with ${code}:\n${started.output()}`)), reject);
  });
  const { port, metricsPort } = JSON.parse(line) as { port: number; metricsPort: number };
  return { ...started, origin: `http://127.0.0.1:${port}`, metricsOrigin: `http://127.0.0.1:${metricsPort}` };
}

/** Asks again and again until the answer is yes; the test's own time limit is the limit. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  while (!(await question())) await new Promise((resolve) => setTimeout(resolve, 20));
}
