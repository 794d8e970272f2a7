/** Resource files → objects, one per document; lists are expanded (spec §3). */
import { isMap as isMapNode } from 'yaml';
import { fail } from '../errors.ts';
import { makeResource, type Resource } from '../resource.ts';
import { isList, isMap, isNull, type JsonMap } from '../types.ts';
import { offsetOf, type ParsedDocument, parseDocuments, type SourceText } from '../yaml/parser.ts';

/** The documents of a text that holds objects or patches of objects. Throws KustomizeError. */
export function parseObjects(source: SourceText): ParsedDocument[] {
  return parseDocuments(source, 'resource');
}

/** Parses a file of Kubernetes objects. Throws KustomizeError. */
export function loadResources(source: SourceText): Resource[] {
  const resources: Resource[] = [];
  for (const document of parseObjects(source)) {
    if (isNull(document.value)) continue;
    const at = source.at(offsetOf(document.node, []));
    if (!isMap(document.value)) {
      const why = 'a resource file holds Kubernetes objects, which are maps';
      fail(at, {
        code: 'invalid-resource',
        message: 'this document is not an object',
        why,
        fix: 'correct or remove it',
      });
    }
    if (Object.keys(document.value).length === 0) continue;
    if (
      document.value.kind === 'Kustomization' &&
      String(document.value.apiVersion).startsWith('kustomize.config.k8s.io/')
    ) {
      const fix = 'list the directory instead of its kustomization file';
      fail(at, { code: 'invalid-resource', message: 'a kustomization file is not a resource', fix });
    }
    keepTildes(document.value, document.node);
    for (const object of expandList(document.value)) resources.push(makeResource(object, at));
  }
  return resources;
}

/** An annotation `~` is that text in an object; in a patch it is a null, which deletes. */
function keepTildes(object: JsonMap, node: ParsedDocument['node']): void {
  const annotations = isMap(object.metadata) ? object.metadata.annotations : undefined;
  if (!isMap(annotations) || !isMapNode(node)) return;
  for (const key of Object.keys(annotations)) {
    if (annotations[key] === null && node.getIn(['metadata', 'annotations', key]) === '~') annotations[key] = '~';
  }
}

function expandList(object: JsonMap): JsonMap[] {
  const isCollection =
    typeof object.kind === 'string' && object.kind.endsWith('List') && Object.hasOwn(object, 'items');
  if (!isCollection) return [object];
  if (!isList(object.items)) return [];
  return object.items.filter(isMap).flatMap(expandList);
}
