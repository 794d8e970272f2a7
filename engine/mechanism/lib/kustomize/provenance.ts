/** `buildMetadata`: where objects come from, what changed them, and who manages them (spec §10). */
import type { LoadedKustomization } from './loader/model.ts';
import { baseName } from './paths.ts';
import type { Origin, Resource } from './resource.ts';
import { isMap } from './types.ts';

const VERSION = 'v5.8.1';
const ORIGIN = 'config.kubernetes.io/origin';
const TRANSFORMATIONS = 'alpha.config.kubernetes.io/transformations';

/** Joins relative paths as filepath.Join does: `..` at the start is kept. */
export function joinRelative(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${base}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** The origin of something a built-in generator or transformer of a kustomization made. */
export function builtinOrigin(target: LoadedKustomization, from: string, kind: string): Origin {
  return { configuredIn: joinRelative(from, baseName(target.file)), configuredBy: { apiVersion: 'builtin', kind } };
}

/** Notes that a transformer ran over the resources; one without an origin counts as made by it. */
export function recordTransformation(resources: readonly Resource[], origin: Origin): void {
  for (const resource of resources) {
    if (!resource.object) continue;
    if (resource.origin) resource.transformations.push(origin);
    else resource.origin = origin;
  }
}

/** Writes the chosen kinds of metadata into the finished objects. */
export function writeBuildMetadata(resources: readonly Resource[], options: readonly string[]): void {
  for (const resource of resources) {
    if (options.includes('managedByLabel'))
      setEntry(resource, 'labels', 'app.kubernetes.io/managed-by', `kustomize-${VERSION}`);
    if (options.includes('originAnnotations') && resource.origin) {
      setEntry(resource, 'annotations', ORIGIN, formatOrigin(resource.origin));
    }
    if (options.includes('transformerAnnotations') && resource.transformations.length > 0) {
      const items = resource.transformations.map(
        (origin) => `- ${formatOrigin(origin).trimEnd().replaceAll('\n', '\n  ')}\n`,
      );
      setEntry(resource, 'annotations', TRANSFORMATIONS, items.join(''));
    }
  }
}

function setEntry(resource: Resource, field: 'labels' | 'annotations', key: string, value: string): void {
  const map = resource.metadata(field);
  if (isMap(map)) map[key] = value;
  else resource.setMetadata(field, { [key]: value });
}

function formatOrigin({ path, configuredIn, configuredBy }: Origin): string {
  const lines = [];
  if (path) lines.push(`path: ${path}`);
  if (configuredIn) lines.push(`configuredIn: ${configuredIn}`);
  if (configuredBy) {
    lines.push('configuredBy:', `  apiVersion: ${configuredBy.apiVersion}`, `  kind: ${configuredBy.kind}`);
    if (configuredBy.name) lines.push(`  name: ${configuredBy.name}`);
    if (configuredBy.namespace) lines.push(`  namespace: ${configuredBy.namespace}`);
  }
  return `${lines.join('\n')}\n`;
}
