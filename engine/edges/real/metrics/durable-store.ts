import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Cancel, Scheduler } from '#core/clock.ts';
import {
  replaySampleLog,
  restoreStore,
  SampleLog,
  SeriesStore,
  SnapshotError,
  type StoreLimits,
  snapshotStore,
} from '#lib/promql/index.ts';

/** What a kill -9 costs at most. */
const FLUSH_AFTER_MS = 1000;
/** The log is folded into a new snapshot when it is as large as the last one, but not for less than this. */
const LOG_BYTES_MIN = 4 * 1024 * 1024;

export interface DurableStore {
  readonly store: SeriesStore;
  /** Writes everything into the snapshot. */
  close(): void;
}

/**
 * A series store that survives restarts: `file` is a snapshot, `file.log` the samples since. Samples are appended to the
 * log within a second of being stored. Trouble with the disk costs samples, never the engine: it is told to `onProblem`.
 */
export function openDurableStore(parts: {
  file: string;
  limits: Partial<StoreLimits>;
  scheduler: Scheduler;
  onProblem?: (message: string) => void;
}): DurableStore {
  const { file, scheduler } = parts;
  const logFile = `${file}.log`;
  const store = readStore(file, parts.limits);
  if (existsSync(logFile)) replaySampleLog(readFileSync(logFile), store);
  const log = new SampleLog();
  let snapshotBytes = 0;
  let logBytes = 0;
  let cancelFlush: Cancel | undefined;
  const guarded = (what: string, write: () => void) => {
    try {
      write();
    } catch (error) {
      parts.onProblem?.(`metrics: ${what} could not be written: ${(error as Error).message}`);
    }
  };
  const save = () => {
    log.restart();
    logBytes = 0;
    guarded(file, () => {
      const bytes = snapshotStore(store);
      writeFileSync(`${file}.new`, bytes, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      snapshotBytes = bytes.length;
      // Samples that are in both are passed over by the next start, should this be the last thing that happens.
      rmSync(logFile, { force: true });
    });
  };
  const flush = () => {
    cancelFlush = undefined;
    const frame = log.take();
    logBytes += frame.length;
    if (logBytes > Math.max(LOG_BYTES_MIN, snapshotBytes)) save();
    else guarded(logFile, () => appendFileSync(logFile, frame, { mode: 0o600 }));
  };
  // What the log holds from the run before goes into the snapshot, since its references mean nothing to this run.
  save();
  store.onAppended = (series) => {
    log.note(series);
    cancelFlush ??= scheduler.at(scheduler.now() + FLUSH_AFTER_MS, flush);
  };
  return {
    store,
    close: () => {
      cancelFlush?.();
      store.onAppended = undefined;
      save();
    },
  };
}

/** The samples of an earlier run; a file that cannot be read is set aside, since metrics are not worth a failed start. */
function readStore(file: string, limits: Partial<StoreLimits>): SeriesStore {
  if (!existsSync(file)) return new SeriesStore(limits);
  try {
    return restoreStore(readFileSync(file), limits);
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    renameSync(file, `${file}.unreadable`);
    return new SeriesStore(limits);
  }
}
