import type { Issue, Place } from '../finding.ts';
import { elementsAt, stringAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import { containersOf } from '../model/pods.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';
import { allTemplates } from './references/pods.ts';

const tag: Rule = {
  id: 'images/tag',
  severity: 'error',
  summary: 'an image without a tag or digest, or with one that moves',
  why: 'What runs is then decided by the registry at the moment a node pulls, not by the commit: two pods of one ReplicaSet may run different code, a rollback brings nothing back, and no rehearsal can tell what will run.',
  example: { bad: 'image: ghcr.io/shop/web:latest', good: 'image: ghcr.io/shop/web:1.4.2' },
  *check(tree): Generator<Issue> {
    for (const template of allTemplates(tree)) {
      for (const container of containersOf(template)) {
        const image = stringAt(container.value, ['image']);
        const problem = image === undefined ? undefined : movingTag(image);
        if (problem === undefined) continue;
        yield {
          ...about(tree, template.owner, [...container.path, 'image']),
          ...setByKustomization(tree, template.owner, image ?? ''),
          message: `image "${image}" ${problem}`,
          fix: 'name a version that is published once, or a digest',
        };
      }
    }
  },
};

/** Where a kustomization's `images` sets the tag or name, when one does: nothing else has to be edited. */
function setByKustomization(tree: Tree, object: PlacedObject, image: string): { at?: Place } {
  for (const { read } of tree.deploymentsOf(object)) {
    for (const document of [...read].flatMap((path) => tree.sources.get(path)?.documents ?? [])) {
      for (const { path, value } of elementsAt(document.value, ['images'])) {
        const { name, newName, newTag, digest } = value as Record<string, string | undefined>;
        const tag = digest === undefined ? newTag : `@${digest}`;
        const isSet = tag !== undefined && image === `${newName ?? name}${digest === undefined ? ':' : ''}${tag}`;
        if (isSet) return { at: document.placeOf([...path, digest === undefined ? 'newTag' : 'digest']) };
      }
    }
  }
  return {};
}

const MOVING = new Set(['latest', 'stable', 'main', 'master', 'dev', 'edge', 'nightly', 'head', 'current']);

function movingTag(image: string): string | undefined {
  if (image.includes('@sha256:')) return undefined;
  const last = image.slice(image.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  if (colon < 0) return 'has no tag, which means "latest"';
  const name = last.slice(colon + 1);
  return MOVING.has(name.toLowerCase()) ? `has the tag "${name}", which moves` : undefined;
}

const pullPolicy: Rule = {
  id: 'images/pull-policy',
  severity: 'warning',
  summary: 'a pinned image that is pulled at every start',
  why: 'With `Always` a pod cannot start while the registry is away, although the node has the image; a canary then fails for a reason that is not in the release.',
  example: {
    bad: 'image: shop/web:1.4.2\nimagePullPolicy: Always',
    good: 'image: shop/web:1.4.2\nimagePullPolicy: IfNotPresent',
  },
  *check(tree): Generator<Issue> {
    for (const template of allTemplates(tree)) {
      for (const container of containersOf(template)) {
        const image = stringAt(container.value, ['image']) ?? '';
        if (stringAt(container.value, ['imagePullPolicy']) !== 'Always' || movingTag(image) !== undefined) continue;
        yield {
          ...about(tree, template.owner, [...container.path, 'imagePullPolicy']),
          message: `"${image}" is pinned and pulled at every start`,
          fix: 'write IfNotPresent',
        };
      }
    }
  },
};

export const IMAGES: readonly Rule[] = [tag, pullPolicy];
