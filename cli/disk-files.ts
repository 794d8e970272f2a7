import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FileSystem } from '../engine/mechanism/lib/kustomize/index.ts';

/** Files larger than this are not read; the renderer refuses them long before. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** A folder as the renderer's file system. Each file is read once, so that one rendering sees one state of it. */
export function diskFileSystem(root: string): FileSystem {
  const contents = new Map<string, Buffer | undefined>();
  const realPaths = new Map<string, string | undefined>();
  const bytesOf = (path: string) => {
    if (!contents.has(path)) contents.set(path, readIfFile(join(root, path)));
    return contents.get(path);
  };
  return {
    readFile: (path) => bytesOf(path)?.toString('utf8'),
    readBytes: (path) => bytesOf(path),
    realPath: (path) => {
      if (!realPaths.has(path)) realPaths.set(path, realPathOf(root, path));
      return realPaths.get(path);
    },
    readDirectory: (path) => {
      try {
        return readdirSync(join(root, path)).sort();
      } catch {
        return undefined;
      }
    },
  };
}

function realPathOf(root: string, path: string): string | undefined {
  try {
    return relative(realpathSync(root), realpathSync(join(root, path)));
  } catch {
    return undefined;
  }
}

/** What cannot be opened is not there for the renderer, which says where it was wanted. */
function readIfFile(file: string): Buffer | undefined {
  try {
    const about = statSync(file);
    return about.isFile() && about.size <= FILE_BYTES_MAX ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
