import type { Logger } from '../operations/logging.ts';
import { isAssetName, type StaticFile, toStaticFile } from './files.ts';
import { INDEX_PATH } from './targets.ts';

/**
 * While two releases run side by side, each request goes to a pod of either: a page of one release asks pods of the
 * other for its scripts. So pods lend each other their assets, whose names hold a hash of their content:
 *
 * - an asset that is not here is looked up in the peers' indexes, and copied;
 * - whatever else the peer has is copied in the background, so that pages stay whole when its pods go away, after a
 *   promotion or an abort.
 *
 * Only names that a peer lists are asked for, and indexes are read one after the other with a pause between, so made-up
 * names cost the peers nothing.
 */
export interface AssetExchange {
  /** The asset of another release; undefined when no peer has it either. */
  find(path: string): Promise<StaticFile | undefined>;
  /** Copies everything the peers list; never rejects. */
  copyAll(): Promise<void>;
}

export interface ExchangeParts {
  /** Origins, in the order they are asked. */
  peers: readonly string[];
  /** Whether this release has the asset itself. */
  isOwn: (path: string) => boolean;
  /** The content under a URL of a peer; undefined when it has none or does not answer. */
  get: (url: string) => Promise<Buffer | undefined>;
  sleep: (delayMs: number) => Promise<void>;
  logger: Logger;
  /** Memory that copies may take, in bytes; the oldest are forgotten first. */
  bytesMax?: number;
}

const BYTES_MAX = 32 * 1024 * 1024;
const NAMES_MAX = 2000;
const PAUSE_MS = 200;

export function createAssetExchange(parts: ExchangeParts): AssetExchange {
  const { peers, isOwn, get, sleep, logger, bytesMax = BYTES_MAX } = parts;
  const copies = new Map<string, StaticFile>();
  const copying = new Map<string, Promise<StaticFile | undefined>>();
  /** Path → peers that list it. */
  let listed = new Map<string, string[]>();
  let bytes = 0;
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;

  async function readIndexes(): Promise<void> {
    const found = new Map<string, string[]>();
    const indexes = await Promise.all(peers.map((peer) => get(`${peer}${INDEX_PATH}`)));
    for (const [at, peer] of peers.entries()) {
      for (const path of namesOf(indexes[at])) if (!isOwn(path)) found.set(path, [...(found.get(path) ?? []), peer]);
    }
    listed = found;
  }

  /** Resolves when indexes have been read that were asked for after this call; many callers share one reading. */
  function refresh(): Promise<void> {
    if (running === undefined) {
      const reading = readIndexes();
      running = reading
        .then(() => sleep(PAUSE_MS))
        .finally(() => {
          running = undefined;
        });
      return reading;
    }
    queued ??= running.then(() => {
      queued = undefined;
      return refresh();
    });
    return queued;
  }

  function keep(path: string, file: StaticFile): void {
    copies.set(path, file);
    bytes += file.bytes.length;
    for (const [oldest, { bytes: content }] of copies) {
      if (bytes <= bytesMax || oldest === path) break;
      copies.delete(oldest);
      bytes -= content.length;
    }
  }

  async function download(path: string): Promise<StaticFile | undefined> {
    for (const peer of listed.get(path) ?? []) {
      const content = await get(`${peer}${path}`);
      if (content === undefined) continue;
      const file = toStaticFile(path, content);
      keep(path, file);
      logger.debug({ path, peer }, 'asset of another release copied');
      return file;
    }
    return undefined;
  }

  function copy(path: string): Promise<StaticFile | undefined> {
    const present = copies.get(path);
    if (present !== undefined) return Promise.resolve(present);
    const started = copying.get(path) ?? download(path).finally(() => copying.delete(path));
    copying.set(path, started);
    return started;
  }

  async function copyListed(): Promise<void> {
    for (const path of [...listed.keys()]) await copy(path);
  }

  return {
    async find(path) {
      if (peers.length === 0 || !isAssetName(path)) return undefined;
      const present = copies.get(path);
      if (present !== undefined) return present;
      if (!listed.has(path)) await refresh();
      if (!listed.has(path)) return undefined;
      const file = await copy(path);
      void copyListed();
      return file;
    },
    async copyAll() {
      if (peers.length === 0) return;
      await refresh();
      await copyListed();
    },
  };
}

/** The names of an index that look like assets; anything else in it is ignored. */
function namesOf(content: Buffer | undefined): string[] {
  const index = parseJson(content?.toString() ?? '');
  if (typeof index !== 'object' || index === null || !('assets' in index) || !Array.isArray(index.assets)) return [];
  return index.assets
    .filter((name): name is string => typeof name === 'string' && isAssetName(name))
    .slice(0, NAMES_MAX);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
