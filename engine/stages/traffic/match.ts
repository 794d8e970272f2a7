import { compileRegex, type Regex, RegexSyntaxError } from '#lib/regex/regex.ts';
import type {
  Backend,
  CanaryRule,
  Route,
  RouteConditions,
  TrafficTable,
  ValueMatch,
  WeightedBackend,
} from '#machine/traffic.ts';

const PATTERNS_MAX = 1000;
const PATTERNS = new Map<string, Regex>();

/** What of a request decides where it goes. Header names are lower case. */
export interface RequestFacts {
  host: string;
  path: string;
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Upper case; GET when left out. */
  method?: string;
  /** Without the question mark. */
  query?: string;
}

export interface Destination {
  route: Route;
  backend: Backend;
  canary: boolean;
  /** Nobody can be asked: the back end cannot be resolved, or all weights are 0. */
  isInvalid?: boolean;
}

/**
 * Host rank (exact, wildcard, any), then longer paths, then Exact before the prefixes, then HTTPRoutes by method, by number
 * of headers and of query parameters, then the older one: the order requests are matched in.
 */
export function compareRoutes(left: Route, right: Route): number {
  const hostRank = (route: Route) => (route.host === '*' ? 2 : route.host.startsWith('*.') ? 1 : 0);
  const wildcardLength = ({ host }: Route) => (host.startsWith('*.') ? host.length : 0);
  const count = (route: Route, what: 'headers' | 'query') => route.conditions?.[what].length ?? 0;
  return (
    hostRank(left) - hostRank(right) ||
    wildcardLength(right) - wildcardLength(left) ||
    right.path.length - left.path.length ||
    Number(right.pathType === 'Exact') - Number(left.pathType === 'Exact') ||
    compareText(left.host, right.host) ||
    compareText(left.path, right.path) ||
    Number(right.conditions?.method !== undefined) - Number(left.conditions?.method !== undefined) ||
    count(right, 'headers') - count(left, 'headers') ||
    count(right, 'query') - count(left, 'query') ||
    compareText(left.createdAt ?? '', right.createdAt ?? '') ||
    compareText(`${left.namespace}/${left.ingress}`, `${right.namespace}/${right.ingress}`)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** True when the host, without a port and in lower case, is the route's; `*.` stands for exactly one label unless `isDeep`. */
export function hostMatches(pattern: string, host: string, isDeep = false): boolean {
  if (pattern === '*') return true;
  if (!pattern.startsWith('*.')) return pattern === host;
  if (isDeep) return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
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
    case 'RegularExpression':
      return isWholeMatch(route.path, path);
  }
}

/** True when a request, its host in lower case and without a port, is the route's. */
export function routeMatches(route: Route, request: RequestFacts): boolean {
  return (
    hostMatches(route.host, request.host, route.isDeepWildcard) &&
    pathMatches(route, request.path) &&
    (route.conditions === undefined || conditionsHold(route.conditions, request))
  );
}

function conditionsHold({ method, headers, query }: RouteConditions, request: RequestFacts): boolean {
  if (method !== undefined && method !== (request.method ?? 'GET')) return false;
  const parameters = new URLSearchParams(query.length === 0 ? '' : (request.query ?? ''));
  return (
    headers.every((match) => valueMatches(match, headerText(request.headers[match.name]))) &&
    query.every((match) => valueMatches(match, parameters.get(match.name) ?? undefined))
  );
}

/** Repeated headers count as one list. */
function headerText(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : value.join(',');
}

function valueMatches({ value, isPattern }: ValueMatch, given: string | undefined): boolean {
  if (given === undefined) return false;
  return isPattern ? isWholeMatch(value, given) : given === value;
}

/** HTTPRoute patterns are checked when routes are made. */
function isWholeMatch(pattern: string, text: string): boolean {
  return compiled(pattern, true).test(text);
}

/** Patterns match in linear time, because requests choose the text. Throws RegexSyntaxError. */
function compiled(pattern: string, anchored: boolean): Regex {
  const id = `${anchored} ${pattern}`;
  let regex = PATTERNS.get(id);
  if (regex === undefined) {
    if (PATTERNS.size >= PATTERNS_MAX) PATTERNS.clear();
    regex = compileRegex(pattern, { anchored });
    PATTERNS.set(id, regex);
  }
  return regex;
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
  const facts = { ...request, host: request.host.replace(/:\d+$/, '').toLowerCase() };
  const route = table.routes.find((candidate) => routeMatches(candidate, facts));
  if (route === undefined) return undefined;
  if (route.split !== undefined) return chooseBackend(route, route.split, () => draw(route));
  const canary = route.canary !== undefined && goesToCanary(route.canary, request, () => draw(route));
  return { route, backend: canary ? (route.canary as CanaryRule).backend : route.backend, canary };
}

/** One of the back ends of an HTTPRoute, each in proportion to its weight. */
function chooseBackend(route: Route, split: readonly WeightedBackend[], draw: () => number): Destination {
  const total = split.reduce((sum, { weight }) => sum + weight, 0);
  let left = (split.filter(({ weight }) => weight > 0).length > 1 ? draw() : 0) * total;
  for (const { backend, weight, isInvalid } of split) {
    if (left < weight) return { route, backend, canary: false, ...(isInvalid ? { isInvalid } : {}) };
    left -= weight;
  }
  return { route, backend: route.backend, canary: false, isInvalid: true };
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

/** A pattern that cannot be read counts as main. Look-around and back-references, which PCRE has, cannot: see parity. */
function patternVerdict(pattern: string, value: string): boolean | undefined {
  try {
    return compiled(pattern, false).test(value) ? true : undefined;
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error;
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
