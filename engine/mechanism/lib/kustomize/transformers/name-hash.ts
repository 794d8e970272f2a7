/** The name-suffix hash of generated objects (spec §7.2). */
import { createHash } from 'node:crypto';
import type { Resource } from '../resource.ts';
import { getField, isList, isMap, isNull, type Json, type JsonMap } from '../types.ts';

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

/** Go's json.Marshal: sorted keys, no spaces, HTML characters escaped. */
function toGoJson(value: Json): string {
  if (isList(value)) return `[${value.map(toGoJson).join(',')}]`;
  if (isMap(value)) {
    const fields = Object.keys(value).sort(compareBytes);
    return `{${fields.map((key) => `${quote(key)}:${toGoJson(value[key])}`).join(',')}}`;
  }
  return typeof value === 'string' ? quote(value) : JSON.stringify(value ?? null);
}

function quote(text: string): string {
  const json = JSON.stringify(text).replaceAll('\\b', '\\u0008').replaceAll('\\f', '\\u000c');
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
