import { type Controller, onAny } from '#control/controller.ts';
import { Draft, type Effect, type EventNote, type Plan } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { CanaryRule, Route, TrafficTable } from '#machine/traffic.ts';
import type { Reader } from '#store/store.ts';
import { backendOf } from '../endpoints.ts';
import { planGateways } from '../gateway/gateways.ts';
import { compareRoutes } from '../match.ts';

type Ingress = KindMap['Ingress.networking.k8s.io'];

export interface IngressObservation {
  ingresses: readonly Ingress[];
  objects: Reader;
  config: IngressConfig;
}

export interface IngressConfig {
  /** The class this controller serves; ingresses without a class are served too. */
  ingressClass: string;
  /** The address in `status.loadBalancer`: where the proxy listens. */
  address: string;
}

const WATCHED = [
  'Ingress.networking.k8s.io',
  'Service',
  'EndpointSlice.discovery.k8s.io',
  'Gateway.gateway.networking.k8s.io',
  'GatewayClass.gateway.networking.k8s.io',
  'HTTPRoute.gateway.networking.k8s.io',
  'ReferenceGrant.gateway.networking.k8s.io',
  'Namespace',
] as const;

const PREFIX = 'nginx.ingress.kubernetes.io/';
/** A canary Ingress may have been made for a controller with another prefix (`annotationPrefix` of a Rollout): it says so itself. */
const CANARY_KEY = /^(.+\/)canary$/;

/**
 * Turns all Ingresses of its class into one route table. A canary Ingress (`canary: "true"`) is no route of its own: it
 * becomes the canary rule of the route with the same host and path (pods-and-traffic.md §9).
 */
export function ingressController(config: IngressConfig): Controller<IngressObservation> {
  return {
    name: 'ingress',
    root: undefined,
    triggers: WATCHED.map((kind) => onAny(kind)),
    observe: (_key, { objects }) => ({
      ingresses: objects.list('Ingress.networking.k8s.io').filter((ingress) => isServed(ingress, config)),
      objects,
      config,
    }),
    plan: planIngress,
  };
}

function isServed(ingress: Ingress, config: IngressConfig): boolean {
  const named = ingress.spec.ingressClassName ?? ingress.metadata.annotations?.['kubernetes.io/ingress.class'];
  return named === undefined || named === config.ingressClass;
}

function planIngress({ ingresses, objects, config }: IngressObservation, nowMs: number): Plan {
  const gateway = planGateways(objects, config.address, nowMs);
  const draft = new Draft()
    .add({ effect: 'setTraffic', table: computeTable(ingresses, objects, gateway.routes) })
    .add(...gateway.effects)
    .add(...ingresses.flatMap((ingress) => addressEffects(ingress, config.address)));
  draft.events.push(...ingresses.flatMap(unsupportedNotes));
  return draft.finish();
}

const SUPPORTED = new Set([
  'canary',
  'canary-weight',
  'canary-weight-total',
  'canary-by-header',
  'canary-by-header-value',
  'canary-by-header-pattern',
  'canary-by-cookie',
]);

/** What an Ingress asks for and does not get, said on the Ingress itself. */
function unsupportedNotes(ingress: Ingress): EventNote[] {
  const { namespace, name, annotations } = ingress.metadata;
  const about = { kind: 'Ingress.networking.k8s.io', namespace, name };
  const problems = Object.keys(annotations ?? {})
    .filter((key) => key.startsWith(PREFIX) && !SUPPORTED.has(key.slice(PREFIX.length)))
    .sort()
    .map((key) => `metadata.annotations[${key}] is not reproduced by this engine and has no effect`);
  if ((ingress.spec.tls ?? []).length > 0)
    problems.push('spec.tls is not reproduced by this engine: hosts are served over HTTP');
  return problems.map((message) => ({ about, once: true, type: 'Warning', reason: 'NotReproduced', message }));
}

