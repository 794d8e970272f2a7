/**
 * Kustomize in process: a file system in, Kubernetes objects out. No I/O, no clock, no global state.
 *
 *   const { resources, warnings } = build(memoryFileSystem(files), 'overlays/production');
 *   process.stdout.write(toYaml(resources)); // the bytes `kustomize build` would print
 */
import { buildLoaded } from './build.ts';
import { type Diagnostic, KustomizeError, type Position } from './errors.ts';
import type { FileSystem } from './file-system.ts';
import { load } from './loader/loader.ts';
import { applyOverrides, type KustomizeOverrides } from './overrides.ts';
import type { ParseCache } from './parse-cache.ts';
import { resolvePath } from './paths.ts';
import type { Json, KubeResource } from './types.ts';
import { emitDocuments } from './yaml/emitter.ts';

export { type Diagnostic, type DiagnosticCode, formatDiagnostic, KustomizeError, type Position } from './errors.ts';
export { type FileSystem, memoryFileSystem } from './file-system.ts';
export type { KustomizeOverrides } from './overrides.ts';
export { ParseCache } from './parse-cache.ts';
export type { KubeMetadata, KubeResource } from './types.ts';

export interface BuildOptions {
  /** `spec.source.kustomize` of an Argo CD Application: applied to the root kustomization as `kustomize edit` would. */
  overrides?: KustomizeOverrides;
  /** The file system that stands in for a remote URL; undefined refuses the URL. */
  repositories?: (url: string) => FileSystem | undefined;
  /** Without `sortOptions`: `legacy` (the default, as on kustomize's command line) or the order of the input. */
  order?: 'legacy' | 'input';
  /** `none` lets files lie outside of their kustomization's directory, as `--load-restrictor LoadRestrictionsNone`. */
  loadRestrictor?: 'root-only' | 'none';
  /** Keeps parsed files for the next build; give the same one to builds of the same tree. */
  cache?: ParseCache;
}

export interface BuildResult {
  /** The objects in output order, plain JSON. */
  resources: KubeResource[];
  /** Where each object's own document begins, in the same order; a generated one's is in its kustomization. */
  origins: Position[];
  /** Deprecated fields and the like; never a reason to fail. */
  warnings: Diagnostic[];
}

/** Renders the kustomization in directory `path` (relative to the root of `fileSystem`; '' or '.' is the root).
 * Throws KustomizeError with every finding. */
export function build(fileSystem: FileSystem, path: string, options: BuildOptions = {}): BuildResult {
  try {
    return buildDirectory(fileSystem, resolvePath('', path) ?? path, options);
  } catch (error) {
    return refuseHuge(error, path);
  }
}

function buildDirectory(fileSystem: FileSystem, path: string, options: BuildOptions): BuildResult {
  const { overrides, repositories, order, cache } = options;
  const unrestricted = options.loadRestrictor === 'none';
  const edit = overrides ? applyOverrides(overrides) : undefined;
  const { root, warnings } = load(fileSystem, path, { repositories, unrestricted, cache }, edit);
  const collected = [...warnings];
  return { ...buildLoaded(root, collected, order), warnings: collected };
}

/** An object that outgrew the machine: too deep for its stack, or a text longer than texts can be. */
function refuseHuge(error: unknown, path: string): never {
  if (!(error instanceof RangeError)) throw error;
  const at = { file: path === '' ? '.' : path, line: 1, column: 1 };
  const fix = 'reduce the nesting, or the size of what is copied';
  throw new KustomizeError([{ ...at, code: 'too-large', message: `the build grew too large: ${error.message}`, fix }]);
}

/** The objects as YAML, byte for byte what `kustomize build` prints. */
export function toYaml(resources: readonly KubeResource[]): string {
  return emitDocuments(resources as unknown as Json[]);
}
