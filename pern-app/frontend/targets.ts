import { HttpError } from '../operations/errors.ts';
import type { StaticFile } from './files.ts';

/** The assets of this release, for pods of other releases. */
export const INDEX_PATH = '/assets-index.json';

/** What a path leads to. `route` is its bounded name for the metrics. */
export type Target =
  | { route: string; kind: 'file'; file: StaticFile }
  /** Not in this release, perhaps in another. */
  | { route: string; kind: 'asset'; path: string }
  | { route: string; kind: 'config' | 'index' }
  | { route: string; kind: 'error'; error: HttpError };

export const NOT_FOUND = new HttpError(404, 'not_found', { path: ['not found'] });
const BAD_PATH = new HttpError(400, 'bad_request', { path: ['is not a valid URL path'] });

/**
 * Files first, then the page for every path that looks like one of its own. A missing file (a path with an extension or below
 * `/assets/`) is 404 and never the page: a browser of the previous release must not get HTML where it asks for a script.
 */
export function findTarget(url: string, files: ReadonlyMap<string, StaticFile>): Target {
  const path = decodePath(url);
  if (path === undefined) return { route: 'unmatched', kind: 'error', error: BAD_PATH };
  if (path === '/config.json') return { route: path, kind: 'config' };
  if (path === INDEX_PATH) return { route: path, kind: 'index' };
  const file = path === '/' ? undefined : files.get(path);
  if (file !== undefined) return { route: path.startsWith('/assets/') ? '/assets/*' : path, kind: 'file', file };
  if (path.startsWith('/assets/')) return { route: '/assets/*', kind: 'asset', path };
  const page = isPage(path) ? files.get('/index.html') : undefined;
  return page === undefined
    ? { route: 'unmatched', kind: 'error', error: NOT_FOUND }
    : { route: '/*', kind: 'file', file: page };
}

/**
 * A path without extension, and not the API's. Names that people choose may hold a dot: those of people, articles and
 * tags are pages as well.
 */
function isPage(path: string): boolean {
  if (path === '/api' || path.startsWith('/api/')) return false;
  return /^\/(profile|article|editor|tag)\/[^/]/.test(path) || !/\.[^/]*$/.test(path);
}

/** The decoded path without query, or undefined when it is malformed. */
function decodePath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0] ?? '/');
    return path.startsWith('/') && !path.includes('\0') ? path : undefined;
  } catch {
    return undefined;
  }
}
