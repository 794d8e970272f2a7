import type { Backend, WeightedBackend } from '#machine/traffic.ts';
import type { Reader } from '#store/store.ts';
import { backendOf, findServicePort } from '../endpoints.ts';
import { type BackendRef, GATEWAY_GROUP, type HttpRoute, type ReferenceGrant, type Verdict, verdict } from './types.ts';

type Reference = Pick<BackendRef, 'group' | 'kind' | 'name' | 'namespace' | 'port'>;

/** Where a reference leads, or why it leads nowhere (a `ResolvedRefs` condition). */
export interface ResolvedBackend {
  backend: Backend;
  problem?: Verdict;
}

export function resolveBackend(
  route: HttpRoute,
  ref: Reference,
  objects: Reader,
  grants: readonly ReferenceGrant[],
): ResolvedBackend {
  const own = route.metadata.namespace as string;
  const namespace = ref.namespace ?? own;
  const port = ref.port ?? 0;
  const nowhere = (reason: string, message: string): ResolvedBackend => ({
    backend: { namespace, service: ref.name, port: String(port), endpoints: [] },
    problem: verdict('ResolvedRefs', reason, message),
  });
  if ((ref.group ?? '') !== '' || (ref.kind ?? 'Service') !== 'Service') {
    return nowhere('InvalidKind', `backendRef ${ref.name}: only Services are reproduced, not ${ref.kind}`);
  }
  if (namespace !== own && !isGranted(own, namespace, ref.name, grants)) {
    return nowhere(
      'RefNotPermitted',
      `no ReferenceGrant in ${namespace} permits Service ${ref.name} to HTTPRoutes of ${own}`,
    );
  }
  const service = objects.get('Service', namespace, ref.name);
  if (service === undefined) return nowhere('BackendNotFound', `service "${namespace}/${ref.name}" not found`);
  if (findServicePort(service, port) === undefined) {
    return nowhere('BackendNotFound', `service "${namespace}/${ref.name}" has no port ${port}`);
  }
  return { backend: backendOf(objects, namespace, ref.name, port) };
}

function isGranted(from: string, to: string, service: string, grants: readonly ReferenceGrant[]): boolean {
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to &&
      spec?.from?.some(
        (source) => source.group === GATEWAY_GROUP && source.kind === 'HTTPRoute' && source.namespace === from,
      ) &&
      spec.to.some(
        (target) => target.group === '' && target.kind === 'Service' && (target.name ?? service) === service,
      ),
  );
}

/** The back ends of one rule with their weights, and the first reference that leads nowhere. */
export function weightedBackends(
  route: HttpRoute,
  refs: readonly BackendRef[],
  objects: Reader,
  grants: readonly ReferenceGrant[],
): { split: WeightedBackend[]; problem: Verdict | undefined } {
  const resolved = refs.map((ref) => ({ ...resolveBackend(route, ref, objects, grants), weight: ref.weight ?? 1 }));
  return {
    split: resolved.map(({ backend, weight, problem }) => ({
      backend,
      weight,
      ...(problem === undefined ? {} : { isInvalid: true }),
    })),
    problem: resolved.find(({ problem }) => problem !== undefined)?.problem,
  };
}
