import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';

/** Settings that make git a plain reader: no prompts, no locks, no lazy fetches, no hooks. */
const READ_ONLY = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

function readOnlyEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith('GIT_')) delete env[name];
  // A replaced object would be shown in the place of the one whose signature was verified.
  const honest = { GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1' };
  return { ...env, ...honest, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}

/** Runs one git command in `folder` and returns what it prints. Rejects with git's own words. */
export function runGit(folder: string, args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...READ_ONLY, '-C', folder, ...args],
      { encoding: 'buffer', maxBuffer: 512 * 1024 * 1024, env: readOnlyEnvironment() },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(stderr.toString().trim().split('\n')[0] || error.message));
      },
    );
  });
}

export interface GitObject {
  oid: string;
  type: string;
  content: Buffer;
}

interface Waiting {
  resolve: (object: GitObject | undefined) => void;
  reject: (error: Error) => void;
}

/**
 * One `git cat-file --batch` for a repository, started when first needed and again when it ended. Requests are answered
 * in order, so reading costs no process each.
 */
export class ObjectReader {
  readonly #folder: string;
  #process: ChildProcessWithoutNullStreams | undefined;
  #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #bytes = 0;
  #needBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The object a name stands for (an oid, `HEAD^{commit}`, `refs/heads/main^{commit}`), or undefined. */
  read(name: string): Promise<GitObject | undefined> {
    if (/[\n\0]/.test(name)) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const process = this.#start();
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) keepAlive(process, true);
      process.stdin.write(`${name}\n`);
    });
  }

  close(): void {
    this.#process?.kill();
    this.#process = undefined;
  }

  #start(): ChildProcessWithoutNullStreams {
    if (this.#process !== undefined) return this.#process;
    const child = spawn('git', [...READ_ONLY, '-C', this.#folder, 'cat-file', '--batch'], {
      env: readOnlyEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint = `${complaint}${text.toString()}`.slice(-2000);
    });
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    child.on('error', (error) => this.#ended(child, error));
    child.on('close', () => this.#ended(child, new Error(complaint.trim() || 'git cat-file ended')));
    keepAlive(child, false);
    return child;
  }

  #ended(child: ChildProcessWithoutNullStreams, error: Error): void {
    if (this.#process === child) this.#process = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#chunks = [];
    this.#bytes = 0;
    this.#needBytes = 0;
    for (const { reject } of waiting) reject(error);
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needBytes) return;
    let buffer = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    for (;;) {
      const parsed = parseReply(buffer);
      if (typeof parsed === 'number') {
        this.#needBytes = parsed;
        break;
      }
      this.#waiting.shift()?.resolve(parsed.object);
      buffer = buffer.subarray(parsed.lengthBytes);
    }
    this.#chunks = buffer.length === 0 ? [] : [buffer];
    this.#bytes = buffer.length;
    if (this.#waiting.length === 0 && this.#process !== undefined) keepAlive(this.#process, false);
  }
}

/** A reader that nobody waits for does not keep this process from ending. */
function keepAlive(child: ChildProcessWithoutNullStreams, alive: boolean): void {
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    const { ref, unref } = handle as unknown as { ref?: () => void; unref?: () => void };
    (alive ? ref : unref)?.call(handle);
  }
}

/** One reply at the start of the buffer, or how many bytes the buffer must have before there is one. */
function parseReply(buffer: Buffer): { object: GitObject | undefined; lengthBytes: number } | number {
  const end = buffer.indexOf(10);
  if (end < 0) return 0;
  const header = buffer.subarray(0, end).toString();
  const match = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)$/.exec(header);
  if (match === null) return { object: undefined, lengthBytes: end + 1 };
  const sizeBytes = Number(match[3]);
  const lengthBytes = end + 1 + sizeBytes + 1;
  if (buffer.length < lengthBytes) return lengthBytes;
  const content = Buffer.from(buffer.subarray(end + 1, end + 1 + sizeBytes));
  return { object: { oid: match[1] as string, type: match[2] as string, content }, lengthBytes };
}
