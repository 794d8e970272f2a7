import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { verifyChain } from '#api/audit/chain.ts';
import {
  type AuditEntry,
  type AuditHead,
  type AuditRecord,
  type AuditSink,
  BEFORE_FIRST,
  chained,
  headOf,
  parseRecord,
  recordLine,
} from '#api/audit/record.ts';
import { isRecord } from '#core/json.ts';

export interface AuditLogOptions {
  /** `<state>/audit`. The head is kept beside it, in `<state>/audit-head`. */
  folder: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A file that has grown to this is followed by the next. Default 16 MiB. */
  fileBytesMax?: number;
  /** The oldest file beyond these is deleted, and a record says so. Default 8. */
  filesMax?: number;
  /** How long a record may be in the machine's memory only. Default 200 ms. 0: every record is synced at once. */
  syncAfterMs?: number;
}

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const FILES_MAX = 8;
const SYNC_AFTER_MS = 200;
const HEAD_BYTES = 128;
const TAIL_LINES = 200;
const NAME = /^audit-(\d{6})\.jsonl$/;

/** The files of an audit record, oldest first. */
export function auditFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort();
}

/** The head that is kept in the second place, or undefined when there is none. */
export function readHead(folder: string): AuditHead | undefined {
  const file = headFile(folder);
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isRecord(value) && typeof value.sequence === 'number' && typeof value.hash === 'string') {
      return { sequence: value.sequence, hash: value.hash };
    }
  } catch {
    // Falls through: a head that does not parse vouches for nothing.
  }
  return { sequence: Number.MAX_SAFE_INTEGER, hash: 'unreadable' };
}

function headFile(folder: string): string {
  return `${folder}-head`;
}

/**
 * The audit record on disk: appended by single writes, so `kill -9` loses nothing that was recorded, and synced within
 * `syncAfterMs` (refusals and tokens at once), so a power cut loses at most that. What opening finds wrong (a torn last line, an act that was
 * begun and not finished, an end that is not the head's) becomes a record of its own.
 */
export class AuditLog implements AuditSink {
  readonly #options: Required<AuditLogOptions>;
  #head: AuditHead = BEFORE_FIRST;
  #number = 1;
  #file = -1;
  #bytes = 0;
  readonly #headFile: number;
  readonly #pendingFile: number;
  #hasPending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Opens or creates the record. Throws what the file system throws. */
  constructor(options: AuditLogOptions) {
    const { fileBytesMax = FILE_BYTES_MAX, filesMax = FILES_MAX, syncAfterMs = SYNC_AFTER_MS } = options;
    this.#options = { ...options, fileBytesMax, filesMax, syncAfterMs };
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const pendingPath = join(options.folder, 'pending.json');
    const pending = existsSync(pendingPath) ? readFileSync(pendingPath, 'utf8') : '';
    const head = readHead(options.folder);
    this.#headFile = openSync(headFile(options.folder), head === undefined ? 'w+' : 'r+', 0o600);
    this.#pendingFile = openSync(pendingPath, 'w', 0o600);
    this.#recover(head);
    this.#recoverPending(pending);
  }

  get head(): AuditHead {
    return this.#head;
  }

  begin(entry: AuditEntry): void {
    this.#setPending(JSON.stringify({ sequence: this.#head.sequence + 1, entry }));
  }

