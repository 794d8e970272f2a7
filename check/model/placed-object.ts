import type { Place } from '../finding.ts';
import type { FieldPath, SourceDocument } from './source.ts';

/** A Kubernetes object as it comes out of rendering, and where its parts were written. */
export interface PlacedObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly apiVersion: string;
  readonly kind: string;
  /** `Kind` in the core group, `Kind.group` elsewhere. */
  readonly kindId: string;
  readonly name: string;
  /** As rendered or, when the object has none, the destination's; '' for cluster-scoped kinds. */
  readonly namespace: string;
  /** `Kind namespace/name`, for messages. */
  readonly title: string;
  /** Where the object, or one field of it, was written: its own document, or the last patch that sets the field. */
  place(path?: FieldPath): Place;
}

export interface PlacedObjectParts {
  value: Readonly<Record<string, unknown>>;
  namespace: string;
  /** The document that declares the object; undefined when it was generated or rendered by something foreign. */
  source: SourceDocument | undefined;
  /** Patches of the same rendering, in the order in which they apply. */
  patches: readonly SourceDocument[];
  /** Used when nothing better is known. */
  fallback: Place;
}

export function placedObject(parts: PlacedObjectParts): PlacedObject {
  const { value, namespace, source, fallback } = parts;
  const apiVersion = textAt(value, 'apiVersion');
  const kind = textAt(value, 'kind');
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const name = textAt(metadata, 'name') || textAt(metadata, 'generateName');
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const patches = parts.patches.filter((patch) => isPatchOf(patch.value, kind, source?.value, name));
  return {
    value,
    apiVersion,
    kind,
    kindId: group === '' ? kind : `${kind}.${group}`,
    name,
    namespace,
    title: `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`,
    place: (path = []) => {
      for (const document of [...patches].reverse()) {
        const at = document.findPlace(matchingPath(value, document.value, path));
        if (at !== undefined && path.length > 0) return at;
      }
      return source?.placeOf(matchingPath(value, source.value, path)) ?? fallback;
    },
  };
}

/** A strategic merge patch names its target by kind and by the name the target had when it was applied. */
function isPatchOf(patch: unknown, kind: string, source: unknown, name: string): boolean {
  if (!isRecord(patch) || patch.kind !== kind || !isRecord(patch.metadata)) return false;
  const original = isRecord(source) && isRecord(source.metadata) ? source.metadata.name : undefined;
  return patch.metadata.name === name || patch.metadata.name === original;
}

/** Identity of list elements, as strategic merge and people see them. */
const ELEMENT_KEYS = ['name', 'containerPort', 'port', 'mountPath', 'key', 'host', 'path', 'type'];

/**
 * The same field in another version of the object: list indices are translated by the elements' names, because a
 * patch's list holds only what it changes.
 */
function matchingPath(rendered: unknown, other: unknown, path: FieldPath): FieldPath {
  const result: (string | number)[] = [];
  let from = rendered;
  let to = other;
  for (const step of path) {
    let next: string | number = step;
    if (typeof step === 'number' && Array.isArray(from) && Array.isArray(to))
      next = matchingIndex(from[step], to, step);
    result.push(next);
    from = childOf(from, step);
    to = childOf(to, next);
  }
  return result;
}

function matchingIndex(element: unknown, list: readonly unknown[], index: number): number {
  if (!isRecord(element)) {
    const same = list.indexOf(element);
    return same < 0 ? index : same;
  }
  const key = ELEMENT_KEYS.find((candidate) => element[candidate] !== undefined);
  if (key === undefined) return index;
  const same = list.findIndex((candidate) => isRecord(candidate) && candidate[key] === element[key]);
  // Not in this document: an index that does not exist, so that no neighbour is blamed.
  return same < 0 ? list.length : same;
}

function childOf(value: unknown, step: string | number): unknown {
  if (Array.isArray(value) && typeof step === 'number') return value[step];
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** A field's text, or '' when it is anything else. */
export function textAt(value: unknown, field: string): string {
  const found = isRecord(value) ? value[field] : undefined;
  return typeof found === 'string' ? found : '';
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
