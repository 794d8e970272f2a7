import { type Document, isCollection, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';

/**
 * Edits the documents of a YAML file one by one: `edit` changes one in place and says whether it did, or that it goes. What
 * is not changed keeps its text. Undefined when no document is left.
 */
export function editDocuments(
  text: string,
  edit: (document: Document) => 'same' | 'changed' | 'gone',
): string | undefined {
  const parts = text.split(/^---\n/m);
  const kept = parts.flatMap((part) => {
    const document = parseDocument(part);
    if (document.contents === null || document.errors.length > 0) return [part];
    const outcome = edit(document);
    if (outcome === 'gone') return [];
    return [outcome === 'changed' ? document.toString({ lineWidth: 0, flowCollectionPadding: false }) : part];
  });
  const isEmpty = kept.every((part) => parseDocument(part).contents === null);
  return isEmpty ? undefined : kept.join('---\n');
}

/** Visits every item of every list, innermost first, and removes those that `goes` says; true when one went. */
export function removeItems(node: unknown, goes: (item: unknown, list: string) => boolean, name = ''): boolean {
  let removed = false;
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (removeItems(value, goes, isScalar(key) ? String(key.value) : '')) removed = true;
    }
  } else if (isSeq(node)) {
    for (const item of node.items) if (removeItems(item, goes, name)) removed = true;
    const kept = node.items.filter((item) => !goes(item, name));
    if (kept.length < node.items.length) {
      node.items = kept;
      removed = true;
    }
  }
  return removed;
}

/** The text at a path of a map, empty when there is none. */
export function textAt(node: unknown, ...path: (string | number)[]): string {
  if (!isCollection(node)) return '';
  const value = node.getIn(path);
  return typeof value === 'string' ? value : '';
}

export function isEmptyList(node: unknown, key: string): boolean {
  const list = isMap(node) ? (node as YAMLMap).get(key, true) : undefined;
  return isSeq(list) && list.items.length === 0;
}
