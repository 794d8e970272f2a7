import { ApiError } from '#api/errors.ts';
import { findResource, type ResourceKind } from '#kube/kinds.ts';

/** The resource a request speaks of. */
export interface Target {
  kind: ResourceKind;
  namespace: string | undefined;
  /** Undefined for requests about the collection. */
  name: string | undefined;
  subresource: string | undefined;
}

/**
 * Reads `/api/v1/…` and `/apis/G/V/…` paths. Undefined when the path is no resource path at all; ApiError NotFound when
 * it has the form of one and names a resource that is not served.
 */
export function parseTarget(pathname: string): Target | undefined {
  const segments = decodeSegments(pathname);
  const [root, ...rest] = segments;
  if (root !== 'api' && root !== 'apis') return undefined;
  const [group, version, tail] =
    root === 'api' ? ['', rest[0], rest.slice(1)] : [rest[0] as string, rest[1], rest.slice(2)];
  if (version === undefined || tail.length === 0) return undefined;
  return resolve(group, version, tail);
}

export function unknownPath(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource');
}

function decodeSegments(pathname: string): string[] {
  try {
    return pathname
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    throw new ApiError('BadRequest', 'the path of the request is not valid percent-encoding');
  }
}

function resolve(group: string, version: string, tail: readonly string[]): Target {
  const [first, second, third] = tail;
  const isNamespaceItself = group === '' && first === 'namespaces' && (tail.length <= 2 || isNamespacePart(tail));
  if (first === 'namespaces' && !isNamespaceItself) {
    const kind = served(group, version, third);
    if (!kind.namespaced || tail.length > 5) throw unknownPath();
    return { kind, namespace: second, name: tail[3], subresource: tail[4] };
  }
  const kind = served(group, version, first);
  if (tail.length > 3 || (kind.namespaced && second !== undefined)) throw unknownPath();
  return { kind, namespace: undefined, name: second, subresource: third };
}

/** `/namespaces/shop/status` is a subresource, `/namespaces/shop/pods` a collection. */
function isNamespacePart(tail: readonly string[]): boolean {
  return tail.length === 3 && (tail[2] === 'status' || tail[2] === 'finalize');
}

function served(group: string, version: string, plural: string | undefined): ResourceKind {
  const kind = plural === undefined ? undefined : findResource(group, version, plural);
  if (kind === undefined) throw unknownPath();
  return kind;
}
