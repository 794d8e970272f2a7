/** The overrides of an Application as an edited kustomization file, for a kustomize that runs outside of this process. */
import { fail } from './errors.ts';
import type { FileSystem } from './file-system.ts';
import type { Kustomization } from './kustomization/types.ts';
import { applyOverrides, type KustomizeOverrides } from './overrides.ts';
import { joinPath } from './paths.ts';
import { isMap, type Json } from './types.ts';
import { emitDocuments } from './yaml/emitter.ts';
import { parseDocuments, SourceText } from './yaml/parser.ts';

/** The names a kustomization file may have, in the order in which they are looked for. */
export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/**
 * The kustomization of a directory with the overrides applied as `kustomize edit` would; fields it does not know stay.
 * Throws KustomizeError when there is none, it is no map, or an override cannot be applied.
 */
export function editKustomization(
  files: FileSystem,
  directory: string,
  overrides: KustomizeOverrides,
): { path: string; text: string } {
  const paths = KUSTOMIZATION_NAMES.map((name) => joinPath(directory, name));
  const path = paths.find((candidate) => files.readFile(candidate) !== undefined);
  const at = { file: path ?? directory, line: 1, column: 1 };
  if (path === undefined)
    return fail(at, { code: 'missing-kustomization', message: `no kustomization file in ${directory || '.'}` });
  const [document] = parseDocuments(new SourceText(path, files.readFile(path) ?? ''), 'kustomization');
  if (!isMap(document?.value)) return fail(at, { code: 'wrong-type', message: 'a kustomization must be a map' });
  const spec = document.value as Kustomization;
  applyOverrides(overrides)(spec);
  return { path, text: emitDocuments([JSON.parse(JSON.stringify(spec)) as Json]) };
}
