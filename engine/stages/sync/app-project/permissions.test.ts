import { describe, expect, it } from 'vitest';
import { isDestinationPermitted, isKindPermitted, isSourcePermitted, type KindRule } from './permissions.ts';
import { validateProject } from './validation.ts';

const GH = 'https://github.com';
const GL = 'https://gitlab.com/group';

describe('sources', () => {
  it.each<[string, string[], string, boolean]>([
    ['S01', ['*'], `${GH}/argoproj/test.git`, true],
    ['S02', [`${GH}/argoproj/test.git`], `${GH}/argoproj/test.git`, true],
    ['S02', [`${GH}/argoproj/test.git`], `${GH}/argoproj/test`, true],
    ['S03', ['ssh://git@GITHUB.com:argoproj/test'], 'ssh://git@github.com:argoproj/test', true],
    ['S04', [`${GH}/argoproj/*`], `${GH}/argoproj/argoproj.git`, true],
    ['S05', [`${GH}/test1/test.git`, `${GH}/test2/test.git`], `${GH}/test2/test.git`, true],
    ['S06', [`${GH}/argoproj/test1.git`], `${GH}/argoproj/test2.git`, false],
    ['S07', [`${GH}/argoproj/*.git`], `${GH}/argoproj1/test2.git`, false],
    ['S08', [`${GH}/argoproj/foo`], `${GH}/argoproj/foo1`, false],
    ['S09', [`${GL}/*`], `${GL}/repo/owner`, false],
    ['S10', [`${GL}/*/*`], `${GL}/repo/owner`, true],
    ['S11', [`${GL}/*/*/*`], `${GL}/sub-group/repo/owner`, true],
    ['S12', [`${GL}/**`], `${GL}/sub-group/repo/owner`, true],
    ['S13', [`!${GH}/argoproj/test.git`], `${GH}/argoproj/test.git`, false],
    ['S14', ['!ssh://git@GITHUB.com:argoproj/test'], 'ssh://git@github.com:argoproj/test', false],
    ['S15', [`!${GH}/argoproj/*`], `${GH}/argoproj/argoproj.git`, false],
    ['S16', [`${GH}/test1/test.git`, `!${GH}/test2/test.git`], `${GH}/test2/test.git`, false],
    ['S17', [`!${GH}/argoproj/foo*`], `${GH}/argoproj/foo1`, false],
    ['S18', [`!${GL}/**`], `${GL}/sub-group/repo/owner`, false],
    ['S19', [`${GH}/argoproj/test1.git`, '*'], `${GH}/argoproj/test2.git`, true],
    ['S20', [`!${GH}/argoproj/*.git`, '*'], `${GH}/argoproj1/test2.git`, true],
  ])('cd/%s %j for %s: %s', (_id, sourceRepos, url, expected) => {
    expect(isSourcePermitted({ sourceRepos }, url)).toBe(expected);
  });

  it('permits what deny patterns alone do not deny, and nothing without patterns', () => {
    expect(isSourcePermitted({ sourceRepos: [`!${GH}/a/b`] }, `${GH}/c/d`)).toBe(true);
    expect(isSourcePermitted({}, `${GH}/c/d`)).toBe(false);
  });
});

const K = 'https://kubernetes.default.svc';
type Item = [server: string, namespace: string, name?: string];

