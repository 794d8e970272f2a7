import type { Effect } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import { type Condition, withCondition } from '#kube/conditions.ts';
import type { KindId } from '#kube/kinds.ts';
import type { Route } from '#machine/traffic.ts';
import type { Reader } from '#store/store.ts';
import { type Attachment, attach, isSupported } from './attachment.ts';
import { httpRouteRoutes } from './routes.ts';
import {
  CONTROLLER_NAME,
  GATEWAY_GROUP,
  type Gateway,
  type GatewayClass,
  type HttpRoute,
  type ParentRef,
  type Verdict,
  verdict,
} from './types.ts';
import { unsupportedFields } from './unsupported.ts';

/** What Gateways and HTTPRoutes come to: routes for the table, and statuses that say what became of each. */
export interface GatewayPlan {
  routes: readonly Route[];
  effects: readonly Effect[];
}

/**
 * Every Gateway is served, whatever its class: the engine stands in for the implementation a cluster has. All HTTP listeners
 * are one port here, that of `address`.
 */
export function planGateways(objects: Reader, address: string, nowMs: number): GatewayPlan {
  const gateways = objects.list('Gateway.gateway.networking.k8s.io');
  const httpRoutes = objects.list('HTTPRoute.gateway.networking.k8s.io');
  const namespaces = gateways.length === 0 ? [] : objects.list('Namespace');
  const grants = httpRoutes.length === 0 ? [] : objects.list('ReferenceGrant.gateway.networking.k8s.io');
  const attached = new Map<string, number>();
  const routes: Route[] = [];
  const effects: Effect[] = [];
  const now = formatTime(nowMs);
  for (const route of httpRoutes) {
    const problems = unsupportedFields(route);
    const attachments = (route.spec.parentRefs ?? []).map((ref) => attach(route, ref, gateways, namespaces));
    const hosts = [...new Set(attachments.flatMap((attachment) => attachment.hosts))];
    const served = httpRouteRoutes(route, hosts, objects, grants);
    const listeners = problems.length === 0 ? attachments.flatMap((attachment) => attachment.listeners) : [];
    for (const id of listeners) attached.set(id, (attached.get(id) ?? 0) + 1);
    if (problems.length === 0) routes.push(...served.routes);
    const refused = problems.length === 0 ? undefined : verdict('Accepted', 'UnsupportedValue', problems.join('; '));
    const parents = attachments.map((attachment) => parentStatus(route, attachment, refused, served.problem, now));
    effects.push(...statusEffect('HTTPRoute.gateway.networking.k8s.io', route, { parents }));
  }
  for (const gateway of gateways) {
    const status = gatewayStatus(gateway, address, attached, now);
    effects.push(...statusEffect('Gateway.gateway.networking.k8s.io', gateway, status));
  }
  for (const gatewayClass of objects.list('GatewayClass.gateway.networking.k8s.io')) {
    effects.push(
      ...statusEffect('GatewayClass.gateway.networking.k8s.io', gatewayClass, classStatus(gatewayClass, now)),
    );
  }
  return { routes, effects };
}

type Statused = { metadata: { namespace?: string; name: string; generation?: number }; status?: unknown };

function statusEffect(kind: KindId, object: Statused, status: Record<string, unknown>): Effect[] {
  if (deepEqual(object.status, status)) return [];
  const { namespace, name } = object.metadata;
  return [{ effect: 'patch', target: { kind, namespace, name }, patch: { status }, subresource: 'status' }];
}

function conditionsOf(
  object: Statused,
  previous: readonly unknown[] | undefined,
  verdicts: readonly Verdict[],
  now: string,
): Condition[] {
  const observedGeneration = object.metadata.generation ?? 1;
  return verdicts.map(
    (next) =>
      withCondition(previous as Condition[] | undefined, { ...next, observedGeneration }, now).find(
        ({ type }) => type === next.type,
      ) as Condition,
  );
}

function parentStatus(
  route: HttpRoute,
  { parentRef, accepted }: Attachment,
  refused: Verdict | undefined,
  unresolved: Verdict | undefined,
  now: string,
): Record<string, unknown> {
  const before = route.status?.parents?.find((parent) => isSameRef(parent.parentRef, parentRef))?.conditions;
  const verdicts = [
    accepted.status === 'False' ? accepted : (refused ?? accepted),
    unresolved ?? verdict('ResolvedRefs', 'ResolvedRefs'),
  ];
  return { parentRef, controllerName: CONTROLLER_NAME, conditions: conditionsOf(route, before, verdicts, now) };
}

function isSameRef(left: ParentRef, right: ParentRef): boolean {
  return deepEqual(left, right);
}

function gatewayStatus(
  gateway: Gateway,
  address: string,
  attached: ReadonlyMap<string, number>,
  now: string,
): Record<string, unknown> {
  const { namespace, name } = gateway.metadata;
  const listeners = gateway.spec.listeners.map((listener) => {
    const before = gateway.status?.listeners?.find((status) => status.name === listener.name)?.conditions;
    const problem = `protocol ${listener.protocol} is not reproduced by this engine: only HTTP is`;
    const verdicts = isSupported(listener)
      ? [
          verdict('Accepted', 'Accepted'),
          verdict('Programmed', 'Programmed'),
          verdict('ResolvedRefs', 'ResolvedRefs'),
          verdict('Conflicted', 'NoConflicts', '', false),
        ]
      : [verdict('Accepted', 'UnsupportedProtocol', problem), verdict('Programmed', 'Invalid', problem)];
    return {
      name: listener.name,
      supportedKinds: isSupported(listener) ? [{ group: GATEWAY_GROUP, kind: 'HTTPRoute' }] : [],
      attachedRoutes: attached.get(`${namespace}/${name}/${listener.name}`) ?? 0,
      conditions: conditionsOf(gateway, before, verdicts, now),
    };
  });
  const isServed = gateway.spec.listeners.some(isSupported);
  const isWhole = gateway.spec.listeners.every(isSupported);
  const message = 'no listener has a protocol that this engine reproduces';
  const verdicts = [
    isServed
      ? verdict(
          'Accepted',
          isWhole ? 'Accepted' : 'ListenersNotValid',
          isWhole ? '' : 'not all listeners are valid',
          true,
        )
      : verdict('Accepted', 'ListenersNotValid', message),
    isServed ? verdict('Programmed', 'Programmed') : verdict('Programmed', 'Invalid', message),
  ];
  return {
    addresses: [{ type: 'IPAddress', value: address }],
    conditions: conditionsOf(gateway, gateway.status?.conditions, verdicts, now),
    listeners,
  };
}

function classStatus(gatewayClass: GatewayClass, now: string): Record<string, unknown> {
  const accepted = verdict('Accepted', 'Accepted', 'this engine stands in for the controller', true);
  return { conditions: conditionsOf(gatewayClass, gatewayClass.status?.conditions, [accepted], now) };
}
