import type { FileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { type ApplicationSource, type Deployment, deployTree, type ExpandSet } from './deployments.ts';
import type { PlacedObject } from './placed-object.ts';
import { readSource, type SourceFile } from './source.ts';

export interface TreeOptions {
  /** Folder to check, relative to the root of the file system; '' is all of it. */
  folder: string;
  /** Repository URLs that mean this very tree; an empty list takes every URL whose path exists here for it. */
  repositories: readonly string[];
  /** Expands an ApplicationSet; throws with a message when it cannot. */
  expandSet: ExpandSet;
}

/** All that rules look at. Built once; nothing in it changes. */
export interface Tree {
  folder: string;
  files: FileSystem;
  /** Every YAML and JSON file below the folder, by path. */
  sources: ReadonlyMap<string, SourceFile>;
  /** Directories with a kustomization, and whether it is a Component. */
  kustomizations: ReadonlyMap<string, 'Kustomization' | 'Component'>;
  deployments: readonly Deployment[];
  /** The objects of all deployments, in order: what a cluster would hold. */
  objects: readonly PlacedObject[];
  /** Objects by kind id (`Rollout.argoproj.io`). */
  byKind(kindId: string): readonly PlacedObject[];
  /**
   * One object; `namespace` is '' for cluster-scoped kinds. Of several (a repository of examples reuses names) the one
   * that is deployed together with `near`, else the first.
   */
  find(kindId: string, namespace: string, name: string, near?: PlacedObject): PlacedObject | undefined;
  /** What deploys an object. */
  deploymentsOf(object: PlacedObject): readonly Deployment[];
}

export type { ApplicationSource, Deployment };

const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const SKIPPED_FOLDERS = new Set(['node_modules', '.git', '.pern', 'dist', 'testdata']);
/** A file beyond this is reported and not parsed. */
export const FILE_CHARS_MAX = 5_000_000;

export function openTree(files: FileSystem, options: TreeOptions): Tree {
  const sources = new Map<string, SourceFile>();
  for (const path of listFiles(files, options.folder)) {
    const text = files.readFile(path) ?? '';
    sources.set(
      path,
      text.length > FILE_CHARS_MAX
        ? {
            path,
            text: '',
            documents: [],
            problems: [{ at: { file: path, line: 1, column: 1 }, message: 'the file is too large to be read' }],
          }
        : readSource(path, text),
    );
  }
  const kustomizations = findKustomizations(sources);
  const deployments = deployTree({ files, sources, kustomizations, options });
  const objects = deployments.flatMap((deployment) => deployment.objects);
  const kinds = Map.groupBy(objects, (object) => object.kindId);
  const byId = Map.groupBy(objects, (object) => idOf(object.kindId, object.namespace, object.name));
  const owners = new Map<PlacedObject, Deployment[]>();
  for (const deployment of deployments) {
    for (const object of deployment.objects) owners.set(object, [...(owners.get(object) ?? []), deployment]);
  }
  return {
    folder: options.folder,
    files,
    sources,
    kustomizations,
    deployments,
    objects,
    byKind: (kindId) => kinds.get(kindId) ?? [],
    find: (kindId, namespace, name, near) => {
      const found = byId.get(idOf(kindId, namespace, name)) ?? [];
      const beside = near === undefined ? [] : (owners.get(near) ?? []);
      return found.find((object) => owners.get(object)?.some((owner) => beside.includes(owner))) ?? found[0];
    },
    deploymentsOf: (object) => owners.get(object) ?? [],
  };
}

function idOf(kindId: string, namespace: string, name: string): string {
  return `${kindId} ${namespace} ${name}`;
}

function listFiles(files: FileSystem, folder: string): string[] {
  const result: string[] = [];
  for (const name of files.readDirectory(folder) ?? []) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (files.readDirectory(path) !== undefined) {
      if (!SKIPPED_FOLDERS.has(name) && !isChart(files, path)) result.push(...listFiles(files, path));
    } else if (/\.(ya?ml|json)$/.test(name) || name === 'Kustomization') {
      result.push(path);
    }
  }
  return result;
}

/** A Helm chart's templates are not YAML; what is rendered from it is not known here. */
function isChart(files: FileSystem, folder: string): boolean {
  return files.readFile(`${folder}/Chart.yaml`) !== undefined;
}

function findKustomizations(sources: ReadonlyMap<string, SourceFile>): Map<string, 'Kustomization' | 'Component'> {
  const result = new Map<string, 'Kustomization' | 'Component'>();
  for (const [path, source] of sources) {
    const slash = path.lastIndexOf('/');
    if (!KUSTOMIZATION_NAMES.includes(path.slice(slash + 1))) continue;
    const value = source.documents[0]?.value as { kind?: unknown } | undefined;
    result.set(slash < 0 ? '' : path.slice(0, slash), value?.kind === 'Component' ? 'Component' : 'Kustomization');
  }
  return result;
}
