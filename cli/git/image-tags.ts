import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parse, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { CliError } from '../errors.ts';

/** One entry of `images:` in an overlay's kustomization. */
export interface ImageTag {
  /** `ghcr.io/pern-gitops/backend`. */
  name: string;
  /** The last part of the name: `backend`. */
  component: string;
  tag: string;
  line: number;
}

const APPS = join('pern-gitops', 'apps');

/**
 * The kustomization of an environment, relative to the repository: `pern-gitops/apps/<app>/overlays/<env>/kustomization.yaml`.
 * Throws CliError when there is none, naming the environments there are.
 */
export function findOverlay(repository: string, environment: string): string {
  const files = overlays(repository);
  const found = files.get(environment);
  if (found !== undefined) return found;
  throw new CliError({
    what: `the tree has no environment "${environment}"`,
    where: join(repository, APPS, '*', 'overlays'),
    fix: files.size === 0 ? 'check --repository' : `use one of: ${[...files.keys()].join(', ')}`,
  });
}

/** All environments of the tree and their kustomization files, by name. */
export function overlays(repository: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const app of folders(join(repository, APPS))) {
    for (const environment of folders(join(repository, APPS, app, 'overlays'))) {
      const file = join(APPS, app, 'overlays', environment, 'kustomization.yaml');
      if (existsSync(join(repository, file))) found.set(environment, file);
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function folders(parent: string): string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Reads `images:` of a kustomization. Throws CliError with file:line for YAML that does not parse. */
export function readImageTags(repository: string, file: string): ImageTag[] {
  return parseImageTags(readFileSync(join(repository, file), 'utf8'), file);
}

export function parseImageTags(text: string, file: string): ImageTag[] {
  const { entries, lines } = imageEntries(text, file);
  return entries.map((entry) => {
    const name = String(entry.get('name') ?? '');
    const line = lines.linePos(entry.range?.[0] ?? 0).line;
    return { name, component: name.slice(name.lastIndexOf('/') + 1), tag: String(entry.get('newTag') ?? ''), line };
  });
}

/**
 * The text with one image's `newTag` replaced and everything else, comments and spacing included, as it was.
 * Throws CliError when the component is not in `images:` or has no `newTag`.
 */
export function setImageTag(text: string, edit: { file: string; component: string; tag: string }): string {
  const { file, component, tag } = edit;
  const { entries, lines } = imageEntries(text, file);
  const entry = entries.find((candidate) => String(candidate.get('name')).split('/').at(-1) === component);
  if (entry === undefined) {
    const known = parseImageTags(text, file).map((image) => image.component);
    throw new CliError({
      what: `there is no image of a component "${component}"`,
      where: `${file}: images`,
      fix: known.length === 0 ? 'add an entry with name and newTag' : `use one of: ${known.join(', ')}`,
    });
  }
  const scalar = entry.get('newTag', true) as Scalar | undefined;
  if (!isScalar(scalar) || scalar.range === undefined || scalar.range === null) {
    const { line, col } = lines.linePos(entry.range?.[0] ?? 0);
    throw new CliError({
      what: `the image of "${component}" has no newTag to set`,
      where: `${file}:${line}:${col}`,
      fix: 'add "newTag: VERSION" to the entry',
    });
  }
  return `${text.slice(0, scalar.range[0])}${tagText(tag)}${text.slice(scalar.range[1])}`;
}

/** Quoted where YAML would read a number (`1.10` is not 1.1). */
function tagText(tag: string): string {
  return typeof parse(tag) === 'string' ? tag : JSON.stringify(tag);
}

function imageEntries(text: string, file: string): { entries: YAMLMap[]; lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const error = document.errors[0];
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new CliError({
      what: 'this file is not valid YAML',
      where: `${file}:${line}:${col}`,
      why: error.message.split('\n')[0],
    });
  }
  const images = document.get('images', true);
  return { entries: isSeq(images) ? images.items.filter(isMap) : [], lines };
}

/** Throws CliError for a text that is no image tag (OCI: letters, digits, `_.-`, 128 at most). */
export function checkTag(tag: string): void {
  if (/^\w[\w.-]{0,127}$/.test(tag)) return;
  throw new CliError({
    what: `"${tag}" is not a version an image can have`,
    why: 'a tag has letters, digits, ".", "_" and "-", starts with a letter or digit, and is at most 128 long',
    fix: 'use something like 1.1.0',
  });
}
