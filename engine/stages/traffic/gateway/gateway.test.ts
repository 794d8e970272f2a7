import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import type { Route } from '#machine/traffic.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { compareRoutes, findDestination, type RequestFacts } from '../match.ts';
import { redirectLocation, rewrittenUrl } from '../route-actions.ts';
import { planGateways } from './gateways.ts';

const NOW_MS = Date.parse('2026-01-05T09:00:00Z');

function put(store: Store, apiVersion: string, kind: string, name: string, spec: unknown, namespace = 'shop'): void {
  const metadata = {
    name,
    namespace,
    uid: `${kind}/${namespace}/${name}`,
    resourceVersion: '0',
    creationTimestamp: '2026-01-05T09:00:00Z',
    generation: 1,
  };
  store.put({ apiVersion, kind, metadata, spec } as unknown as KubeObject);
}

function world(
  rules: unknown[],
  more: { hostnames?: string[]; services?: string[]; parentRefs?: unknown[] } = {},
): Store {
  const store = new Store(volatileJournal);
  put(store, 'gateway.networking.k8s.io/v1', 'Gateway', 'main', {
    gatewayClassName: 'nginx',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  });
  for (const service of more.services ?? ['a', 'b']) put(store, 'v1', 'Service', service, { ports: [{ port: 80 }] });
  put(store, 'gateway.networking.k8s.io/v1', 'HTTPRoute', 'web', {
    parentRefs: more.parentRefs ?? [{ name: 'main' }],
    hostnames: more.hostnames,
    rules,
  });
  return store;
}

const routesOf = (store: Store): Route[] => [...planGateways(store, '127.0.0.1', NOW_MS).routes].sort(compareRoutes);
const to = (...services: [name: string, weight?: number][]) =>
  services.map(([name, weight]) => ({ name, port: 80, ...(weight === undefined ? {} : { weight }) }));

function serviceFor(routes: readonly Route[], request: Partial<RequestFacts>, draw = 0): string | undefined {
  return findDestination({ routes }, { host: 'web.localhost', path: '/', headers: {}, ...request }, () => draw)?.backend
    .service;
}

describe('which rule takes a request: the precedence of the Gateway API', () => {
  const path = (type: string, value: string) => ({ path: { type, value } });
  const rules = [
    { matches: [path('PathPrefix', '/')], backendRefs: to(['root']) },
    { matches: [path('PathPrefix', '/api')], backendRefs: to(['api']) },
    { matches: [path('Exact', '/api')], backendRefs: to(['exact']) },
    { matches: [{ ...path('PathPrefix', '/api'), method: 'POST' }], backendRefs: to(['post']) },
    {
      matches: [{ ...path('PathPrefix', '/api'), headers: [{ name: 'X-V', value: '2' }] }],
      backendRefs: to(['header']),
    },
    {
      matches: [{ ...path('PathPrefix', '/api'), headers: [{ name: 'X-V', type: 'RegularExpression', value: 'b.*' }] }],
      backendRefs: to(['pattern']),
    },
    {
      matches: [{ ...path('PathPrefix', '/api'), queryParams: [{ name: 'v', value: '2' }] }],
      backendRefs: to(['query']),
    },
    { matches: [path('RegularExpression', '/v[0-9]+/.*')], backendRefs: to(['versioned']) },
  ];
  const routes = routesOf(
    world(rules, { services: ['root', 'api', 'exact', 'post', 'header', 'pattern', 'query', 'versioned'] }),
  );

  it.each<[string, Partial<RequestFacts>, string]>([
    ['exact before prefix', { path: '/api' }, 'exact'],
    ['the longer prefix', { path: '/api/x' }, 'api'],
    ['prefixes end at path elements', { path: '/apis' }, 'root'],
    ['method before headers', { path: '/api/x', method: 'POST', headers: { 'x-v': '2' } }, 'post'],
    ['headers before query', { path: '/api/x', headers: { 'x-v': '2' }, query: 'v=2' }, 'header'],
    ['a header pattern matches the whole value', { path: '/api/x', headers: { 'x-v': 'beta' } }, 'pattern'],
    ['… not a part of it', { path: '/api/x', headers: { 'x-v': 'abeta' } }, 'api'],
    ['query parameters', { path: '/api/x', query: 'a=1&v=2' }, 'query'],
    ['path patterns', { path: '/v12/x' }, 'versioned'],
  ])('%s', (_name, request, service) => {
    expect(serviceFor(routes, request)).toBe(service);
  });

  it('hosts: exact, then the longest wildcard, which stands for any number of labels', () => {
    const store = world([{ backendRefs: to(['a']) }], { hostnames: ['*.localhost'] });
    put(store, 'gateway.networking.k8s.io/v1', 'HTTPRoute', 'narrow', {
      parentRefs: [{ name: 'main' }],
      hostnames: ['*.web.localhost', 'Web.localhost'],
      rules: [{ backendRefs: to(['b']) }],
    });
    const all = routesOf(store);
    const hosts = ['web.localhost', 'x.web.localhost', 'x.y.localhost', 'localhost'];
    expect(hosts.map((host) => serviceFor(all, { host }))).toEqual(['b', 'b', 'a', undefined]);
  });
});

