import { compilePathMatch } from '../render/glob.ts';

/** The annotation that limits which changed files refresh an Application. */
export const MANIFEST_GENERATE_PATHS = 'argocd.argoproj.io/manifest-generate-paths';

/**
 * The paths whose change matters to a source: the items of the annotation, separated by `;`, relative to the source's
 * path unless they begin with `/` (argo-cd.md §6.1, §11.1). Results are relative to the repository's root; empty means
 * that any change matters.
 */
export function refreshPaths(annotations: Readonly<Record<string, string>> | undefined, sourcePath: string): string[] {
  const items = (annotations?.[MANIFEST_GENERATE_PATHS] ?? '').split(';').map((item) => item.trim());
  return items
    .filter((item) => item !== '')
    .map((item) => (item.startsWith('/') ? item.slice(1) : cleanPath(`${sourcePath}/${item}`)));
}

/**
 * Whether a change of these files matters: true when either list is empty (nothing known, or no limit), else when a file
 * equals a path, lies below it, or matches it as Go's `filepath.Match` does.
 */
export function filesHaveChanged(paths: readonly string[], changedFiles: readonly string[]): boolean {
  if (changedFiles.length === 0 || paths.length === 0) return true;
  const wanted = paths.map((path) => {
    const absolute = cleanPath(`/${path}`);
    return { absolute, below: absolute === '/' ? '/' : `${absolute}/`, matches: compilePathMatch(`/${path}`) };
  });
  return changedFiles.some((file) => {
    const absolute = `/${file.replace(/^\/+/, '')}`;
    return wanted.some(
      (path) => absolute === path.absolute || absolute.startsWith(path.below) || path.matches(absolute),
    );
  });
}

/** Go's `filepath.Clean` for slash paths; `..` above the root of a relative path is kept, and so matches nothing. */
function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!rooted) parts.push(part);
  }
  return `${rooted ? '/' : ''}${parts.join('/')}` || '.';
}
