import { isRecord } from '#core/json.ts';
import { matchesSelector } from '#kube/selector.ts';
import type { HttpRoute } from '../traffic/gateway/types.ts';
import { canaryOf, type Rollout, type SetHeaderRoute } from './types.ts';

/** The name under which a Rollout asks for the Gateway API plugin (argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi). */
export const GATEWAY_PLUGIN = 'argoproj-labs/gatewayAPI';

export interface GatewayConfig {
  httpRoute?: string;
  namespace?: string;
  httpRoutes?: readonly { name: string; useHeaderRoutes?: boolean }[];
  httpRouteSelector?: Parameters<typeof matchesSelector>[0];
  disableInProgressLabel?: boolean;
  inProgressLabelKey?: string;
  inProgressLabelValue?: string;
}

const FIELDS = new Set([
  'httpRoute',
  'namespace',
  'httpRoutes',
  'httpRouteSelector',
  'disableInProgressLabel',
  'inProgressLabelKey',
  'inProgressLabelValue',
]);

const NO_ROUTES =
  "No routes configured. At least one of 'httpRoutes', 'grpcRoutes', 'tcpRoutes', 'tlsRoutes', 'httpRoute', 'grpcRoute', 'tcpRoute' or 'tlsRoute' must be set";
const NOT_FOUND = 'backendRef was not found in httpRoute';

/** The settings of the plugin; undefined for a rollout that does not use it. */
export function gatewayConfigOf(rollout: Pick<Rollout, 'spec'>): GatewayConfig | undefined {
  const plugins = canaryOf(rollout).trafficRouting?.plugins;
  const config = isRecord(plugins) ? plugins[GATEWAY_PLUGIN] : undefined;
  return config === null ? {} : (config as GatewayConfig | undefined);
}

/** Fields of `trafficRouting.plugins` that the engine has no counterpart for: other plugins, other kinds of routes. */
export function unsupportedPluginFields(plugins: unknown): string[] {
  if (!isRecord(plugins)) return [];
  return Object.keys(plugins)
    .sort()
    .flatMap((name) => {
      if (name !== GATEWAY_PLUGIN) return [`plugins.${name}`];
      const config = plugins[name];
      const fields = isRecord(config) ? Object.keys(config).sort() : [];
      return fields.filter((field) => !FIELDS.has(field)).map((field) => `plugins.${name}.${field}`);
    });
}

export function gatewayNamespace(rollout: Rollout): string | undefined {
  return gatewayConfigOf(rollout)?.namespace || rollout.metadata.namespace;
}

interface RouteUse {
  name: string;
  useHeaderRoutes: boolean;
}

/** The HTTPRoutes a rollout steers, in the plugin's order: the list, the single one, what the selector finds. */
export function routeUses(rollout: Rollout, present: readonly HttpRoute[]): RouteUse[] {
  const { httpRoutes = [], httpRoute = '', httpRouteSelector } = gatewayConfigOf(rollout) ?? {};
  const found = httpRouteSelector === undefined ? [] : present.filter((route) => isSelected(route, rollout));
  return [
    ...httpRoutes.map(({ name, useHeaderRoutes = false }) => ({ name, useHeaderRoutes })),
    ...(httpRoute === '' ? [] : [{ name: httpRoute, useHeaderRoutes: true }]),
    ...found.map(({ metadata }) => ({ name: metadata.name, useHeaderRoutes: false })),
  ];
}

function isSelected({ metadata }: HttpRoute, rollout: Rollout): boolean {
  return matchesSelector(gatewayConfigOf(rollout)?.httpRouteSelector, metadata.labels);
}

/** Whether a change of this HTTPRoute concerns the rollout. */
export function steersRoute(rollout: Rollout, { metadata }: { metadata: HttpRoute['metadata'] }): boolean {
  const config = gatewayConfigOf(rollout);
  if (config === undefined || metadata.namespace !== gatewayNamespace(rollout)) return false;
  const { httpRoutes = [], httpRoute, httpRouteSelector } = config;
  if (metadata.name === httpRoute || httpRoutes.some(({ name }) => name === metadata.name)) return true;
  return httpRouteSelector !== undefined && matchesSelector(httpRouteSelector, metadata.labels);
}

/** What a pass wants of the routes. */
export interface RouteIntent {
  /** Undefined: leave the weights as they are. */
  weight: number | undefined;
  removeManagedRoutes: boolean;
  headerRoute: SetHeaderRoute | undefined;
}

/** The plugin could not do what was asked; the text is the one a user of the plugin sees. */
export class RouterError extends Error {
  override name = 'RouterError';
}

type Rules = NonNullable<HttpRoute['spec']['rules']>;
type Rule = Rules[number];

/** An HTTPRoute's metadata.labels and spec.rules as they should be. */
export interface SteeredRoute {
  labels: Record<string, string> | undefined;
  rules: Rules;
}

/** Applies an intent to one route, in the plugin's order: managed routes away, header route, weights, label. Throws RouterError. */
export function steerRoute(rollout: Rollout, route: HttpRoute, use: RouteUse, intent: RouteIntent): SteeredRoute {
  let rules: Rules = route.spec.rules ?? [];
  if (intent.removeManagedRoutes && use.useHeaderRoutes) rules = withoutManagedRules(rollout, rules);
  if (intent.headerRoute !== undefined && use.useHeaderRoutes)
    rules = withHeaderRoute(rollout, rules, intent.headerRoute);
  const { labels } = route.metadata;
  if (intent.weight === undefined) return { labels, rules };
  return {
    labels: withProgressLabel(rollout, labels, intent.weight),
    rules: withWeights(rollout, rules, intent.weight),
  };
}

