import type { ObjectMeta } from './object.ts';

/**
 * The metadata fields that the downward API and Argo Rollouts' `fieldRef` offer, as text: name, namespace, uid, labels and
 * annotations whole (`key="value"` lines sorted by key) or one by subscript (`metadata.labels['app']`). Undefined for any
 * other path; a label that is not there is empty text.
 */
export function metadataField(metadata: ObjectMeta, path: string): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] as string] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    default:
      return undefined;
  }
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map?.[key])}`)
    .join('\n');
}
