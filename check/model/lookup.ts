import { nearestName } from '../../engine/mechanism/lib/kustomize/errors.ts';
import type { Issue } from '../finding.ts';
import { mapAt, stringAt } from './fields.ts';
import type { PlacedObject } from './placed-object.ts';
import type { FieldPath } from './source.ts';
import type { Tree } from './tree.ts';

/** The names of all objects of a kind in a namespace ('' for cluster-scoped kinds). */
export function namesOf(tree: Tree, kindId: string, namespace: string): string[] {
  return tree
    .byKind(kindId)
    .filter((object) => object.namespace === namespace)
    .map(({ name }) => name);
}

/**
 * Whether something that is not in these files may provide objects in the namespace: a chart or another repository
 * that the tree deploys there. Then nothing can be said about what is missing.
 */
export function isFilledFromElsewhere(tree: Tree, namespace: string): boolean {
  return tree.deployments.some(
    ({ elsewhere, namespace: target }) => elsewhere.length > 0 && (target === namespace || namespace === ''),
  );
}

/** The issue of a reference that leads nowhere, with the nearest right name. */
export function missing(
  tree: Tree,
  object: PlacedObject,
  path: FieldPath,
  wanted: { kind: string; name: string; namespace: string; candidates: readonly string[]; why?: string },
): Issue {
  const { kind, name, namespace, candidates, why } = wanted;
  const near = nearestName(name, candidates);
  const where = namespace === '' ? '' : ` in namespace ${namespace}`;
  return {
    ...about(tree, object, path),
    message: `there is no ${kind} "${name}"${where}`,
    ...(why === undefined ? {} : { why }),
    fix:
      near !== undefined
        ? `did you mean "${near}"?`
        : candidates.length === 0
          ? `declare the ${kind}, or correct the name`
          : `there is ${[...new Set(candidates)].slice(0, 6).join(', ')}`,
  };
}

/** Place, object and deployments of an issue about one field. */
export function about(tree: Tree, object: PlacedObject, path: FieldPath): Pick<Issue, 'at' | 'object' | 'deployments'> {
  return {
    at: object.place(path),
    object: object.title,
    deployments: tree.deploymentsOf(object).map(({ name }) => name),
  };
}

/** Whether labels satisfy a label selector of Kubernetes; an empty selector matches everything, an absent one nothing. */
export function isSelectedBy(selector: unknown, labels: Readonly<Record<string, unknown>>): boolean {
  if (typeof selector !== 'object' || selector === null) return false;
  const wanted = mapAt(selector, ['matchLabels']);
  if (Object.entries(wanted).some(([key, value]) => labels[key] !== value)) return false;
  const { matchExpressions } = selector as { matchExpressions?: unknown };
  return (Array.isArray(matchExpressions) ? matchExpressions : []).every((expression) => {
    const key = stringAt(expression, ['key']) ?? '';
    const values = (expression as { values?: unknown }).values;
    const isListed = Array.isArray(values) && values.includes(labels[key]);
    switch (stringAt(expression, ['operator'])) {
      case 'In':
        return isListed;
      case 'NotIn':
        return !isListed;
      case 'Exists':
        return labels[key] !== undefined;
      case 'DoesNotExist':
        return labels[key] === undefined;
      default:
        return true;
    }
  });
}