/** Throws RouterError when the configuration names no route at all. */
export function checkedUses(rollout: Rollout, present: readonly HttpRoute[]): RouteUse[] {
  const uses = routeUses(rollout, present);
  if (uses.length === 0) throw new RouterError(`failed to set weight via plugin: ${NO_ROUTES}`);
  return uses;
}

function managedNames(rollout: Rollout): string[] {
  return (canaryOf(rollout).trafficRouting?.managedRoutes ?? []).map(({ name }) => name);
}

/** Rules the plugin made: by their name, or (older versions) by having the canary service as their only back end. */
function isManaged(rule: Rule, names: readonly string[], canaryService: string): boolean {
  return hasManagedName(rule, names) || isCanaryOnly(rule, canaryService);
}

function hasManagedName({ name }: Rule, names: readonly string[]): boolean {
  return (
    name !== undefined &&
    names.some(
      (base) => name === base || (name.startsWith(`${base}-`) && /^[+-]?\d+$/.test(name.slice(base.length + 1))),
    )
  );
}

function isCanaryOnly({ backendRefs = [] }: Rule, canaryService: string): boolean {
  return backendRefs.length === 1 && backendRefs[0]?.name === canaryService;
}

function withoutManagedRules(rollout: Rollout, rules: Rules): Rules {
  const { canaryService = '' } = canaryOf(rollout);
  const names = managedNames(rollout);
  return rules.filter((rule) => !isManaged(rule, names, canaryService));
}

function withWeights(rollout: Rollout, rules: Rules, weight: number): Rules {
  const { canaryService = '', stableService = '' } = canaryOf(rollout);
  const names = managedNames(rollout);
  const rest = 100 - weight;
  const found = new Set<string>();
  const steered = rules.map((rule) => {
    if (isManaged(rule, names, canaryService)) return rule;
    const backendRefs = (rule.backendRefs ?? []).map((ref) => {
      if (ref.name !== canaryService && ref.name !== stableService) return ref;
      found.add(ref.name);
      return { ...ref, weight: ref.name === canaryService ? weight : rest };
    });
    return rule.backendRefs === undefined ? rule : { ...rule, backendRefs };
  });
  if (!found.has(canaryService) || !found.has(stableService)) {
    throw new RouterError(`failed to set weight via plugin: ${NOT_FOUND}`);
  }
  if (rest < 0) {
    const message = `spec.rules[].backendRefs[].weight: Invalid value: ${rest}: the plugin counts in hundredths`;
    throw new RouterError(`failed to set weight via plugin: ${message}`);
  }
  return steered;
}

function withProgressLabel(
  rollout: Rollout,
  labels: Record<string, string> | undefined,
  weight: number,
): Record<string, string> | undefined {
  const config = gatewayConfigOf(rollout) ?? {};
  if (config.disableInProgressLabel) return labels;
  const key = config.inProgressLabelKey || 'rollouts.argoproj.io/gatewayapi-canary';
  if (weight !== 0) return { ...labels, [key]: config.inProgressLabelValue || 'in-progress' };
  if (labels?.[key] === undefined) return labels;
  const { [key]: _gone, ...others } = labels;
  return others;
}

type HeaderMatch = NonNullable<NonNullable<Rule['matches']>[number]['headers']>[number];

/** One managed rule for each rule that splits between stable and canary: the same matches and filters, with the headers added. */
function withHeaderRoute(rollout: Rollout, rules: Rules, wanted: SetHeaderRoute): Rules {
  if (wanted.match === undefined) return withoutManagedRules(rollout, rules);
  const { canaryService = '', stableService = '' } = canaryOf(rollout);
  const headers = headerMatches(wanted);
  const sources = rules.filter(({ backendRefs = [] }) =>
    [canaryService, stableService].every((service) => backendRefs.some(({ name }) => name === service)),
  );
  if (sources.length === 0) throw new RouterError(`failed to set header route via plugin: ${NOT_FOUND}`);
  const name = wanted.name ?? '';
  const kept = rules.filter(
    (rule) => !hasManagedName(rule, [name]) && !isEarlierHeaderRule(rule, canaryService, headers),
  );
  const managed = sources.map((source, index) =>
    headerRule(source, index === 0 ? name : `${name}-${index}`, canaryService, headers),
  );
  return [...kept, ...managed];
}

function isEarlierHeaderRule(rule: Rule, canaryService: string, headers: readonly HeaderMatch[]): boolean {
  if (!isCanaryOnly(rule, canaryService)) return false;
  return (rule.matches ?? []).some((match) =>
    headers.every((wanted) => (match.headers ?? []).some(({ name }) => name === wanted.name)),
  );
}

function headerRule(source: Rule, name: string, canaryService: string, headers: HeaderMatch[]): Rule {
  const port = source.backendRefs?.find((ref) => ref.name === canaryService)?.port;
  const matches = source.matches ?? [];
  return {
    name,
    matches:
      matches.length === 0
        ? [{ headers }]
        : matches.map((match) => ({ ...match, headers: [...(match.headers ?? []), ...headers] })),
    filters: source.filters ?? [],
    backendRefs: [{ group: '', kind: 'Service', name: canaryService, ...(port === undefined ? {} : { port }) }],
  };
}

function headerMatches({ match = [] }: SetHeaderRoute): HeaderMatch[] {
  return match.map(({ headerName = '', headerValue = {} }): HeaderMatch => {
    const { exact, prefix, regex } = headerValue;
    if (exact) return { name: headerName, type: 'Exact', value: exact };
    if (prefix) return { name: headerName, type: 'RegularExpression', value: `${prefix}.*` };
    if (regex) return { name: headerName, type: 'RegularExpression', value: regex };
    throw new RouterError('failed to set header route via plugin: invalid header match type');
  });
}
