import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatFailure, SourceError } from '../../engine/stages/commit/failures.ts';
import { kustomizeLibrary } from '../../engine/stages/render/kustomize.ts';
import { renderSource } from '../../engine/stages/render/render.ts';
import type { Manifest } from '../../engine/vocabulary/kube/object.ts';
import { diskFileSystem } from '../disk-files.ts';
import { CliError } from '../errors.ts';

/** The manifests of a folder on disk (`--local`), rendered as the engine renders a source. Throws CliError. */
export function localManifests(folder: string): readonly Manifest[] {
  const path = resolve(folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new CliError({ what: `--local ${folder}: there is no such folder` });
  }
  try {
    // From the root of the disk, so that a kustomization may refer to folders beside its own.
    return renderSource(diskFileSystem('/'), { path: path.slice(1) }, kustomizeLibrary).manifests;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new CliError({ what: `${folder} does not render: ${formatFailure(error.failure)}` });
  }
}
