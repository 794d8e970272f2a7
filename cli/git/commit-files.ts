import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import type { FileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { runGit } from './repository.ts';

const FILE_BYTES_MAX = 64 * 1024 * 1024;
const LINKS_MAX = 40;

/** The files of one commit, read from git when they are asked for; links inside the commit are followed. */
export function commitFileSystem(repository: string, sha: string): FileSystem {
  const { objects, links, children } = readTree(repository, sha);
  const read = (oid: string) =>
    execFileSync('git', ['-C', repository, 'cat-file', 'blob', oid], { maxBuffer: FILE_BYTES_MAX });
  const follow = (path: string): string => {
    let current = path;
    for (let hops = 0; hops < LINKS_MAX; hops++) {
      const parts = current.split('/');
      const at = parts.findIndex((_, index) => links.has(parts.slice(0, index + 1).join('/')));
      if (at < 0) return current;
      const link = parts.slice(0, at + 1).join('/');
      const target = read(links.get(link) as string).toString('utf8');
      current = posix.join(posix.dirname(link), target, ...parts.slice(at + 1));
    }
    return current;
  };
  const bytesOf = (path: string) => {
    const oid = objects.get(follow(path));
    return oid === undefined ? undefined : read(oid);
  };
  return {
    readFile: (path) => bytesOf(path)?.toString('utf8'),
    readBytes: bytesOf,
    readDirectory: (path) => children.get(path === '' ? '' : follow(path)),
  };
}

function readTree(repository: string, sha: string) {
  const objects = new Map<string, string>();
  const links = new Map<string, string>();
  const children = new Map<string, string[]>([['', []]]);
  const listing = runGit(repository, ['ls-tree', '-r', '-t', '-z', '--full-tree', sha]);
  for (const entry of listing.split('\0')) {
    const match = /^(\d+) (\w+) ([0-9a-f]+)\t([\s\S]+)$/.exec(entry);
    if (match === null) continue;
    const [, mode = '', type = '', oid = '', path = ''] = match;
    const parent = posix.dirname(path);
    children.get(parent === '.' ? '' : parent)?.push(posix.basename(path));
    if (type === 'tree') children.set(path, []);
    else if (mode === '120000') links.set(path, oid);
    else if (type === 'blob') objects.set(path, oid);
  }
  for (const names of children.values()) names.sort();
  return { objects, links, children };
}
