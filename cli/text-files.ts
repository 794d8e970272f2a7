import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SKIPPED = new Set(['.git', 'node_modules', '.pern', 'dist']);
const FILE_BYTES_MAX = 5_000_000;

/** Every file below `folder` of `root` as text, by path from `root`, in order. Large files are left out. */
export function readTextFiles(root: string, folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  const visit = (path: string): void => {
    const entries = readdirSync(join(root, path), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) visit(below);
      } else if (entry.isFile() && statSync(join(root, below)).size <= FILE_BYTES_MAX) {
        files[below] = readFileSync(join(root, below), 'utf8');
      }
    }
  };
  visit(folder);
  return files;
}
