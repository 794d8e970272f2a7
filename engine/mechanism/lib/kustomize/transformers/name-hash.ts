/** The name-suffix hash of generated objects (spec §7.2). */
import { createHash } from 'node:crypto';
import type { Resource } from '../resource.ts';
import { getField, isMap, isNull, type JsonMap } from '../types.ts';
import { toGoJson } from '../yaml/go-json.ts';

/** Appends the content hash to the name of every object that asked for it. */
export function appendHashes(resources: readonly Resource[]): void {
  for (const resource of resources) {
    if (!resource.object || !resource.needsHash) continue;
    const hash = hashObject(resource.object, resource.kind);
    resource.storePreviousId();
    resource.setMetadata('name', `${resource.name}-${hash}`);
  }
}

/** Ten characters that depend on the content only, not on name, namespace, labels or annotations. */
export function hashObject(object: JsonMap, kind: string): string {
  const sum = createHash('sha256')
    .update(toGoJson(hashedFields(object, kind)))
    .digest('hex')
    .slice(0, 10);
  return sum.replace(/[013ae]/g, (digit) => ({ '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' })[digit] ?? digit);
}

function hashedFields(object: JsonMap, kind: string): JsonMap {
  const field = (name: string) => getField(object, name) ?? '';
  if (kind === 'ConfigMap') {
    const binaryData = getField(object, 'binaryData');
    const hasBinary = isMap(binaryData) && Object.keys(binaryData).length > 0;
    return { kind: 'ConfigMap', name: '', data: field('data'), ...(hasBinary ? { binaryData } : {}) };
  }
  if (kind === 'Secret') {
    const stringData = getField(object, 'stringData');
    return {
      kind: 'Secret',
      type: field('type'),
      name: '',
      data: field('data'),
      ...(isNull(stringData) ? {} : { stringData }),
    };
  }
  return object;
}
