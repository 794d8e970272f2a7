/** Compact buffer of a whole store, so that samples survive a restart. The caller does the I/O. */
import { Labels } from './labels.ts';
import { SeriesStore, type StoreLimits } from './series-store.ts';

const MAGIC = 'PERNTS01';
const HEADER_BYTES = 16;

/** A buffer that is no snapshot of this version, or is cut short. */
export class SnapshotError extends Error {
  constructor(problem: string) {
    super(`time series snapshot: ${problem}`);
    this.name = 'SnapshotError';
  }
}

interface Directory {
  /** Label names and values, each once. */
  readonly strings: string[];
  /** Per series: number of samples, then indexes into `strings`, name and value alternating. */
  readonly series: number[][];
}

/**
 * Layout: magic, length of the directory, directory as JSON padded to 8 bytes, then per series its times (float64) and
 * its raw value bits. About 16 bytes per sample.
 */
export function snapshotStore(store: SeriesStore): Uint8Array<ArrayBuffer> {
  const all = store.allSeries();
  const directory = Buffer.from(JSON.stringify(describe(store)));
  const bodyStart = HEADER_BYTES + Math.ceil(directory.length / 8) * 8;
  const bytes = new Uint8Array(bodyStart + all.reduce((sum, series) => sum + series.length * 16, 0));
  bytes.set(Buffer.from(MAGIC));
  new DataView(bytes.buffer).setUint32(8, directory.length, true);
  bytes.set(directory, HEADER_BYTES);
  let offset = bodyStart;
  for (const series of all) {
    new Float64Array(bytes.buffer, offset, series.length).set(series.times.subarray(series.start, series.end));
    offset += series.length * 8;
    new Uint32Array(bytes.buffer, offset, series.length * 2).set(series.valueWords());
    offset += series.length * 8;
  }
  return bytes;
}

/** @throws SnapshotError when the buffer is not a whole snapshot; start with an empty store then. */
export function restoreStore(buffer: Uint8Array, limits: Partial<StoreLimits> = {}): SeriesStore {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < HEADER_BYTES || Buffer.from(bytes.subarray(0, 8)).toString() !== MAGIC)
    throw new SnapshotError('not a snapshot of this version');
  const directoryLength = new DataView(bytes.buffer).getUint32(8, true);
  const directory = parseDirectory(bytes.subarray(HEADER_BYTES, HEADER_BYTES + directoryLength));
  let offset = HEADER_BYTES + Math.ceil(directoryLength / 8) * 8;
  const expected = directory.series.reduce((sum, [count]) => sum + (count ?? 0) * 16, offset);
  if (bytes.length !== expected) throw new SnapshotError(`${bytes.length} bytes where ${expected} were expected`);
  const store = new SeriesStore(limits);
  for (const [count = 0, ...refs] of directory.series) {
    const times = new Float64Array(bytes.buffer, offset, count);
    const words = new Uint32Array(bytes.buffer, offset + count * 8, count * 2);
    store.loadSeries(labelsOf(refs, directory.strings), times, words);
    offset += count * 16;
  }
  return store;
}

function describe(store: SeriesStore): Directory {
  const indexes = new Map<string, number>();
  const indexOf = (text: string): number => {
    const known = indexes.get(text);
    if (known !== undefined) return known;
    indexes.set(text, indexes.size);
    return indexes.size - 1;
  };
  const series = store.allSeries().map(({ labels, length }) => [length, ...labels.pairs.flat().map(indexOf)]);
  return { strings: [...indexes.keys()], series };
}

function parseDirectory(bytes: Uint8Array): Directory {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (isDirectory(parsed)) return parsed;
  } catch {
    // reported below, like any other unreadable directory
  }
  throw new SnapshotError('the directory of series cannot be read');
}

function isDirectory(value: unknown): value is Directory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'strings' in value &&
    'series' in value &&
    Array.isArray(value.series) &&
    Array.isArray(value.strings)
  );
}

function labelsOf(refs: readonly number[], strings: readonly string[]): Labels {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < refs.length; i += 2) pairs.push([strings[refs[i]!] ?? '', strings[refs[i + 1]!] ?? '']);
  return Labels.fromPairs(pairs);
}
