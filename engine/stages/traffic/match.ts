import type { Backend, CanaryRule, Route, TrafficTable } from '#machine/traffic.ts';

/** What of a request decides where it goes. Header names are lower case. */
export interface RequestFacts {
  host: string;
  path: string;
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface Destination {
  route: Route;
  backend: Backend;
  canary: boolean;
}

/** Host rank (exact, wildcard, any), then longer paths, then Exact before the prefixes: the order requests are matched in. */
export function compareRoutes(left: Route, right: Route): number {
  const hostRank = (route: Route) => (route.host === '*' ? 2 : route.host.startsWith('*.') ? 1 : 0);
  return (
    hostRank(left) - hostRank(right) ||
    right.path.length - left.path.length ||
    Number(right.pathType === 'Exact') - Number(left.pathType === 'Exact') ||
    compareText(left.host, right.host) ||
    compareText(left.path, right.path) ||
    compareText(`${left.namespace}/${left.ingress}`, `${right.namespace}/${right.ingress}`)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** True when the host, without a port and in lower case, is the route's; `*.` stands for exactly one label. */
export function hostMatches(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  if (!pattern.startsWith('*.')) return pattern === host;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot + 1) === pattern.slice(2);
}

/** Exact: the same path. Prefix: by path elements. ImplementationSpecific: by characters, as ingress-nginx does. */
export function pathMatches(route: Pick<Route, 'path' | 'pathType'>, path: string): boolean {
  switch (route.pathType) {
    case 'Exact':
      return path === route.path;
    case 'Prefix': {
      const prefix = route.path.endsWith('/') ? route.path.slice(0, -1) : route.path;
      return path === prefix || path.startsWith(`${prefix}/`);
    }
    case 'ImplementationSpecific':
      return path.startsWith(route.path);
  }
}

/**
 * Where one request goes, or undefined when no route matches. The table's routes are in match order.
 * @param draw A number in [0, 1) for a request of this route, drawn only when the weight decides.
 */
export function findDestination(
  table: TrafficTable,
  request: RequestFacts,
  draw: (route: Route) => number,
): Destination | undefined {
  const host = request.host.replace(/:\d+$/, '').toLowerCase();
  const route = table.routes.find(
    (candidate) => hostMatches(candidate.host, host) && pathMatches(candidate, request.path),
  );
  if (route === undefined) return undefined;
  const canary = route.canary !== undefined && goesToCanary(route.canary, request, () => draw(route));
  return { route, backend: canary ? (route.canary as CanaryRule).backend : route.backend, canary };
}

/** ingress-nginx's decision (pods-and-traffic.md §9.1): header, then cookie, then weight. */
export function goesToCanary(rule: CanaryRule, request: RequestFacts, draw: () => number): boolean {
  const byHeader = rule.header === undefined ? undefined : headerVerdict(rule.header, request);
  if (byHeader !== undefined) return byHeader;
  const byCookie = rule.cookie === undefined ? undefined : alwaysOrNever(cookieValue(request, rule.cookie));
  if (byCookie !== undefined) return byCookie;
  if (rule.weight <= 0) return false;
  // A uniform integer from 1 to total is at most the weight: 0 is never, total is always.
  return Math.floor(draw() * rule.weightTotal) + 1 <= rule.weight;
}

function headerVerdict(header: NonNullable<CanaryRule['header']>, request: RequestFacts): boolean | undefined {
  const given = request.headers[header.name.toLowerCase().replaceAll('_', '-')];
  const value = typeof given === 'string' ? given : given?.[0];
  if (value === undefined) return undefined;
  if (header.value !== undefined) return value === header.value ? true : undefined;
  if (header.pattern !== undefined) return patternVerdict(header.pattern, value);
  return alwaysOrNever(value);
}

function patternVerdict(pattern: string, value: string): boolean | undefined {
  try {
    return new RegExp(pattern).test(value) ? true : undefined;
  } catch {
    return false;
  }
}

function alwaysOrNever(value: string | undefined): boolean | undefined {
  return value === 'always' ? true : value === 'never' ? false : undefined;
}

function cookieValue(request: RequestFacts, name: string): string | undefined {
  const header = request.headers.cookie;
  const text = typeof header === 'string' ? header : header?.join('; ');
  for (const part of (text ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}
