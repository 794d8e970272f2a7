/** The data plane's tables. Controllers compute a whole table; the machine applies it atomically and counts. */

export interface Endpoint {
  ip: string;
  port: number;
  /** `namespace/name` of the pod behind it. */
  pod: string;
}

/** One service port as an ingress back end: where its requests can go now. */
export interface Backend {
  namespace: string;
  service: string;
  /** The service's port, as the ingress names it. */
  port: string;
  endpoints: readonly Endpoint[];
}

/** ingress-nginx's canary rules, parsed from annotations (pods-and-traffic.md §9.1). */
export interface CanaryRule {
  ingress: string;
  backend: Backend;
  weight: number;
  /** Requests out of this many; 100 unless the annotation raises it. */
  weightTotal: number;
  header?: { name: string; value?: string; pattern?: string };
  cookie?: string;
}

/** A header or query parameter that a request must have. */
export interface ValueMatch {
  /** Header names are lower case. */
  name: string;
  value: string;
  /** `value` is a regular expression for the whole value. */
  isPattern: boolean;
}

/** What an HTTPRoute asks of a request beside host and path. */
export interface RouteConditions {
  method?: string;
  headers: readonly ValueMatch[];
  query: readonly ValueMatch[];
}

/** One of an HTTPRoute's back ends. `isInvalid`: it cannot be resolved, and its share of requests gets 500. */
export interface WeightedBackend {
  backend: Backend;
  weight: number;
  isInvalid?: boolean;
}

export interface HeaderChanges {
  set: Readonly<Record<string, string>>;
  add: Readonly<Record<string, string>>;
  remove: readonly string[];
}

/** `prefix`: what the route matched is replaced, the rest stays. */
export type PathChange = { kind: 'full'; path: string } | { kind: 'prefix'; path: string };

/** What an HTTPRoute does to requests on their way. */
export interface RouteActions {
  requestHeaders?: HeaderChanges;
  responseHeaders?: HeaderChanges;
  rewrite?: { hostname?: string; path?: PathChange };
  /** Answered at once. */
  redirect?: { scheme?: string; hostname?: string; port?: number; path?: PathChange; status: number };
  /** Copies, whose answers are dropped; each for a share of the requests, 0 to 1. */
  mirrors?: readonly { backend: Backend; share: number }[];
}

export interface Route {
  /** Lower case; `*.example.com` for wildcards; `*` for any host. */
  host: string;
  path: string;
  pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific' | 'RegularExpression';
  namespace: string;
  /** The Ingress or HTTPRoute it comes from. */
  ingress: string;
  backend: Backend;
  canary?: CanaryRule;
  /** Only of HTTPRoutes. */
  conditions?: RouteConditions;
  /** The back ends of an HTTPRoute by weight, in place of `backend` (which is the first of them). */
  split?: readonly WeightedBackend[];
  actions?: RouteActions;
  /** When its HTTPRoute was created: older ones come first. */
  createdAt?: string;
  /** `*.` stands for one label or more, as in HTTPRoutes; else for exactly one. */
  isDeepWildcard?: boolean;
}

/** A service's own address and where a connection to each of its ports goes. */
export interface ServiceListener {
  namespace: string;
  service: string;
  ip: string;
  port: number;
  endpoints: readonly Endpoint[];
}

export interface TrafficTable {
  routes: readonly Route[];
}

export interface ServiceTable {
  listeners: readonly ServiceListener[];
}

/** Cluster DNS: fully qualified name without the trailing dot (`postgres.shop.svc.cluster.local`) → addresses. */
export interface NameTable {
  names: Readonly<Record<string, readonly string[]>>;
}
