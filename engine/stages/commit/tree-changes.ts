import { filesHaveChanged } from './changed-paths.ts';
import type { Snapshot } from './snapshot.ts';

/** Files (links and submodules too) that one commit has and the other has not, or has otherwise; sorted. */
export function changedFiles(from: Snapshot, to: Snapshot): string[] {
  const changed: string[] = [];
  for (const [path, entry] of to.entries) {
    if (entry.type === 'directory') continue;
    const before = from.entries.get(path);
    if (before?.oid !== entry.oid || before.type !== entry.type) changed.push(path);
  }
  for (const [path, entry] of from.entries) {
    if (entry.type !== 'directory' && !to.entries.has(path)) changed.push(path);
  }
  return changed.sort();
}

/**
 * Whether a move from one commit to another changes any of the paths (argo-cd.md §11.1). Unlike a webhook's, this list of
 * changes is complete, so an empty one means that nothing changed. An unknown commit counts as changed.
 */
export function isTouched(paths: readonly string[], changed: readonly string[] | undefined): boolean {
  if (changed === undefined || paths.length === 0) return true;
  return changed.length > 0 && filesHaveChanged(paths, changed);
}
