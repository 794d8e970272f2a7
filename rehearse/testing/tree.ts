import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunOptions } from '../run/runner.ts';
import { ownRoot } from '../world/root.ts';

export const REPOSITORY = join(import.meta.dirname, '..', '..');

/** The tree of this repository, as it is on disk. */
export function ownTree(): RunOptions {
  const folder = join(REPOSITORY, 'pern-gitops');
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = Object.fromEntries(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(REPOSITORY.length + 1), readFileSync(path, 'utf8')]),
  );
  return { files, root: ownRoot(files) };
}
