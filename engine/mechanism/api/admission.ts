import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';

/**
 * What happens to an object between the client and the store: defaults are filled in, addresses allocated, invalid
 * objects refused with ApiError. Pure but for reading the store.
 */
export interface Admission {
  /** `live` is undefined on create. Returns the object to store; throws ApiError to refuse it. */
  admit(object: KubeObject, live: KubeObject | undefined, kind: ResourceKind, objects: Reader): KubeObject;
}

/** Runs several admissions in order. */
export function chain(...parts: readonly Admission[]): Admission {
  return {
    admit: (object, live, kind, objects) =>
      parts.reduce((current, part) => part.admit(current, live, kind, objects), object),
  };
}
