import type { FileSystem } from '#lib/kustomize/file-system.ts';
import type { PlacedManifest } from './directory.ts';

/** What a Kustomize build gives: objects in order, and what it warned about. */
export interface KustomizeOutput {
  manifests: PlacedManifest['manifest'][];
  warnings: string[];
}

/** Builds the kustomization at `path` with the overrides of `spec.source.kustomize`. Throws SourceError. */
export type KustomizeBuild = (files: FileSystem, path: string, overrides: unknown) => KustomizeOutput;
