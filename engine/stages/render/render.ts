import { isRecord } from '#core/json.ts';
import type { FileSystem } from '#lib/kustomize/file-system.ts';
import type { RenderedSource, RenderSource } from '#machine/questions.ts';
import { notReproduced, pathNotFound, SourceError } from '../commit/failures.ts';
import { type DirectoryOptions, renderDirectory } from './directory.ts';
import type { KustomizeBuild } from './kustomize.ts';

const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/**
 * Turns a commit's files into manifests: Kustomize where there is a kustomization, plain files otherwise (argo-cd.md
 * §11.4). Pure: the same files and source give the same result.
 * @param files The files of one commit.
 * @param source Path, and the explicit tool blocks of `spec.source`.
 * @param buildKustomize The Kustomize implementation.
 * @throws SourceError with file, line, column and fix; also for what is not reproduced (Helm, Jsonnet, plugins).
 */
export function renderSource(files: FileSystem, source: RenderSource, buildKustomize: KustomizeBuild): RenderedSource {
  const path = checkedPath(source.path);
  const names = files.readDirectory(path);
  if (names === undefined) throw pathNotFound(source.path);
  if (sourceTypeOf(names, source, path) === 'Kustomize') {
    return { sourceType: 'Kustomize', ...buildKustomize(files, path, source.kustomize) };
  }
  const placed = renderDirectory(files, path, checkedDirectory(source.directory));
  return {
    sourceType: 'Directory',
    manifests: placed.map(({ manifest }) => manifest),
    origins: placed.map(({ at }) => at),
    warnings: [],
  };
}

function sourceTypeOf(names: readonly string[], source: RenderSource, path: string): RenderedSource['sourceType'] {
  const below = (name: string) => (path === '' ? name : `${path}/${name}`);
  const override = names.find((name) => name === '.argocd-source.yaml' || /^\.argocd-source-.+\.yaml$/.test(name));
  if (override !== undefined) {
    throw notReproduced('.argocd-source files', 'write the overrides into spec.source', { file: below(override) });
  }
  if (isPresent(source.kustomize) && isPresent(source.directory)) {
    throw new SourceError({
      code: 'InvalidSource',
      message: 'multiple application sources defined: Kustomize, Directory',
      fix: 'keep one of spec.source.kustomize and spec.source.directory',
    });
  }
  if (isPresent(source.directory)) return 'Directory';
  if (isPresent(source.kustomize)) return 'Kustomize';
  if (names.includes('Chart.yaml')) {
    throw notReproduced('Helm charts', 'render the chart in CI and commit the result', { file: below('Chart.yaml') });
  }
  return KUSTOMIZATION_NAMES.some((name) => names.includes(name)) ? 'Kustomize' : 'Directory';
}

function isPresent(block: unknown): boolean {
  return isRecord(block) && Object.keys(block).length > 0;
}

function checkedPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..')) {
    throw new SourceError({
      code: 'PathOutsideRoot',
      message: `${path}: app path is ${path.startsWith('/') ? 'absolute' : 'outside of the repository'}`,
      fix: 'write spec.source.path relative to the root of the repository, without ".."',
    });
  }
  return parts.join('/');
}

function checkedDirectory(block: unknown): DirectoryOptions {
  if (!isRecord(block)) return {};
  for (const [field, value] of Object.entries(block)) {
    if (field === 'jsonnet' && isRecord(value) && Object.keys(value).length === 0) continue;
    if (!['recurse', 'include', 'exclude'].includes(field)) {
      throw notReproduced(`spec.source.directory.${field}`, 'remove the field');
    }
  }
  return block as DirectoryOptions;
}
