import { isMap, isScalar, isSeq, parseAllDocuments, parseDocument } from 'yaml';
import { isRecord } from '../../engine/vocabulary/core/json.ts';

/** Path → text. */
export type Files = Readonly<Record<string, string>>;

/** Without the folders of environments that take no part: `…/overlays/NAME/…`. The generator then does not find them. */
export function withoutEnvironments(files: Files, wanted: ReadonlySet<string>): Record<string, string> {
  const isWanted = (path: string) => {
    const name = /(?:^|\/)overlays\/([^/]+)\//.exec(path)?.[1];
    return name === undefined || wanted.has(name);
  };
  return Object.fromEntries(Object.entries(files).filter(([path]) => isWanted(path)));
}

/** Names of the environments that have a folder. */
export function environmentFolders(files: Files): string[] {
  const names = Object.keys(files).flatMap(
    (path) => /(?:^|\/)overlays\/([^/]+)\/kustomization\.ya?ml$/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)].sort();
}

/** Ids of the keys that the projects of a tree ask signatures of, in order. */
export function signingKeys(files: Files): string[] {
  const keys: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    if (!/\.ya?ml$/.test(path) || !/signatureKeys|sourceIntegrity/.test(text)) continue;
    for (const document of parseAllDocuments(text, { merge: true })) {
      if (!('errors' in document) || document.errors.length > 0) continue;
      keys.push(...keysIn(document.toJS()));
    }
  }
  return [...new Set(keys)];
}

function keysIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    if (name === 'keyID' && typeof item === 'string') return [item];
    if (name === 'gpg' && isRecord(item) && Array.isArray(item.keys)) return item.keys.map(String);
    return keysIn(item);
  });
}

/**
 * The changes that set an image's tag in an environment: the `newTag` of its kustomization, else every `image:` line of the
 * environment's files. Undefined when the image stands nowhere.
 */
export function tagChanges(
  files: Files,
  folder: string,
  image: string,
  tag: string,
): Record<string, string> | undefined {
  const prefix = folder === '' || folder === '.' ? '' : `${folder.replace(/^\.\//, '')}/`;
  for (const name of ['kustomization.yaml', 'kustomization.yml', 'Kustomization']) {
    const path = `${prefix}${name}`;
    const text = files[path];
    const changed = text === undefined ? undefined : withNewTag(text, image, tag);
    if (changed !== undefined) return { [path]: changed };
  }
  const pattern = new RegExp(`(\\bimage:\\s*["']?${image.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}):[\\w.-]+`, 'g');
  const changes = Object.entries(files).flatMap(([path, text]) => {
    if (!path.startsWith(prefix) || !/\.ya?ml$/.test(path)) return [];
    const changed = text.replace(pattern, `$1:${tag}`);
    return changed === text ? [] : [[path, changed] as const];
  });
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

/** Only the tag's own characters change: comments and order stay. */
function withNewTag(text: string, image: string, tag: string): string | undefined {
  const document = parseDocument(text);
  const images = document.get('images');
  if (!isSeq(images)) return undefined;
  for (const item of images.items) {
    if (!isMap(item)) continue;
    if (item.get('name') !== image && item.get('newName') !== image) continue;
    const value = item.get('newTag', true);
    if (!isScalar(value) || value.range == null) continue;
    const plain = /^\d+(\.\d+)?$/.test(tag) ? `"${tag}"` : tag;
    return `${text.slice(0, value.range[0])}${plain}${text.slice(value.range[1])}`;
  }
  return undefined;
}
