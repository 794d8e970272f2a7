import { isRecord } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import type { FileSystem } from '#lib/kustomize/file-system.ts';
import { build, KustomizeError, type KustomizeOverrides, ParseCache } from '#lib/kustomize/index.ts';
import type { Position } from '#machine/questions.ts';
import { notReproduced, SourceError } from '../commit/failures.ts';

/** What a Kustomize build gives: objects in order, and what it warned about. */
export interface KustomizeOutput {
  manifests: Manifest[];
  /** Where each manifest's own document begins, in the same order; absent when a binary rendered. */
  origins?: Position[];
  warnings: string[];
}

/** Builds the kustomization at `path` with the overrides of `spec.source.kustomize`. Throws SourceError. */
export type KustomizeBuild = (files: FileSystem, path: string, overrides: unknown) => KustomizeOutput;

/** The fields of `spec.source.kustomize` that are passed on; any other is refused. */
const OVERRIDES = new Set([
  'namePrefix',
  'nameSuffix',
  'namespace',
  'images',
  'replicas',
  'commonLabels',
  'commonAnnotations',
  'labelWithoutSelector',
  'labelIncludeTemplates',
  'patches',
  'components',
]);

/** Environments share their base, and most commits change few files. */
const PARSED = new ParseCache();

/** The library in this process as the renderer's Kustomize. */
export const kustomizeLibrary: KustomizeBuild = (files, path, overrides) => {
  const given = isRecord(overrides) ? overrides : {};
  for (const field of Object.keys(given).sort()) {
    if (!OVERRIDES.has(field)) throw notReproduced(`spec.source.kustomize.${field}`, 'remove the field');
  }
  try {
    const { resources, origins, warnings } = build(files, path, {
      overrides: given as KustomizeOverrides,
      cache: PARSED,
    });
    return {
      manifests: resources as unknown as Manifest[],
      origins,
      warnings: warnings.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`),
    };
  } catch (error) {
    throw kustomizeFailure(error);
  }
};

/** A thrown KustomizeError as the stage's own error; anything else stays what it is. */
export function kustomizeFailure(error: unknown): unknown {
  return error instanceof KustomizeError ? buildFailed(error) : error;
}

function buildFailed(error: KustomizeError): SourceError {
  const [first, ...others] = error.diagnostics;
  if (first === undefined) return new SourceError({ code: 'BuildFailed', message: error.message });
  const { file, line, column, message, why, fix } = first;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  return new SourceError({
    code: 'BuildFailed',
    message: `${message}${why === undefined ? '' : ` (${why})`}${more}`,
    at: { file, line, column },
    ...(fix === undefined ? {} : { fix }),
  });
}
