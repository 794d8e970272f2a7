import { parseRootManifests, rootRepoURL } from '../../engine/host/cluster-objects.ts';
import type { Manifest } from '../../engine/vocabulary/kube/object.ts';
import type { Files } from './tree-files.ts';

/** What a person applies by hand to bring a tree up. */
export interface Root {
  /** Where it stands. */
  file: string;
  manifests: readonly Manifest[];
  /** The repository that the tree stands in for. */
  repoURL: string;
  /** Other repositories that its Applications name and whose paths exist here. */
  otherURLs: readonly string[];
  /** What of the tree the model leaves out, told before anything runs. */
  notModelled: readonly string[];
  /** The story may begin although not all of it came up: in a tree we do not know, something always lacks. */
  isLenient?: boolean;
  /** Objects the cluster has besides: namespaces that nothing creates. */
  objects?: readonly Manifest[];
}

export const ROOT_FILE = 'pern-gitops/bootstrap/root-app.yaml';

/** The root of our own layout. Throws when the file is not there, or is no root. */
export function ownRoot(files: Files): Root {
  const manifests = parseRootManifests(files[ROOT_FILE] ?? '', ROOT_FILE);
  return { file: ROOT_FILE, manifests, repoURL: rootRepoURL(manifests), otherURLs: [], notModelled: [] };
}
