import { describe, expect, it } from 'vitest';
import type { CanaryRule, Route } from '#machine/traffic.ts';
import { compareRoutes, goesToCanary, hostMatches, pathMatches } from './match.ts';

const backend = { namespace: 'n', service: 's', port: '80', endpoints: [] };
const rule = (extra: Partial<CanaryRule>): CanaryRule => ({
  ingress: 'i',
  backend,
  weight: 0,
  weightTotal: 100,
  ...extra,
});
const request = (headers: Record<string, string>) => ({ host: 'h', path: '/', headers });
const half = () => 0.5;

describe('ingress-nginx precedence: header, then cookie, then weight', () => {
  it.each([
    ['header always beats weight 0', rule({ header: { name: 'X-Canary' } }), { 'x-canary': 'always' }, true],
    [
      'header never beats weight 100',
      rule({ header: { name: 'X-Canary' }, weight: 100 }),
      { 'x-canary': 'never' },
      false,
    ],
    [
      'another header value falls to the cookie',
      rule({ header: { name: 'X-Canary' }, cookie: 'c' }),
      { 'x-canary': 'x', cookie: 'a=1; c=always' },
      true,
    ],
    [
      'with a value, always means nothing',
      rule({ header: { name: 'X-Canary', value: 'v' } }),
      { 'x-canary': 'always' },
      false,
    ],
    ['the value matches', rule({ header: { name: 'X-Canary', value: 'v' } }), { 'x-canary': 'v' }, true],
    ['the pattern matches', rule({ header: { name: 'X-Canary', pattern: '^b' } }), { 'x-canary': 'beta' }, true],
    [
      'a broken pattern is main',
      rule({ header: { name: 'X-Canary', pattern: '(' }, weight: 100 }),
      { 'x-canary': 'beta' },
      false,
    ],
    ['cookie never beats weight 100', rule({ cookie: 'c', weight: 100 }), { cookie: 'c=never' }, false],
    ['draw 0.5 of 100 is 51: weight 50 is main', rule({ weight: 50 }), {}, false],
    ['draw 0.5 of 100 is 51: weight 51 is canary', rule({ weight: 51 }), {}, true],
    ['a total of 1000 makes 501', rule({ weight: 501, weightTotal: 1000 }), {}, true],
  ])('%s', (_name, canary, headers, expected) => {
    expect(goesToCanary(canary, request(headers as Record<string, string>), half)).toBe(expected);
  });
});

it.each([
  ['*.a.io', 'x.a.io', true],
  ['*.a.io', 'y.x.a.io', false],
  ['*.a.io', 'a.io', false],
  ['a.io', 'a.io', true],
  ['*', 'anything', true],
])('host %s and %s: %s', (pattern, host, expected) => expect(hostMatches(pattern, host)).toBe(expected));

it.each([
  ['Prefix', '/api', '/api/x', true],
  ['Prefix', '/api', '/apix', false],
  ['Prefix', '/api/', '/api', true],
  ['Prefix', '/', '/anything', true],
  ['Exact', '/api', '/api/', false],
  ['ImplementationSpecific', '/api', '/apix', true],
] as const)('%s %s and %s: %s', (pathType, path, asked, expected) =>
  expect(pathMatches({ path, pathType }, asked)).toBe(expected),
);

it('orders exact hosts, then longer paths, then Exact first', () => {
  const make = (host: string, path: string, pathType: Route['pathType'] = 'Prefix'): Route => ({
    host,
    path,
    pathType,
    namespace: 'n',
    ingress: 'i',
    backend,
  });
  const routes = [
    make('*', '/long/path'),
    make('*.a.io', '/'),
    make('x.a.io', '/'),
    make('x.a.io', '/api'),
    make('x.a.io', '/api', 'Exact'),
  ];
  const order = routes.sort(compareRoutes).map(({ host, path, pathType }) => `${host}${path} ${pathType}`);
  expect(order).toEqual([
    'x.a.io/api Exact',
    'x.a.io/api Prefix',
    'x.a.io/ Prefix',
    '*.a.io/ Prefix',
    '*/long/path Prefix',
  ]);
});
