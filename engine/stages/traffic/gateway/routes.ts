import type { HeaderChanges, PathChange, Route, RouteActions, RouteConditions, ValueMatch } from '#machine/traffic.ts';
import type { Reader } from '#store/store.ts';
import { resolveBackend, weightedBackends } from './backends.ts';
import type { Filter, HttpRoute, ReferenceGrant, Rule, Verdict } from './types.ts';

type Match = NonNullable<Rule['matches']>[number];

const REDIRECT_STATUS = 302;

/** The routes of one HTTPRoute for its hosts, rule by rule, and the first reference that leads nowhere. */
export function httpRouteRoutes(
  route: HttpRoute,
  hosts: readonly string[],
  objects: Reader,
  grants: readonly ReferenceGrant[],
): { routes: Route[]; problem: Verdict | undefined } {
  let problem: Verdict | undefined;
  const routes = (route.spec.rules ?? [{}]).flatMap((rule) => {
    const backends = weightedBackends(route, rule.backendRefs ?? [], objects, grants);
    const { actions, problem: filterProblem } = actionsOf(route, rule, objects, grants);
    problem ??= backends.problem ?? filterProblem;
    const { namespace = '', name, creationTimestamp } = route.metadata;
    const base = {
      namespace,
      ingress: name,
      createdAt: creationTimestamp,
      isDeepWildcard: true,
      backend: backends.split[0]?.backend ?? { namespace, service: '', port: '', endpoints: [] },
      split: backends.split,
      ...(actions === undefined ? {} : { actions }),
    };
    const matches: readonly Match[] = rule.matches ?? [{}];
    return hosts.flatMap((host) => matches.map((match): Route => ({ ...base, host, ...matchOf(match) })));
  });
  return { routes, problem };
}

function matchOf({
  path,
  headers = [],
  queryParams = [],
  method,
}: Match): Pick<Route, 'path' | 'pathType' | 'conditions'> {
  const types = { Exact: 'Exact', PathPrefix: 'Prefix', RegularExpression: 'RegularExpression' } as const;
  const valueMatch = (name: string, { value, type }: { value: string; type?: string }): ValueMatch => ({
    name,
    value,
    isPattern: type === 'RegularExpression',
  });
  const conditions: RouteConditions = {
    ...(method === undefined ? {} : { method }),
    headers: headers.map((header) => valueMatch(header.name.toLowerCase(), header)),
    query: queryParams.map((parameter) => valueMatch(parameter.name, parameter)),
  };
  return {
    path: path?.value ?? '/',
    pathType: types[(path?.type ?? 'PathPrefix') as keyof typeof types],
    conditions,
  };
}

function actionsOf(
  route: HttpRoute,
  rule: Rule,
  objects: Reader,
  grants: readonly ReferenceGrant[],
): { actions: RouteActions | undefined; problem: Verdict | undefined } {
  const filters = rule.filters ?? [];
  if (filters.length === 0) return { actions: undefined, problem: undefined };
  let problem: Verdict | undefined;
  const actions: RouteActions = {};
  for (const filter of filters) {
    Object.assign(actions, simpleAction(filter));
    if (filter.requestMirror === undefined) continue;
    const { backendRef, percent, fraction } = filter.requestMirror;
    const resolved = resolveBackend(route, backendRef, objects, grants);
    problem ??= resolved.problem;
    const share = fraction === undefined ? (percent ?? 100) / 100 : fraction.numerator / (fraction.denominator ?? 100);
    actions.mirrors = [...(actions.mirrors ?? []), { backend: resolved.backend, share }];
  }
  return { actions, problem };
}

function simpleAction(filter: Filter): RouteActions {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite } = filter;
  if (requestHeaderModifier !== undefined) return { requestHeaders: headerChanges(requestHeaderModifier) };
  if (responseHeaderModifier !== undefined) return { responseHeaders: headerChanges(responseHeaderModifier) };
  if (requestRedirect !== undefined) {
    const { scheme, hostname, port, path, statusCode = REDIRECT_STATUS } = requestRedirect;
    return {
      redirect: {
        status: statusCode,
        ...(scheme === undefined ? {} : { scheme }),
        ...(hostname === undefined ? {} : { hostname }),
        ...(port === undefined ? {} : { port }),
        ...(path === undefined ? {} : { path: pathChange(path) }),
      },
    };
  }
  if (urlRewrite === undefined) return {};
  const { hostname, path } = urlRewrite;
  return {
    rewrite: {
      ...(hostname === undefined ? {} : { hostname }),
      ...(path === undefined ? {} : { path: pathChange(path) }),
    },
  };
}

function pathChange(path: { type: string; replaceFullPath?: string; replacePrefixMatch?: string }): PathChange {
  return path.type === 'ReplaceFullPath'
    ? { kind: 'full', path: path.replaceFullPath ?? '/' }
    : { kind: 'prefix', path: path.replacePrefixMatch ?? '/' };
}

function headerChanges({ set, add, remove }: NonNullable<Filter['requestHeaderModifier']>): HeaderChanges {
  const byName = (entries: typeof set) =>
    Object.fromEntries((entries ?? []).map(({ name, value }) => [name.toLowerCase(), value]));
  return { set: byName(set), add: byName(add), remove: (remove ?? []).map((name) => name.toLowerCase()) };
}
