import type { LabelSelector } from '#kube/selector.ts';
import { matchesSelector } from '#kube/selector.ts';
import {
  GATEWAY_GROUP,
  type Gateway,
  type HttpRoute,
  type Listener,
  type Namespace,
  type ParentRef,
  type Verdict,
  verdict,
} from './types.ts';

/** What one parent of a route says to it: an `Accepted` condition, and the listeners and hosts it is served for. */
export interface Attachment {
  parentRef: ParentRef;
  accepted: Verdict;
  /** `namespace/gateway/listener`. */
  listeners: readonly string[];
  hosts: readonly string[];
}

export function isGatewayRef({ group = GATEWAY_GROUP, kind = 'Gateway' }: ParentRef): boolean {
  return group === GATEWAY_GROUP && kind === 'Gateway';
}

/** Which listeners of a parent take a route, and for which hosts. */
export function attach(
  route: HttpRoute,
  parentRef: ParentRef,
  gateways: readonly Gateway[],
  namespaces: readonly Namespace[],
): Attachment {
  const refused = (reason: string, message: string): Attachment => ({
    parentRef,
    accepted: verdict('Accepted', reason, message),
    listeners: [],
    hosts: [],
  });
  if (!isGatewayRef(parentRef)) {
    return refused(
      'UnsupportedValue',
      `parentRef ${parentRef.name}: kind ${parentRef.kind} is not reproduced by this engine`,
    );
  }
  const namespace = parentRef.namespace ?? route.metadata.namespace;
  const gateway = gateways.find(({ metadata }) => metadata.namespace === namespace && metadata.name === parentRef.name);
  if (gateway === undefined) return refused('NoMatchingParent', `Gateway "${namespace}/${parentRef.name}" not found`);
  const named = gateway.spec.listeners.filter(
    (listener) =>
      isSupported(listener) &&
      (parentRef.sectionName === undefined || parentRef.sectionName === listener.name) &&
      (parentRef.port === undefined || parentRef.port === listener.port),
  );
  if (named.length === 0) return refused('NoMatchingParent', 'no HTTP listener of the Gateway fits this parentRef');
  const allowed = named.filter((listener) => isAllowed(route, gateway, listener, namespaces));
  if (allowed.length === 0) {
    return refused(
      'NotAllowedByListeners',
      `the Gateway's listeners do not allow routes of ${route.metadata.namespace}`,
    );
  }
  const served = allowed
    .map((listener) => ({ listener, hosts: commonHosts(listener.hostname, route.spec.hostnames) }))
    .filter(({ hosts }) => hosts.length > 0);
  if (served.length === 0) return refused('NoMatchingListenerHostname', 'no listener has a host of this route');
  return {
    parentRef,
    accepted: verdict('Accepted', 'Accepted'),
    listeners: served.map(({ listener }) => `${namespace}/${gateway.metadata.name}/${listener.name}`),
    hosts: [...new Set(served.flatMap(({ hosts }) => hosts))],
  };
}

export function isSupported({ protocol }: Listener): boolean {
  return protocol === 'HTTP';
}

function isAllowed(
  route: HttpRoute,
  gateway: Gateway,
  { allowedRoutes = {} }: Listener,
  namespaces: readonly Namespace[],
): boolean {
  const { kinds = [], namespaces: from = {} } = allowedRoutes;
  if (
    kinds.length > 0 &&
    !kinds.some(({ group = GATEWAY_GROUP, kind }) => group === GATEWAY_GROUP && kind === 'HTTPRoute')
  ) {
    return false;
  }
  const own = route.metadata.namespace;
  if (from.from === 'All') return true;
  if (from.from === 'None') return false;
  if (from.from !== 'Selector') return own === gateway.metadata.namespace;
  const labels = namespaces.find(({ metadata }) => metadata.name === own)?.metadata.labels;
  return matchesSelector(from.selector as LabelSelector | undefined, labels);
}

/** The hosts that a listener and a route have in common; `*` is any. The narrower of two that overlap counts. */
function commonHosts(listenerHost: string | undefined, routeHosts: readonly string[] | undefined): string[] {
  const own = (listenerHost ?? '*').toLowerCase();
  if (routeHosts === undefined || routeHosts.length === 0) return [own];
  return routeHosts.flatMap((host) => {
    const wanted = host.toLowerCase();
    if (covers(own, wanted)) return [wanted];
    return covers(wanted, own) ? [own] : [];
  });
}

function covers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host !== pattern.slice(1);
}