describe('destinations', () => {
  it.each<[string, Item[], Item, boolean]>([
    ['D01', [[K, 'default']], [K, 'default'], true],
    ['D02', [[K, 'default']], [K, 'kube-system'], false],
    ['D03', [['https://my-cluster', 'default']], [K, 'default'], false],
    ['D04', [[K, '*']], [K, 'kube-system'], true],
    ['D05', [['https://*.default.svc', 'default']], [K, 'default'], true],
    ['D06', [['https://team1-*', 'default']], ['https://test2-dev-cluster', 'default'], false],
    ['D07', [[K, 'test-*']], [K, 'test-foo'], true],
    ['D07', [[K, 'test-*']], [K, 'test'], false],
    ['D08', [['', '*', 'test']], ['', 'test', 'test'], true],
    ['D09', [['', '*', 'test2']], ['', 'test', 'test'], false],
    ['D10', [[`!${K}`, 'default']], [K, 'default'], false],
    ['D11', [[K, '!default']], [K, 'kube-system'], true],
    ['D12', [['!https://my-cluster', 'default']], [K, 'default'], true],
    ['D13', [[`!${K}`, '*']], [K, 'kube-system'], false],
    ['D14', [['!https://*.default.svc', 'default']], [K, 'default'], false],
    ['D15', [['!https://team1-*', 'default']], ['https://test2-dev-cluster', 'default'], true],
    ['D16', [[K, '!test-*']], [K, 'test-foo'], false],
    ['D16', [[K, '!test-*']], [K, 'test'], true],
    ['D17', [['', '*', '!test']], ['', 'test', 'test'], false],
    ['D18', [['', '*', '!test2']], ['', 'test', 'test'], true],
    [
      'D19',
      [
        ['*', 'kube-system'],
        ['*', '!kube-system'],
      ],
      [K, 'kube-system'],
      false,
    ],
    [
      'D20',
      [
        ['*', '*'],
        ['*', '!kube-system'],
      ],
      [K, 'kube-system'],
      false,
    ],
    [
      'D21',
      [
        [K, '*'],
        [`!${K}`, '*'],
      ],
      [K, 'kube-system'],
      false,
    ],
    [
      'D22',
      [
        ['*', '*'],
        [`!${K}`, 'kube-system'],
      ],
      [K, 'kube-system'],
      false,
    ],
    [
      'D23',
      [
        ['*', '*'],
        [`!${K}`, 'kube-system'],
        ['*', '!kube-system'],
      ],
      [K, 'kube-system'],
      false,
    ],
    [
      'D23',
      [
        ['*', '*'],
        [`!${K}`, 'kube-system'],
        ['*', '!kube-system'],
      ],
      [K, 'default'],
      true,
    ],
    [
      'D23',
      [
        ['*', '*'],
        [`!${K}`, 'kube-system'],
        ['*', '!kube-system'],
      ],
      ['https://test-dev-cluster', 'kube-system'],
      false,
    ],
    [
      'D24',
      [
        [K, '!{kube-system,argocd}', 'host-cluster'],
        ['https://eks', '*', 'destination-cluster-01'],
      ],
      ['https://eks', 'karpenter'],
      true,
    ],
  ])('cd/%s %j for %j: %s', (_id, items, [server, namespace, name = ''], expected) => {
    const destinations = items.map(([s, n, c]) => ({ server: s, namespace: n, name: c }));
    expect(isDestinationPermitted({ destinations }, { server, namespace, name })).toBe(expected);
  });

  it.each<
    [
      string,
      { server?: string; name?: string; namespace?: string },
      string[],
      { server: string; name: string },
      boolean,
    ]
  >([
    [
      'D25',
      { server: 'https://team1-*', namespace: 'default' },
      [],
      { server: 'https://team1-something.com', name: '' },
      false,
    ],
    [
      'D26',
      { server: 'https://my-cluster.123.com', namespace: 'default' },
      ['https://my-cluster.123.com'],
      { server: 'https://my-cluster.123.com', name: '' },
      true,
    ],
    [
      'D27',
      { server: 'https://my-cluster.123.com', namespace: 'default' },
      ['https://my-cluster.123.com'],
      { server: 'https://some-other-cluster.example.com', name: '' },
      false,
    ],
    ['D28', { name: 'some-server', namespace: 'default' }, [], { server: '', name: 'some-server' }, false],
  ])('cd/%s only project-scoped clusters', (_id, item, clusters, cluster, expected) => {
    const spec = { destinations: [item], permitOnlyProjectScopedClusters: true };
    const scoped = clusters.map((server) => ({ server, name: '' }));
    expect(isDestinationPermitted(spec, { ...cluster, namespace: 'default' }, scoped)).toBe(expected);
  });
});

describe('kinds', () => {
  const rule = (text: string): KindRule => {
    const [group = '', kind = '', name] = text.split('/');
    return { group, kind, ...(name === undefined ? {} : { name }) };
  };
  const lists = (text: Record<string, string[]>) =>
    Object.fromEntries(Object.entries(text).map(([key, rules]) => [key, rules.map(rule)]));

  it.each<[string, Record<string, string[]>, string, boolean, boolean]>([
    [
      'K01',
      { namespaceResourceWhitelist: [], namespaceResourceBlacklist: ['apps/Deployment'] },
      'apps/ReplicaSet/x',
      true,
      false,
    ],
    [
      'K02',
      { namespaceResourceWhitelist: ['apps/ReplicaSet'], namespaceResourceBlacklist: ['apps/Deployment'] },
      'apps/ReplicaSet/x',
      true,
      true,
    ],
    [
      'K02',
      { namespaceResourceWhitelist: ['apps/ReplicaSet'], namespaceResourceBlacklist: ['apps/Deployment'] },
      'apps/Action/x',
      true,
      false,
    ],
    ['K03', { clusterResourceBlacklist: ['/Namespace'] }, '/Namespace/x', false, false],
    ['K04', { clusterResourceWhitelist: ['*/*'], clusterResourceBlacklist: ['*/*'] }, '/Namespace/x', false, false],
    ['K04', { clusterResourceWhitelist: ['*/*'], clusterResourceBlacklist: ['*/*'] }, 'apps/Action/x', true, true],
    ['K05', { clusterResourceWhitelist: [], namespaceResourceWhitelist: ['*/*'] }, '/Namespace/x', false, false],
    ['K05', { clusterResourceWhitelist: [], namespaceResourceWhitelist: ['*/*'] }, 'apps/Action/x', true, true],
    ['K06', {}, '/Namespace/x', false, false],
    ['K06', {}, 'apps/Action/x', true, true],
    ['K07', { clusterResourceWhitelist: ['/Namespace/team1-*'] }, '/Namespace/other-namespace', false, false],
    ['K07', { clusterResourceWhitelist: ['/Namespace/team1-*'] }, '/Namespace/team1-namespace', false, true],
  ])('cd/%s %j for %s: %s', (_id, spec, query, namespaced, expected) => {
    const { group, kind, name = '' } = rule(query);
    expect(isKindPermitted(lists(spec), { group, kind, name }, namespaced)).toBe(expected);
  });
});

it('finds what makes a project invalid (§1.6)', () => {
  const twice = { server: K, namespace: 'a' };
  expect(validateProject({ sourceRepos: ['!*', 'a', 'a'], destinations: [twice, twice, { name: '!*' }] })).toEqual([
    "name has an invalid format, '!*'",
    "source repository has an invalid format, '!*'",
    `destination '${K}/a' already added`,
    "source repository 'a' already added",
  ]);
});
