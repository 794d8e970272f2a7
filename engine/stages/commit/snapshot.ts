import type { FileSystem } from '#lib/kustomize/file-system.ts';
import { notReproduced, SourceError } from './failures.ts';

/** One entry of a commit's tree. `oid` identifies the content. */
export interface TreeEntry {
  type: 'file' | 'symlink' | 'directory' | 'submodule';
  oid: string;
  sizeBytes: number;
}

/** A commit's whole tree: posix path relative to the root → entry. Contents are looked up by oid. */
export interface Snapshot {
  entries: ReadonlyMap<string, TreeEntry>;
  /** Names in each directory, sorted; the root is the empty string. */
  children: ReadonlyMap<string, readonly string[]>;
  /** Symbolic links and what they say. */
  links: ReadonlyMap<string, string>;
}

/** What a reader used of a snapshot: enough to know whether another commit would give it the same. */
export type Reads = Map<string, string>;

/** Files larger than this are refused: no manifest is, and one must not fill the memory. */
const FILE_BYTES_MAX = 10 * 1024 * 1024;
const LINKS_MAX = 40;

/** Builds a snapshot; entries may come in any order. */
export function snapshotOf(entries: ReadonlyMap<string, TreeEntry>, links: ReadonlyMap<string, string>): Snapshot {
  const children = new Map<string, string[]>([['', []]]);
  for (const [path, entry] of entries) if (entry.type === 'directory') children.set(path, []);
  for (const path of [...entries.keys()].sort()) {
    const slash = path.lastIndexOf('/');
    children.get(slash < 0 ? '' : path.slice(0, slash))?.push(path.slice(slash + 1));
  }
  return { entries, children, links };
}

/** Throws when a symbolic link of the commit leads out of the repository (argo-cd refuses such repositories whole). */
export function checkLinks(snapshot: Snapshot): void {
  for (const path of [...snapshot.links.keys()].sort()) {
    const target = snapshot.links.get(path) as string;
    if (joinInside(directoryOf(path), target) !== undefined) continue;
    throw new SourceError({
      code: 'SymlinkOutsideRoot',
      message: `repository contains out-of-bounds symlinks. file: ${path}`,
      at: { file: path },
      fix: `make the link point inside the repository; it says ${target}`,
    });
  }
}

/**
 * The snapshot as a file system for renderers, links followed. `contentOf` returns undefined for content that is not
 * loaded; `onMissing` then gets its oid and path, and the reader sees a missing file: the caller loads it and reads again.
 * What was read is recorded in `reads`.
 */
export function snapshotFileSystem(
  snapshot: Snapshot,
  contentOf: (oid: string) => string | undefined,
  hooks: { onMissing: (oid: string, path: string) => void; reads?: Reads },
): FileSystem {
  const lookUp = (path: string) => {
    const real = resolveLinks(snapshot, path);
    const entry = real === '' ? ROOT : snapshot.entries.get(real);
    hooks.reads?.set(path, entry === undefined ? '' : `${real}@${entry.oid}`);
    return { real, entry };
  };
  return {
    readFile(path) {
      const { real, entry } = lookUp(path);
      if (entry?.type !== 'file') return undefined;
      if (entry.sizeBytes > FILE_BYTES_MAX) throw tooLarge(path, entry.sizeBytes);
      const text = contentOf(entry.oid);
      if (text === undefined) hooks.onMissing(entry.oid, real);
      return text;
    },
    readDirectory(path) {
      const { real, entry } = lookUp(path);
      const names = entry?.type === 'directory' ? snapshot.children.get(real) : undefined;
      hooks.reads?.set(`${path}/`, names === undefined ? '' : names.join('/'));
      return names;
    },
  };
}

/** True when a reader that made these reads of another snapshot would see the same in this one. */
export function readsHold(snapshot: Snapshot, reads: Reads): boolean {
  for (const [path, seen] of reads) {
    const listing = path.endsWith('/');
    const real = resolveLinks(snapshot, listing ? path.slice(0, -1) : path);
    const entry = real === '' ? ROOT : snapshot.entries.get(real);
    const now = listing
      ? entry?.type === 'directory'
        ? snapshot.children.get(real)?.join('/')
        : ''
      : entry === undefined
        ? ''
        : entry.type === 'directory' && seen.startsWith(`${real}@`)
          ? seen
          : `${real}@${entry.oid}`;
    if (now !== seen) return false;
  }
  return true;
}

const ROOT: TreeEntry = { type: 'directory', oid: 'root', sizeBytes: 0 };

function resolveLinks(snapshot: Snapshot, path: string): string {
  let rest = path.split('/').filter((part) => part !== '' && part !== '.');
  let real = '';
  let followed = 0;
  while (rest.length > 0) {
    const next = real === '' ? (rest[0] as string) : `${real}/${rest[0]}`;
    rest = rest.slice(1);
    const entry = snapshot.entries.get(next);
    if (entry?.type === 'submodule') throw submodule(next);
    if (entry?.type !== 'symlink') {
      real = next;
      continue;
    }
    const target = joinInside(directoryOf(next), snapshot.links.get(next) ?? '');
    if (target === undefined || ++followed > LINKS_MAX) return next;
    rest = [...target.split('/').filter((part) => part !== ''), ...rest];
    real = '';
  }
  return real;
}

function joinInside(directory: string, target: string): string | undefined {
  if (target.startsWith('/')) return undefined;
  const parts = directory.split('/').filter((part) => part !== '');
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function submodule(path: string): SourceError {
  return notReproduced(`submodule ${path}`, 'put the manifests into the repository itself', { file: path });
}

function tooLarge(path: string, sizeBytes: number): SourceError {
  return new SourceError({
    code: 'FileTooLarge',
    message: `${path} has ${sizeBytes} bytes; the largest file that is read has ${FILE_BYTES_MAX}`,
    at: { file: path },
    fix: 'split the file, or keep it out of the application path',
  });
}
