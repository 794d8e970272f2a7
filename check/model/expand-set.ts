import type { FileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { expandApplicationSet } from '../../engine/stages/sync/application-set/expand.ts';
import type { Ask } from '../../engine/stages/sync/application-set/inputs.ts';
import { SCM_FIXTURE_ANNOTATION } from '../../engine/stages/sync/application-set/scm-fixture.ts';
import type { ApplicationSetSpec } from '../../engine/stages/sync/application-set/types.ts';
import { isRecord, textAt } from './placed-object.ts';

/** Stands for the one revision there is: the files at hand. */
const SHA = '0'.repeat(40);

/** The Applications an ApplicationSet stands for, as the engine expands it; git generators read `files`. */
export function expandSet(
  set: Readonly<Record<string, unknown>>,
  files: FileSystem,
): readonly Record<string, unknown>[] {
  const spec = isRecord(set.spec) ? (set.spec as ApplicationSetSpec) : {};
  const annotations = isRecord(set.metadata) ? set.metadata.annotations : undefined;
  const scmFixture = textAt(annotations, SCM_FIXTURE_ANNOTATION);
  const inputs = { ask: askFiles(files), clusters: [], ...(scmFixture === '' ? {} : { scmFixture }) };
  return expandApplicationSet(spec as ApplicationSetSpec, textAt(set.metadata, 'namespace'), inputs) as never;
}

/** Answers what generators ask about a repository from one file system. */
export function askFiles(files: FileSystem): Ask {
  return ((question: Parameters<Ask>[0]) => {
    switch (question.ask) {
      case 'revision':
        return { ok: true, value: { sha: SHA } };
      case 'tree':
        return { ok: true, value: listAll(files, '') };
      case 'files':
        return { ok: true, value: { contents: contentsOf(files, question.paths) } };
      default:
        return undefined;
    }
  }) as Ask;
}

function contentsOf(files: FileSystem, paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(paths.map((path) => [path, files.readFile(path) ?? '']));
}

function listAll(files: FileSystem, folder: string): { directories: string[]; files: string[] } {
  const result = { directories: [] as string[], files: [] as string[] };
  for (const name of files.readDirectory(folder) ?? []) {
    if (name === '.git' || name === 'node_modules') continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (files.readDirectory(path) === undefined) {
      result.files.push(path);
      continue;
    }
    const below = listAll(files, path);
    result.directories.push(path, ...below.directories);
    result.files.push(...below.files);
  }
  return result;
}