describe('weights', () => {
  const routes = routesOf(world([{ backendRefs: to(['a', 3], ['b', 1]) }]));

  it('each back end gets its share of the draws', () => {
    expect([0, 0.74, 0.75, 0.99].map((draw) => serviceFor(routes, {}, draw))).toEqual(['a', 'a', 'b', 'b']);
  });

  it('weight 0 takes nothing, and without any weight nobody can be asked', () => {
    const zero = routesOf(world([{ backendRefs: to(['a', 0], ['b', 1]) }]));
    expect([0, 0.99].map((draw) => serviceFor(zero, {}, draw))).toEqual(['b', 'b']);
    const nobody = routesOf(world([{ backendRefs: to(['a', 0]) }]));
    const facts = { host: 'x', path: '/', headers: {} };
    expect(findDestination({ routes: nobody }, facts, () => 0)?.isInvalid).toBe(true);
  });

  it('a reference that leads nowhere keeps its share', () => {
    const broken = routesOf(world([{ backendRefs: to(['a', 1], ['gone', 1]) }]));
    const facts = { host: 'x', path: '/', headers: {} };
    expect([0, 0.5].map((draw) => findDestination({ routes: broken }, facts, () => draw)?.isInvalid === true)).toEqual([
      false,
      true,
    ]);
  });
});

describe('statuses', () => {
  interface Condition {
    type: string;
    status: string;
    reason: string;
    message: string;
  }

  function conditionsOf(store: Store): string[] {
    const effect = planGateways(store, '127.0.0.1', NOW_MS).effects.find(
      (candidate) => candidate.effect === 'patch' && candidate.target.kind.startsWith('HTTPRoute'),
    );
    const { status } = (effect as unknown as { patch: { status: { parents: { conditions: Condition[] }[] } } }).patch;
    return status.parents.flatMap(({ conditions }) =>
      conditions.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`),
    );
  }

  const good = [{ backendRefs: to(['a']) }];

  it.each<[string, unknown[], object, string[]]>([
    ['good', good, {}, ['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs']],
    [
      'no such Gateway',
      good,
      { parentRefs: [{ name: 'x' }] },
      ['Accepted=False NoMatchingParent', 'ResolvedRefs=True ResolvedRefs'],
    ],
    [
      'no such service',
      [{ backendRefs: to(['x']) }],
      {},
      ['Accepted=True Accepted', 'ResolvedRefs=False BackendNotFound'],
    ],
    [
      'another kind',
      [{ backendRefs: [{ name: 'x', kind: 'Bucket', group: 'g' }] }],
      {},
      ['Accepted=True Accepted', 'ResolvedRefs=False InvalidKind'],
    ],
    [
      'another namespace',
      [{ backendRefs: [{ name: 'x', namespace: 'other', port: 80 }] }],
      {},
      ['Accepted=True Accepted', 'ResolvedRefs=False RefNotPermitted'],
    ],
    [
      'a field that is not executed',
      [{ timeouts: { request: '1s' }, backendRefs: to(['a']) }],
      {},
      ['Accepted=False UnsupportedValue', 'ResolvedRefs=True ResolvedRefs'],
    ],
    [
      'a pattern that is none',
      [{ matches: [{ path: { type: 'RegularExpression', value: '(' } }], backendRefs: to(['a']) }],
      {},
      ['Accepted=False UnsupportedValue', 'ResolvedRefs=True ResolvedRefs'],
    ],
  ])('%s', (_name, rules, more, expected) => {
    expect(conditionsOf(world(rules, more))).toEqual(expected);
  });

  it('a ReferenceGrant permits another namespace', () => {
    const store = world([{ backendRefs: [{ name: 'x', namespace: 'other', port: 80 }] }]);
    put(store, 'v1', 'Service', 'x', { ports: [{ port: 80 }] }, 'other');
    const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }];
    const to = [{ group: '', kind: 'Service' }];
    put(store, 'gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', 'g', { from, to }, 'other');
    expect(conditionsOf(store)).toEqual(['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs']);
  });

  it('what stays the same is not written again', () => {
    const store = world(good);
    const apply = () => {
      const { effects } = planGateways(store, '127.0.0.1', NOW_MS);
      for (const effect of effects) {
        if (effect.effect !== 'patch') continue;
        const { kind, namespace, name } = effect.target;
        const object = store.get(kind, namespace, name) as KubeObject;
        store.put({ ...object, ...(effect.patch as object) });
      }
      return effects.length;
    };
    expect([apply(), apply()]).toEqual([2, 0]);
  });
});

describe('rewrites and redirects', () => {
  const route = (path: string, actions: Route['actions']) => ({ path, actions }) as Route;
  const prefix = (to: string) => ({ rewrite: { path: { kind: 'prefix', path: to } } }) as const;

  it.each([
    ['/foo/bar?q=1', '/foo', '/xyz', '/xyz/bar?q=1'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz'],
    ['/foo/bar', '/foo/', '/', '/bar'],
    ['/foo', '/foo', '/', '/'],
  ])('%s with prefix %s replaced by %s is %s', (url, from, replacement, expected) => {
    expect(rewrittenUrl(url, route(from, prefix(replacement)))).toBe(expected);
  });

  it.each([
    [{ status: 302 }, 'http://web.localhost:8080/a?b=1'],
    [{ status: 301, scheme: 'https' }, 'https://web.localhost/a?b=1'],
    [{ status: 302, hostname: 'x.example', port: 80 }, 'http://x.example/a?b=1'],
    [{ status: 302, path: { kind: 'full', path: '/new' } as const }, 'http://web.localhost:8080/new?b=1'],
  ])('redirect %o leads to %s', (to, location) => {
    expect(redirectLocation(to, route('/', {}), 'web.localhost:8080', '/a?b=1')).toBe(location);
  });
});
