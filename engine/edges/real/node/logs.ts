import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  watch,
} from 'node:fs';
import { join } from 'node:path';

export interface ReadLogsOptions {
  /** The run before the last one. */
  previous?: boolean;
  tailLines?: number;
  /** Only what was written at or after this time; exact to LOG_INDEX_MS, earlier lines may be included. */
  sinceTimeMs?: number;
  /** Goes on with what is written later, until the container ends. */
  follow?: boolean;
  signal?: AbortSignal;
}

/** There is no log to read; the message is the one a kubelet gives. */
export class LogsNotFoundError extends Error {
  override name = 'LogsNotFoundError';
}

/** How often the growth of logs is noted: the output is the container's own and carries no times. */
export const LOG_INDEX_MS = 2000;

const CHUNK_BYTES = 64 * 1024;

/** The log files of all containers: `<ns>_<pod>_<uid>/<container>/<attempt>.log`, and beside each its growth over time. */
export class Logs {
  readonly directory: string;
  readonly #sizes = new Map<string, number>();

  constructor(directory: string) {
    this.directory = directory;
  }

  file(pod: { namespace: string; name: string; podUid: string }, container: string, attempt: number): string {
    return join(this.directory, `${pod.namespace}_${pod.name}_${pod.podUid}`, container, `${attempt}.log`);
  }

  /** Notes how long a log is now, for `sinceTimeMs`. */
  note(file: string, nowMs: number): void {
    if (!existsSync(file)) return;
    const { size } = statSync(file);
    if (this.#sizes.get(file) === size) return;
    this.#sizes.set(file, size);
    appendFileSync(`${file}.index`, `${nowMs} ${size}\n`);
  }

  /**
   * The log of a container as chunks of bytes. Logs outlive their pod.
   * @param isRunning Whether the run may still write; asked again at every wait while following.
   */
  async *read(
    podUid: string,
    container: string,
    options: ReadLogsOptions,
    isRunning: () => boolean,
  ): AsyncGenerator<Buffer> {
    const file = this.#find(podUid, container, options.previous === true);
    let offset = Math.max(sinceOffset(file, options.sinceTimeMs), tailOffset(file, options.tailLines));
    const follow = options.follow === true && options.previous !== true;
    for (;;) {
      // Asked before reading: what the container wrote before its end is then read for sure.
      const more = follow && isRunning() && options.signal?.aborted !== true;
      const growth = more ? nextGrowth(file, options.signal) : undefined;
      for (let chunk = readAt(file, offset); chunk.length > 0; chunk = readAt(file, offset)) {
        offset += chunk.length;
        yield chunk;
      }
      if (growth === undefined) return;
      await growth;
    }
  }

  #find(podUid: string, container: string, previous: boolean): string {
    const pods = existsSync(this.directory) ? readdirSync(this.directory) : [];
    const pod = pods.find((name) => name.endsWith(`_${podUid}`));
    const folder = pod === undefined ? undefined : join(this.directory, pod, container);
    const attempts = (folder !== undefined && existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => name.endsWith('.log'))
      .map((name) => Number.parseInt(name, 10))
      .sort((left, right) => right - left);
    const attempt = attempts[previous ? 1 : 0];
    if (folder === undefined || attempt === undefined) {
      const what = previous ? 'previous terminated container' : 'container';
      throw new LogsNotFoundError(`${what} "${container}" in pod "${podUid}" not found`);
    }
    return join(folder, `${attempt}.log`);
  }
}

function readAt(file: string, offset: number): Buffer {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.subarray(0, readSync(descriptor, buffer, 0, CHUNK_BYTES, offset));
  } finally {
    closeSync(descriptor);
  }
}

/** Resolves when the file may have grown, the wait was aborted, or a second passed (the container may have ended). */
function nextGrowth(file: string, abort: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      watcher.close();
      clearTimeout(timer);
      abort?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, 1000);
    const watcher = watch(file, { persistent: false }, finish);
    watcher.on('error', finish);
    abort?.addEventListener('abort', finish, { once: true });
  });
}

function sinceOffset(file: string, sinceTimeMs: number | undefined): number {
  if (sinceTimeMs === undefined) return 0;
  const { mtimeMs, size } = statSync(file);
  if (mtimeMs < sinceTimeMs) return size;
  const index = existsSync(`${file}.index`) ? readFileSync(`${file}.index`, 'utf8') : '';
  let offset = 0;
  for (const line of index.split('\n')) {
    const [atMs, length] = line.split(' ').map(Number);
    if (atMs !== undefined && length !== undefined && atMs < sinceTimeMs) offset = length;
  }
  return offset;
}

/** Where the last `lines` lines begin. */
function tailOffset(file: string, lines: number | undefined): number {
  if (lines === undefined) return 0;
  const { size } = statSync(file);
  if (lines <= 0) return size;
  let found = 0;
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - CHUNK_BYTES);
    const chunk = readAt(file, begin).subarray(0, end - begin);
    for (let index = chunk.length - 1; index >= 0; index--) {
      // The newline that ends the last line begins no further one.
      if (chunk[index] !== 10 || begin + index === size - 1) continue;
      found++;
      if (found === lines) return begin + index + 1;
    }
    end = begin;
  }
  return 0;
}
