/** A log of samples in the order they were stored, so that those since the last snapshot survive a crash. No I/O here. */
import { crc32 } from 'node:zlib';
import { Labels } from './labels.ts';
import type { Series } from './series.ts';
import type { SeriesStore } from './series-store.ts';

/** Frames: length and checksum of the payload (uint32 each), payload. */
const FRAME_HEADER_BYTES = 8;
/** Records: reference to a series (uint32), time (float64), raw bits of the value. */
const RECORD_BYTES = 20;
/** In place of a reference: the next series is introduced, by the length of its labels as JSON and the JSON. */
const NEW_SERIES = 0xffffffff;
const CAPACITY_MIN = 64 * 1024;

/** Collects what a store stores; `take` hands over what came since. */
export class SampleLog {
  #bytes = Buffer.alloc(CAPACITY_MIN);
  #length = FRAME_HEADER_BYTES;
  #references = new Map<Series, number>();

  get isEmpty(): boolean {
    return this.#length === FRAME_HEADER_BYTES;
  }

  /** Notes the newest sample of a series. */
  note(series: Series): void {
    const reference = this.#references.get(series) ?? this.#introduce(series);
    const at = this.#reserve(RECORD_BYTES);
    const last = series.end - 1;
    this.#bytes.writeUInt32LE(reference, at);
    this.#bytes.writeDoubleLE(series.times[last] as number, at + 4);
    const [low, high] = series.bitsOf(last);
    this.#bytes.writeUInt32LE(low, at + 12);
    this.#bytes.writeUInt32LE(high, at + 16);
  }

  /** The frame of everything noted since the last call, to be appended to the log's file; a copy. */
  take(): Uint8Array {
    const payload = this.#bytes.subarray(FRAME_HEADER_BYTES, this.#length);
    this.#bytes.writeUInt32LE(payload.length, 0);
    this.#bytes.writeUInt32LE(crc32(payload), 4);
    const frame = Uint8Array.prototype.slice.call(this.#bytes, 0, this.#length);
    this.#length = FRAME_HEADER_BYTES;
    if (this.#bytes.length > 64 * CAPACITY_MIN) this.#bytes = Buffer.alloc(CAPACITY_MIN);
    return frame;
  }

  /** The next frame begins a new file: every series has to be introduced again. */
  restart(): void {
    this.#length = FRAME_HEADER_BYTES;
    this.#references = new Map();
  }

  #introduce(series: Series): number {
    const reference = this.#references.size;
    this.#references.set(series, reference);
    const labels = Buffer.from(JSON.stringify(series.labels.pairs));
    const at = this.#reserve(8 + labels.length);
    this.#bytes.writeUInt32LE(NEW_SERIES, at);
    this.#bytes.writeUInt32LE(labels.length, at + 4);
    labels.copy(this.#bytes, at + 8);
    return reference;
  }

  #reserve(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#bytes.length, at + count));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = at + count;
    return at;
  }
}

/**
 * Stores the samples of a log file. What the store has already (a crash came between snapshot and new log) is passed
 * over. Reading ends at the first frame that is cut short or damaged: a crash leaves such a tail.
 *
 * @returns how many samples were stored.
 */
export function replaySampleLog(bytes: Uint8Array, store: SeriesStore): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const series: Labels[] = [];
  let stored = 0;
  let at = 0;
  while (at + FRAME_HEADER_BYTES <= buffer.length) {
    const start = at + FRAME_HEADER_BYTES;
    const end = start + buffer.readUInt32LE(at);
    if (end > buffer.length || crc32(buffer.subarray(start, end)) !== buffer.readUInt32LE(at + 4)) break;
    stored += replayFrame(buffer.subarray(start, end), series, store);
    at = end;
  }
  return stored;
}

function replayFrame(frame: Buffer, known: Labels[], store: SeriesStore): number {
  let stored = 0;
  for (let at = 0; at < frame.length; ) {
    const reference = frame.readUInt32LE(at);
    if (reference === NEW_SERIES) {
      const length = frame.readUInt32LE(at + 4);
      known.push(Labels.fromPairs(JSON.parse(frame.toString('utf8', at + 8, at + 8 + length)) as [string, string][]));
      at += 8 + length;
      continue;
    }
    const labels = known[reference];
    const tMs = frame.readDoubleLE(at + 4);
    const series = labels === undefined ? undefined : store.resolve(labels, tMs);
    if (series !== undefined && store.appendBits(series, tMs, frame.readUInt32LE(at + 12), frame.readUInt32LE(at + 16)))
      stored += 1;
    at += RECORD_BYTES;
  }
  return stored;
}
