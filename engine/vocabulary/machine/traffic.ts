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

export interface Route {
  /** Lower case; `*.example.com` for wildcards; `*` for any host. */
  host: string;
  path: string;
  pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  namespace: string;
  ingress: string;
  backend: Backend;
  canary?: CanaryRule;
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
