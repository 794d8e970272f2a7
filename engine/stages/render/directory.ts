import { isMap, LineCounter, type ParsedNode, parseAllDocuments, type Tags } from 'yaml';
import { isRecord } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import type { FileSystem } from '#lib/kustomize/file-system.ts';
import type { Position } from '#machine/questions.ts';
import { notReproduced, SourceError } from '../commit/failures.ts';
import { compileGlob } from './glob.ts';

/** `spec.source.directory` of an Application. */
export interface DirectoryOptions {
  recurse?: boolean;
  include?: string;
  exclude?: string;
}

export interface PlacedManifest {
  manifest: Manifest;
  at: Position;
}

const MANIFEST_FILE = /\.(yaml|yml|json|jsonnet)$/;
const SKIP_MARKER = '# +argocd:skip-file-rendering';
/** argo-cd's limit for the manifests of one directory source, all files together. */
const TOTAL_CHARS_MAX = 10 * 1024 * 1024;

/**
 * The manifests of a directory of plain YAML and JSON, in the order of file names, then of documents (argo-cd.md §11.4).
 * Several documents a file and List kinds are taken apart. Throws SourceError with file, line and column.
 */
export function renderDirectory(files: FileSystem, path: string, options: DirectoryOptions): PlacedManifest[] {
  const include = options.include === undefined || options.include === '' ? undefined : compileGlob(options.include);
  const exclude = options.exclude === undefined || options.exclude === '' ? undefined : compileGlob(options.exclude);
  const result: PlacedManifest[] = [];
  let totalChars = 0;
  for (const relative of listFiles(files, path, '', options.recurse === true)) {
    if (!MANIFEST_FILE.test(relative)) continue;
    if (exclude?.(relative) === true || (include !== undefined && !include(relative))) continue;
    const file = path === '' ? relative : `${path}/${relative}`;
    if (file.endsWith('.jsonnet')) {
      throw notReproduced(`Jsonnet (${file})`, 'write the manifests as YAML, or exclude the file', { file });
    }
    const text = files.readFile(file);
    if (text === undefined || text.includes(SKIP_MARKER)) continue;
    totalChars += text.length;
    if (totalChars > TOTAL_CHARS_MAX) throw tooMuch(path, file);
    result.push(...parseManifests(text, file));
  }
  return result;
}

/** Every object of a YAML or JSON text. Throws SourceError. */
export function parseManifests(text: string, file: string): PlacedManifest[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.1',
    merge: true,
    customTags: kubernetesTags,
  });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const problem = document.errors[0];
    if (problem !== undefined) {
      const reason = problem.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? problem.code;
      throw invalidManifest(place(problem.pos[0]), `invalid YAML: ${reason}`, 'correct the syntax at this position');
    }
    if (document.contents === null) return [];
    const node = document.contents as ParsedNode;
    const at = place(node.range[0]);
    const value: unknown = document.toJS({ maxAliasCount: 1000 });
    if (value === null || value === undefined) return [];
    return expand(value, at, isMap(node));
  });
}

/**
 * Kubernetes reads YAML 1.1 booleans and octal numbers, but neither sexagesimal numbers nor dates: `22:22` and
 * `2026-01-02` stay texts.
 */
function kubernetesTags(tags: Tags): Tags {
  const unwanted = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary', 'tag:yaml.org,2002:set']);
  return tags.filter(
    (tag) => typeof tag === 'string' || !(unwanted.has(tag.tag) || ('format' in tag && tag.format === 'TIME')),
  );
}

function expand(value: unknown, at: Position, isMapping: boolean): PlacedManifest[] {
  if (!isMapping || !isRecord(value)) {
    throw invalidManifest(at, 'a manifest must be a mapping', 'begin the document with apiVersion and kind');
  }
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || apiVersion === '') throw missingField(at, 'apiVersion', value);
  if (typeof kind !== 'string' || kind === '') throw missingField(at, 'kind', value);
  if (kind.endsWith('List') && Array.isArray(value.items)) {
    return value.items.flatMap((item) => expand(item, at, isRecord(item)));
  }
  const { metadata } = value;
  if (!isRecord(metadata)) throw missingField(at, 'metadata', value);
  if (typeof metadata.name !== 'string' && typeof metadata.generateName !== 'string') {
    throw missingField(at, 'metadata.name', value);
  }
  return [{ manifest: value as Manifest, at }];
}

function missingField(at: Position, field: string, value: Record<string, unknown>): SourceError {
  const what = typeof value.kind === 'string' ? `${value.kind} ` : '';
  return invalidManifest(at, `${what}manifest has no ${field}`, `add ${field}`);
}

function invalidManifest(at: Position, message: string, fix: string): SourceError {
  return new SourceError({ code: 'BuildFailed', message, at, fix });
}

function tooMuch(path: string, file: string): SourceError {
  return new SourceError({
    code: 'FileTooLarge',
    message: `the manifests of ${path} are larger than ${TOTAL_CHARS_MAX} characters together`,
    at: { file },
    fix: 'split the application, or exclude files',
  });
}

function listFiles(files: FileSystem, root: string, below: string, recurse: boolean): string[] {
  const directory = [root, below].filter((part) => part !== '').join('/');
  const result: string[] = [];
  for (const name of files.readDirectory(directory) ?? []) {
    const relative = below === '' ? name : `${below}/${name}`;
    const isDirectory = !MANIFEST_FILE.test(name) || files.readDirectory(`${directory}/${name}`.replace(/^\//, ''));
    if (!isDirectory) result.push(relative);
    else if (recurse) result.push(...listFiles(files, root, relative, recurse));
  }
  return result.sort();
}
