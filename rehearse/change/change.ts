import { expandSet } from '../../check/model/expand-set.ts';
import { openTree } from '../../check/model/tree.ts';
import { memoryFileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { canonicalJson } from '../../engine/vocabulary/core/json.ts';
import { BAD_MODEL, madeScenario } from '../foreign/default-scenario.ts';
import type { ImageModel, Scenario } from '../scenario/types.ts';
import { splitImage } from '../world/map.ts';
import type { Files } from '../world/tree-files.ts';

/** What a change does to one Application's objects. */
export interface DeploymentChange {
  name: string;
  added: readonly string[];
  changed: readonly string[];
  /** Gone from the tree: pruned where the Application prunes. */
  removed: readonly string[];
  images: readonly ImageChangeOf[];
}

export interface ImageChangeOf {
  object: string;
  image: string;
  from: string;
  to: string;
}

export interface Change {
  /** Paths of changed files → new content; null for removed ones. */
  files: Readonly<Record<string, string | null>>;
  deployments: readonly DeploymentChange[];
}

type Rendered = Map<string, Map<string, { json: string; images: ReadonlyMap<string, string> }>>;

/** The difference between two states of a tree, as objects. Pure: rendering only. */
export function changeOf(base: Files, head: Files): Change {
  const paths = [...new Set([...Object.keys(base), ...Object.keys(head)])].sort();
  const files = Object.fromEntries(
    paths.filter((path) => base[path] !== head[path]).map((path) => [path, head[path] ?? null]),
  );
  const [before, after] = [rendered(base), rendered(head)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const deployments = names
    .map((name) => deploymentChange(name, before.get(name) ?? new Map(), after.get(name) ?? new Map()))
    .filter(({ added, changed, removed }) => added.length + changed.length + removed.length > 0);
  return { files, deployments };
}

function rendered(files: Files): Rendered {
  const tree = openTree(memoryFileSystem(files), { folder: '', repositories: [], expandSet });
  const result: Rendered = new Map();
  for (const { name, objects, application } of tree.deployments) {
    if (application === undefined) continue;
    const byId = new Map(
      objects.map(({ kindId, namespace, name: own, value }) => [
        `${kindId.split('.')[0]} ${namespace === '' ? '' : `${namespace}/`}${own}`,
        { json: canonicalJson(value), images: imagesIn(value) },
      ]),
    );
    result.set(name, byId);
  }
  return result;
}

function imagesIn(value: unknown): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, image] of JSON.stringify(value).matchAll(/"image":"([^"]+)"/g)) {
    const { name, tag } = splitImage(image as string);
    found.set(name, tag);
  }
  return found;
}

function deploymentChange(
  name: string,
  before: ReadonlyMap<string, { json: string; images: ReadonlyMap<string, string> }>,
  after: ReadonlyMap<string, { json: string; images: ReadonlyMap<string, string> }>,
): DeploymentChange {
  const images: ImageChangeOf[] = [];
  const changed: string[] = [];
  for (const [id, now] of after) {
    const then = before.get(id);
    if (then === undefined || then.json === now.json) continue;
    changed.push(id);
    for (const [image, to] of now.images) {
      const from = then.images.get(image);
      if (from !== undefined && from !== to) images.push({ object: id, image, from, to });
    }
  }
  return {
    name,
    added: [...after.keys()].filter((id) => !before.has(id)),
    changed,
    removed: [...before.keys()].filter((id) => !after.has(id)),
    images,
  };
}

/**
 * One scenario in which every changed image is healthy, and one for each changed image that is not: the commits are merged
 * at the start, what waits for an approval is approved. `startMs`: when the merge would be.
 */
export function changeScenarios(change: Change, startMs: number): Scenario[] {
  const images = new Map<string, Set<string>>();
  for (const { images: changed } of change.deployments) {
    for (const { image, to, object } of changed) {
      // Other images than a Rollout's are not released step by step.
      if (object.startsWith('Rollout ')) images.set(image, (images.get(image) ?? new Set()).add(to));
    }
  }
  const merge = { commit: { files: change.files, message: 'merge of the change' } };
  const environments = environmentsOf(change);
  const common = {
    startMs,
    withinMs: 7 * 24 * 3_600_000,
    events: [merge],
    ...(environments === undefined ? {} : { environments }),
  };
  const good = madeScenario({ name: 'The change, with good images', ...common });
  const bad = [...images].map(([image, tags]) => {
    const models: Record<string, ImageModel> = Object.fromEntries([...tags].map((tag) => [tag, BAD_MODEL]));
    const short = image.slice(image.lastIndexOf('/') + 1);
    return madeScenario({
      name: `The change, when ${short} ${[...tags].join(', ')} answers 10 % of requests with errors`,
      images: { [image]: models },
      ...common,
    });
  });
  return [good, ...bad];
}

/** The folders of environments that the change touches; undefined when it touches something that all share. */
function environmentsOf({ files }: Change): string[] | undefined {
  const names = Object.keys(files).map((path) => /(?:^|\/)overlays\/([^/]+)\//.exec(path)?.[1]);
  return names.every((name) => name !== undefined) && names.length > 0 ? [...new Set(names as string[])] : undefined;
}
