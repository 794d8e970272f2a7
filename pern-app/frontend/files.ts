import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

/** One file of the build, held in memory: the set is fixed when the process starts, so no request ever touches the disk. */
export interface StaticFile {
  readonly bytes: Buffer;
  /** Present when it is worth it. */
  readonly gzipped: Buffer | undefined;
  readonly type: string;
  /** Strong validator, quotes included. */
  readonly etag: string;
  readonly cacheControl: string;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

const GZIP_BYTES_MIN = 1024;

/**
 * Reads a Vite build.
 *
 * @returns URL path → file, for example `/assets/index-B3x1.js`
 * @throws when the folder is missing or holds no `index.html`
 */
export function readStaticFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const url = `/${relative(folder, path).split(sep).join('/')}`;
    files.set(url, toStaticFile(url, readFileSync(path)));
  }
  if (!files.has('/index.html')) throw new Error(`no index.html in ${folder}; build the page first (npx vite build)`);
  return files;
}

/** Whether a path is that of an asset of a kind that we serve: one file name, a known extension. */
export function isAssetName(path: string): boolean {
  return /^\/assets\/[\w.-]{1,200}$/.test(path) && extname(path) in TYPES;
}

/** @param url its path, which decides on its type: nobody else is believed about that */
export function toStaticFile(url: string, bytes: Buffer): StaticFile {
  const type = TYPES[extname(url)] ?? 'application/octet-stream';
  const text = /^text\/|json|svg/.test(type);
  return {
    bytes,
    gzipped: text && bytes.length >= GZIP_BYTES_MIN ? gzipSync(bytes) : undefined,
    type,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`,
    cacheControl: cacheControlOf(url),
  };
}

/** Vite puts a content hash into every name below `assets/`: those never change. All other names live on from release to release. */
function cacheControlOf(url: string): string {
  return url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
}
