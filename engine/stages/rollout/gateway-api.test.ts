import { describe, expect, it } from 'vitest';
import type { HttpRoute } from '../traffic/gateway/types.ts';
import { checkedUses, GATEWAY_PLUGIN, type RouteIntent, steerRoute, unsupportedPluginFields } from './gateway-api.ts';
import { HASH_ARGS, podTemplate, serviceManifest, templateManifest } from './testing/manifests.ts';
import { isNotBad, promote, reach, release } from './testing/scenario.ts';
import { NAMESPACE, SimulatedWorld } from './testing/simulated-world.ts';
import type { CanaryStrategy, Rollout, SetHeaderRoute } from './types.ts';

const IN_PROGRESS = { 'rollouts.argoproj.io/gatewayapi-canary': 'in-progress' };

function rollout(config: Record<string, unknown> = { httpRoute: 'web' }, more: Partial<CanaryStrategy> = {}): Rollout {
  const trafficRouting = { managedRoutes: [{ name: 'canary-route' }], plugins: { [GATEWAY_PLUGIN]: config } };
  const canary = { canaryService: 'web-canary', stableService: 'web-stable', trafficRouting, ...more };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: NAMESPACE } as Rollout['metadata'],
    spec: { strategy: { canary } },
  };
}

const backends = (canary?: number, stable?: number) => [
  { name: 'web-stable', port: 80, ...(stable === undefined ? {} : { weight: stable }) },
  { name: 'web-canary', port: 80, ...(canary === undefined ? {} : { weight: canary }) },
];

function httpRoute(rules: unknown[], labels?: Record<string, string>): HttpRoute {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'web', namespace: NAMESPACE, ...(labels === undefined ? {} : { labels }) },
    spec: { parentRefs: [{ name: 'main' }], rules },
  } as unknown as HttpRoute;
}

const ALL = { name: 'web', useHeaderRoutes: true };
const intent = (fields: Partial<RouteIntent>): RouteIntent => ({
  weight: undefined,
  removeManagedRoutes: false,
  headerRoute: undefined,
  ...fields,
});

describe('weights in HTTPRoutes, as the Gateway API plugin writes them', () => {
  it('every rule with both services is split, others stay as they are', () => {
    const other = { backendRefs: [{ name: 'other', port: 80 }] };
    const route = httpRoute([{ backendRefs: backends() }, other, { backendRefs: backends(7, 93) }]);
    const steered = steerRoute(rollout(), route, ALL, intent({ weight: 20 }));
    expect(steered.rules).toEqual([{ backendRefs: backends(20, 80) }, other, { backendRefs: backends(20, 80) }]);
    expect(steered.labels).toEqual(IN_PROGRESS);
  });

  it('at weight 0 the label goes and all traffic is stable', () => {
    const route = httpRoute([{ backendRefs: backends(20, 80) }], { app: 'web', ...IN_PROGRESS });
    expect(steerRoute(rollout(), route, ALL, intent({ weight: 0 }))).toEqual({
      labels: { app: 'web' },
      rules: [{ backendRefs: backends(0, 100) }],
    });
  });

  it('the label can have another name, or none', () => {
    const route = httpRoute([{ backendRefs: backends() }]);
    const labelled = (config: Record<string, unknown>) =>
      steerRoute(rollout({ httpRoute: 'web', ...config }), route, ALL, intent({ weight: 5 })).labels;
    expect(labelled({ inProgressLabelKey: 'k', inProgressLabelValue: 'v' })).toEqual({ k: 'v' });
    expect(labelled({ disableInProgressLabel: true })).toBeUndefined();
  });

  it.each([
    ['no service of the rollout', [{ backendRefs: [{ name: 'other' }] }]],
    ['only the stable service', [{ backendRefs: [{ name: 'web-stable' }] }]],
  ])('a route with %s is an error', (_what, rules) => {
    expect(() => steerRoute(rollout(), httpRoute(rules), ALL, intent({ weight: 5 }))).toThrow(
      'failed to set weight via plugin: backendRef was not found in httpRoute',
    );
  });

  it('a configuration without routes is an error; lists, names and selectors add up', () => {
    expect(() => checkedUses(rollout({}), [])).toThrow('No routes configured.');
    const found = { ...httpRoute([]), metadata: { ...httpRoute([]).metadata, name: 'found', labels: { a: 'b' } } };
    const config = { httpRoute: 'one', httpRoutes: [{ name: 'two' }], httpRouteSelector: { matchLabels: { a: 'b' } } };
    expect(checkedUses(rollout(config), [found])).toEqual([
      { name: 'two', useHeaderRoutes: false },
      { name: 'one', useHeaderRoutes: true },
      { name: 'found', useHeaderRoutes: false },
    ]);
  });

  it('what the engine has no counterpart for is named', () => {
    const plugins = { 'other/plugin': {}, [GATEWAY_PLUGIN]: { httpRoute: 'web', grpcRoute: 'g' } };
    expect(unsupportedPluginFields(plugins)).toEqual([
      'plugins.argoproj-labs/gatewayAPI.grpcRoute',
      'plugins.other/plugin',
    ]);
  });
});