/** The whole route table, in match order. `others`: routes that come from no Ingress. */
export function computeTable(
  ingresses: readonly Ingress[],
  objects: Reader,
  others: readonly Route[] = [],
): TrafficTable {
  const mains = ingresses.filter((ingress) => annotation(ingress, 'canary') !== 'true');
  const canaries = ingresses.filter((ingress) => annotation(ingress, 'canary') === 'true');
  const rules = new Map<string, CanaryRule>();
  for (const ingress of canaries) {
    for (const route of routesOf(ingress, objects)) {
      // At most one canary per rule: the first by name counts.
      const id = routeId(route);
      if (!rules.has(id)) rules.set(id, canaryRule(ingress, route));
    }
  }
  const routes = mains
    .flatMap((ingress) => routesOf(ingress, objects))
    .map((route) => {
      const canary = rules.get(routeId(route));
      return canary === undefined ? route : { ...route, canary };
    });
  return { routes: [...routes, ...others].sort(compareRoutes) };
}

function routeId(route: Route): string {
  return `${route.namespace} ${route.host} ${route.pathType} ${route.path}`;
}

function routesOf(ingress: Ingress, objects: Reader): Route[] {
  const namespace = ingress.metadata.namespace as string;
  const base = { namespace, ingress: ingress.metadata.name };
  const routes: Route[] = [];
  for (const rule of ingress.spec.rules ?? []) {
    for (const path of rule.http?.paths ?? []) {
      const service = path.backend.service;
      if (service === undefined) continue;
      routes.push({
        ...base,
        host: (rule.host ?? '*').toLowerCase(),
        path: path.path ?? '/',
        pathType: path.pathType as Route['pathType'],
        backend: backendOf(objects, namespace, service.name, service.port?.name ?? service.port?.number ?? ''),
      });
    }
  }
  const fallback = ingress.spec.defaultBackend?.service;
  if (fallback !== undefined) {
    const port = fallback.port?.name ?? fallback.port?.number ?? '';
    routes.push({
      ...base,
      host: '*',
      path: '/',
      pathType: 'Prefix',
      backend: backendOf(objects, namespace, fallback.name, port),
    });
  }
  return routes;
}

function annotation(ingress: Ingress, name: string): string | undefined {
  return ingress.metadata.annotations?.[`${prefixOf(ingress)}${name}`];
}

function prefixOf({ metadata }: Ingress): string {
  const keys = Object.keys(metadata.annotations ?? {}).sort();
  const own = keys.map((key) => CANARY_KEY.exec(key)?.[1]).find((prefix) => prefix !== undefined);
  return own ?? PREFIX;
}

function canaryRule(ingress: Ingress, route: Route): CanaryRule {
  const total = wholeNumber(annotation(ingress, 'canary-weight-total'), 100);
  const headerName = annotation(ingress, 'canary-by-header');
  const value = annotation(ingress, 'canary-by-header-value');
  const pattern = annotation(ingress, 'canary-by-header-pattern');
  const cookie = annotation(ingress, 'canary-by-cookie');
  return {
    ingress: ingress.metadata.name,
    backend: route.backend,
    weight: wholeNumber(annotation(ingress, 'canary-weight'), 0),
    weightTotal: Math.max(total, 100),
    ...(headerName === undefined
      ? {}
      : {
          header: {
            name: headerName,
            ...(value === undefined ? {} : { value }),
            ...(pattern === undefined ? {} : { pattern }),
          },
        }),
    ...(cookie === undefined ? {} : { cookie }),
  };
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
}

/** Ingress health in Argo CD is "has an address". */
function addressEffects(ingress: Ingress, address: string): Effect[] {
  const current = ingress.status?.loadBalancer?.ingress;
  if (current?.length === 1 && current[0]?.ip === address) return [];
  const { namespace, name } = ingress.metadata;
  const status = { loadBalancer: { ingress: [{ ip: address }] } };
  return [
    {
      effect: 'patch',
      target: { kind: 'Ingress.networking.k8s.io', namespace, name },
      patch: { status },
      subresource: 'status',
    },
  ];
}