  append(entry: AuditEntry): void {
    this.#write(entry);
    this.#setPending('');
    if (this.#bytes >= this.#options.fileBytesMax) this.#rotate();
    const isUrgent = entry.outcome !== 'allowed' || entry.verb.includes('token');
    if (isUrgent || this.#options.syncAfterMs === 0) this.#sync();
    else this.#timer ??= setTimeout(() => this.#sync(), this.#options.syncAfterMs).unref();
  }

  close(): void {
    this.#sync();
    for (const file of [this.#file, this.#headFile, this.#pendingFile]) closeSync(file);
  }

  #write(entry: AuditEntry): void {
    const record = chained(entry, this.#head);
    const line = Buffer.from(`${recordLine(record)}\n`, 'utf8');
    writeAll(this.#file, line);
    this.#bytes += line.length;
    this.#head = headOf(record);
    this.#writeHead();
  }

  #writeHead(): void {
    writeSync(this.#headFile, `${JSON.stringify(this.#head).padEnd(HEAD_BYTES - 1)}\n`, 0);
  }

  #setPending(text: string): void {
    if (text === '' && !this.#hasPending) return;
    ftruncateSync(this.#pendingFile, 0);
    if (text !== '') writeSync(this.#pendingFile, text, 0);
    this.#hasPending = text !== '';
  }

  #sync(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    fdatasyncSync(this.#file);
    fdatasyncSync(this.#headFile);
  }

  #recover(head: AuditHead | undefined): void {
    const { folder } = this.#options;
    const names = auditFiles(folder);
    const last = names.at(-1) ?? 'audit-000001.jsonl';
    this.#number = Number(NAME.exec(last)?.[1] ?? 1);
    this.#file = openSync(join(folder, last), 'a', 0o600);
    const text = names.length === 0 ? '' : readFileSync(join(folder, last), 'utf8');
    const tornBytes = Buffer.byteLength(text.slice(text.lastIndexOf('\n') + 1));
    this.#bytes = Buffer.byteLength(text) - tornBytes;
    if (tornBytes > 0) ftruncateSync(this.#file, this.#bytes);
    const end = this.#lastRecord(names);
    this.#head = end === undefined ? BEFORE_FIRST : headOf(end);
    const problem = headProblem(this.#tail(names), last, head, this.#head);
    // A chain that lost its end goes on behind the head, so that no sequence is used twice.
    if (
      problem !== undefined &&
      head !== undefined &&
      head.sequence > this.#head.sequence &&
      head.hash !== 'unreadable'
    ) {
      this.#head = head;
    }
    if (problem !== undefined) this.#note('tamper', problem);
    if (tornBytes > 0)
      this.#note('recover', `${tornBytes} bytes of a record that was being written when the engine ended were removed`);
    this.#writeHead();
  }

  /** The newest lines: enough to find the head's record, without hashing whole files at each start. */
  #tail(names: readonly string[]): string {
    const texts = names.slice(-2).map((name) => readFileSync(join(this.#options.folder, name), 'utf8'));
    const text = texts.join('');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return whole.slice(-TAIL_LINES - 1).join('\n');
  }

  /** The end of the newest file that has a record. */
  #lastRecord(names: readonly string[]): AuditRecord | undefined {
    for (const name of [...names].reverse()) {
      const lines = readFileSync(join(this.#options.folder, name), 'utf8').split('\n');
      lines.pop();
      const line = lines.at(-1);
      if (line === undefined) continue;
      return parseRecord(line) ?? lines.map(parseRecord).findLast((record) => record !== undefined);
    }
    return undefined;
  }

  #recoverPending(text: string): void {
    if (text === '') return;
    try {
      const { sequence, entry } = JSON.parse(text) as { sequence: number; entry: AuditEntry };
      // The engine ended after recording the act and before striking the note.
      if (sequence <= this.#head.sequence && this.#isRecorded(sequence, entry)) return;
      this.#write({ ...entry, outcome: 'unknown', message: 'the engine ended before it could record how this went' });
    } catch {
      this.#note('recover', 'an act was begun when the engine ended, and the note of it cannot be read');
    }
  }

  #isRecorded(sequence: number, entry: AuditEntry): boolean {
    const text = readFileSync(join(this.#options.folder, fileName(this.#number)), 'utf8');
    return text.split('\n').some((line) => {
      const record = parseRecord(line);
      return record?.sequence === sequence && record.object === entry.object && record.verb === entry.verb;
    });
  }

  #note(verb: string, rule: string): void {
    const outcome = verb === 'tamper' ? 'failed' : 'allowed';
    this.#write({ ...this.#own(), verb, object: 'audit', outcome, rule });
  }

  #own(): Pick<AuditEntry, 'time' | 'identity' | 'groups' | 'source'> {
    return { time: new Date(this.#options.now()).toISOString(), identity: 'engine', groups: [], source: 'engine' };
  }

  #rotate(): void {
    this.#sync();
    closeSync(this.#file);
    this.#number++;
    const { folder, filesMax } = this.#options;
    this.#file = openSync(join(folder, fileName(this.#number)), 'a', 0o600);
    this.#bytes = 0;
    const excess = auditFiles(folder).slice(0, -filesMax);
    const dropped = this.#lastRecord(excess);
    const rule = `continues ${fileName(this.#number - 1)}; ${filesMax} files of ${this.#options.fileBytesMax} bytes are kept`;
    this.#write({
      ...this.#own(),
      verb: 'rotate',
      object: 'audit',
      outcome: 'allowed',
      rule,
      ...(dropped === undefined ? {} : { dropped: headOf(dropped) }),
    });
    this.#sync();
    // Only after the record that vouches for it is on disk.
    for (const name of excess) rmSync(join(folder, name));
  }
}

function fileName(number: number): string {
  return `audit-${String(number).padStart(6, '0')}.jsonl`;
}

function headProblem(text: string, name: string, head: AuditHead | undefined, end: AuditHead): string | undefined {
  if (head === undefined) return end.sequence === 0 ? undefined : 'the file with the head of the chain is gone';
  if (head.hash === 'unreadable') return 'the file with the head of the chain cannot be read';
  const findings = verifyChain([{ name, text }], head).findings.filter(
    ({ message }) => !message.includes('the chain begins at'),
  );
  const [first] = findings.filter(({ message }) => !message.startsWith('recorded by the engine'));
  return first === undefined ? undefined : `${first.file}:${first.line}: ${first.message}`;
}

/** A write to a file takes all bytes or, when the disk is full, throws; a short count is gone on with. */
function writeAll(file: number, bytes: Buffer): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done);
}