describe('header routes', () => {
  const headerRoute: SetHeaderRoute = {
    name: 'canary-route',
    match: [
      { headerName: 'X-Canary', headerValue: { exact: 'yes' } },
      { headerName: 'X-User', headerValue: { prefix: 'beta-' } },
    ],
  };
  const headers = [
    { name: 'X-Canary', type: 'Exact', value: 'yes' },
    { name: 'X-User', type: 'RegularExpression', value: 'beta-.*' },
  ];
  const managed = (name: string, path?: string) => ({
    name,
    matches: [{ ...(path === undefined ? {} : { path: { type: 'PathPrefix', value: path } }), headers }],
    filters: [],
    backendRefs: [{ group: '', kind: 'Service', name: 'web-canary', port: 80 }],
  });
  const source = [
    { backendRefs: backends(20, 80) },
    { matches: [{ path: { type: 'PathPrefix', value: '/api' } }], backendRefs: backends(20, 80) },
  ];

  it('one managed rule for each rule that splits, made anew each time', () => {
    const once = steerRoute(rollout(), httpRoute(source), ALL, intent({ headerRoute })).rules;
    expect(once).toEqual([...source, managed('canary-route'), managed('canary-route-1', '/api')]);
    expect(steerRoute(rollout(), httpRoute([...once]), ALL, intent({ headerRoute })).rules).toEqual(once);
    expect(steerRoute(rollout(), httpRoute([...once]), ALL, intent({ weight: 30 })).rules).toEqual([
      { backendRefs: backends(30, 70) },
      { ...source[1], backendRefs: backends(30, 70) },
      managed('canary-route'),
      managed('canary-route-1', '/api'),
    ]);
  });

  it('they go when the rollout is done, or when the step names no match', () => {
    const route = httpRoute([...source, managed('canary-route'), managed('canary-route-1', '/api')]);
    expect(steerRoute(rollout(), route, ALL, intent({ removeManagedRoutes: true })).rules).toEqual(source);
    expect(steerRoute(rollout(), route, ALL, intent({ headerRoute: { name: 'canary-route' } })).rules).toEqual(source);
  });

  it('routes of a list take part only when they say so', () => {
    const use = { name: 'web', useHeaderRoutes: false };
    expect(steerRoute(rollout(), httpRoute(source), use, intent({ headerRoute })).rules).toEqual(source);
  });
});

describe('a canary through the Gateway API plugin', () => {
  const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];

  function world(canary: Partial<CanaryStrategy> = {}, options = {}): SimulatedWorld {
    const created = new SimulatedWorld(options);
    for (const name of ['web-stable', 'web-canary']) created.create(serviceManifest(name));
    created.create(templateManifest('success-rate'));
    created.create(httpRoute([{ backendRefs: backends() }]) as never);
    const strategy = { ...rollout().spec.strategy?.canary, steps, ...canary };
    created.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: {
        replicas: 4,
        selector: { matchLabels: { app: 'web' } },
        template: podTemplate('1'),
        strategy: { canary: strategy },
      },
    });
    reach(created, 'Healthy');
    return created;
  }

  const weightsOf = (at: SimulatedWorld) => {
    const route = at.engine.store.get('HTTPRoute.gateway.networking.k8s.io', NAMESPACE, 'web');
    return route?.spec.rules?.map((rule) => rule.backendRefs?.map(({ weight }) => weight));
  };

  it('weights follow the steps, and end with all traffic on the new stable version', () => {
    const at = world();
    expect(weightsOf(at)).toEqual([[100, 0]]);
    release(at, '2');
    reach(at, 'Paused');
    expect(weightsOf(at)).toEqual([[75, 25]]);
    expect(at.status.canary?.weights).toMatchObject({ canary: { weight: 25 }, stable: { weight: 75 }, verified: true });
    promote(at);
    at.runUntil(() => at.status.currentStepIndex === 3 && at.status.phase === 'Paused');
    expect(weightsOf(at)).toEqual([[40, 60]]);
    promote(at);
    reach(at, 'Healthy');
    expect(weightsOf(at)).toEqual([[100, 0]]);
  });

  it('an abort takes all traffic and the header routes back at once', () => {
    const match = [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }];
    const at = world(
      {
        steps: [
          { setWeight: 25 },
          { setHeaderRoute: { name: 'canary-route', match } },
          { analysis: { templates: [{ templateName: 'success-rate' }], args: HASH_ARGS } },
          { pause: {} },
        ],
      },
      { query: () => [0.5], podsWork: isNotBad },
    );
    release(at, '2');
    at.runUntil(() => (weightsOf(at)?.length ?? 0) === 2);
    expect(weightsOf(at)).toEqual([[75, 25], [undefined]]);
    reach(at, 'Degraded');
    expect(weightsOf(at)).toEqual([[100, 0]]);
    at.run(60_000);
    expect(weightsOf(at)).toEqual([[100, 0]]);
  });
});
