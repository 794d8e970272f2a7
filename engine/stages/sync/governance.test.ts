import { describe, expect, it } from 'vitest';
import { configMap, REPOSITORY, SyncWorld, shopApplication } from './testing/simulated-world.ts';

const OPEN = { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }] };
const CLUSTER = 'https://kubernetes.default.svc';

function project(name: string, spec: Record<string, unknown>, labels: Record<string, string> = {}) {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd', labels },
    spec,
  };
}

function worldWith(spec: Record<string, unknown>, before: (world: SyncWorld) => void = () => {}): SyncWorld {
  const world = new SyncWorld();
  world.create(project('governed', { ...OPEN, ...spec }, { team: 'shop' }));
  before(world);
  world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
  world.create(shopApplication({ project: 'governed' }));
  world.run();
  return world;
}

const conditionsOf = (world: SyncWorld, name = 'shop') =>
  (world.application(name).status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`);
const object = (kind: string, name: string, more: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'shop', ...more },
});

describe('orphaned resources', () => {
  it('are counted with what they brought forth, as they come and go (cd/C21)', () => {
    const world = worldWith({ orphanedResources: { warn: true } });
    expect(conditionsOf(world), 'nothing but what is managed').toEqual([]);
    world.create({ ...object('Deployment', 'web'), apiVersion: 'apps/v1' });
    world.run();
    expect(conditionsOf(world)).toEqual(['OrphanedResourceWarning: Application has 1 orphaned resources']);
    const owner = world.get('Deployment.apps', 'web');
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: owner?.metadata.uid ?? '', controller: true },
    ];
    world.create({ ...object('ReplicaSet', 'web-1', { ownerReferences }), apiVersion: 'apps/v1' });
    world.create(object('Secret', 'forgotten'));
    world.create(object('ServiceAccount', 'default'));
    world.run();
    expect(conditionsOf(world)).toEqual(['OrphanedResourceWarning: Application has 3 orphaned resources']);
    world.engine.resources.delete({ kind: 'Secret', namespace: 'shop', name: 'forgotten' });
    world.run();
    expect(conditionsOf(world)).toEqual(['OrphanedResourceWarning: Application has 2 orphaned resources']);
    const target = { kind: 'AppProject.argoproj.io', namespace: 'argocd', name: 'governed' };
    world.patch(target, { spec: { orphanedResources: { ignore: [{ group: 'apps', kind: 'Deployment' }] } } });
    world.run();
    expect(conditionsOf(world)).toEqual([]);
  });

  it("are not what another Application manages, nor another namespace's", () => {
    const world = worldWith({ orphanedResources: { warn: true } });
    world.git.commit(REPOSITORY, { 'other/b.yaml': configMap('b', '1') });
    const source = { repoURL: REPOSITORY, targetRevision: 'HEAD', path: 'other' };
    world.create(shopApplication({ project: 'governed', source }, { name: 'other' }));
    world.create({ ...object('Secret', 'elsewhere'), metadata: { name: 'elsewhere', namespace: 'argocd' } });
    world.run();
    expect(world.get('ConfigMap', 'b')).toBeDefined();
    expect([...conditionsOf(world), ...conditionsOf(world, 'other')]).toEqual([]);
  });

  it('wake nobody where no project looks for them', () => {
    const world = worldWith({});
    const steps = world.steps.filter(({ controller }) => controller === 'argocd-application-controller').length;
    world.create(object('Secret', 'forgotten'));
    world.run();
    expect(world.steps.filter(({ controller }) => controller === 'argocd-application-controller').length).toBe(steps);
  });
});

it('refuses rules that are not of their type, by path, and deploys nothing', () => {
  const world = worldWith({
    syncWindows: [{ kind: 'deny', schedule: 5, applications: 'all' }, null],
    sourceIntegrity: { git: { policies: {} } },
    orphanedResources: { warn: 'yes' },
  });
  expect(world.get('ConfigMap', 'a')).toBeUndefined();
  expect(conditionsOf(world)).toEqual(
    [
      'orphanedResources.warn: must be a boolean, and is a string',
      'sourceIntegrity.git.policies: must be a list, and is an object',
      'syncWindows[0].applications: must be a list, and is a string',
      'syncWindows[0].schedule: must be a string, and is a number',
      'syncWindows[1]: must not be empty',
    ].map((text) => `InvalidSpecError: project 'governed': spec.${text}`),
  );
});

describe('permitOnlyProjectScopedClusters', () => {
  const secret = (name: string) => ({
    ...object('Secret', 'cluster'),
    metadata: { name: 'cluster', namespace: 'argocd', labels: { 'argocd.argoproj.io/secret-type': 'cluster' } },
    data: { server: btoa(CLUSTER), name: btoa('in-cluster'), project: btoa(name) },
  });

  it.each([
    ['no cluster of its own', undefined, false],
    ["another project's cluster", 'another', false],
    ['its own cluster', 'governed', true],
  ])('with %s', (_what, owner, permitted) => {
    const world = worldWith({ permitOnlyProjectScopedClusters: true }, (made) => {
      if (owner !== undefined) made.create(secret(owner));
    });
    expect(world.get('ConfigMap', 'a') !== undefined).toBe(permitted);
    if (!permitted) expect(conditionsOf(world)[0]).toContain('do not match any of the allowed destinations');
  });

  it('looks again when a cluster becomes its own', () => {
    const world = worldWith({ permitOnlyProjectScopedClusters: true });
    world.create(secret('governed'));
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeDefined();
  });
});

describe('global projects', () => {
  const settings = (labelSelector: string) => ({
    ...object('ConfigMap', 'argocd-cm'),
    metadata: { name: 'argocd-cm', namespace: 'argocd' },
    data: { globalProjects: `- projectName: everywhere\n  labelSelector: ${labelSelector}\n` },
  });
  const night = { kind: 'allow', schedule: '0 22 * * *', duration: '1h', applications: ['*'] };

  it('give their windows to the projects they select', () => {
    const world = worldWith({}, (made) => {
      made.create(project('everywhere', { syncWindows: [night] }));
      made.create(settings('{ matchExpressions: [{ key: team, operator: In, values: [shop] }] }'));
    });
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
    expect(conditionsOf(world)[0]).toContain('outside of every allow window (allow:0 22 * * *:1h)');
    const target = { kind: 'AppProject.argoproj.io', namespace: 'argocd', name: 'everywhere' };
    world.patch(target, { spec: { syncWindows: null } });
    world.run();
    expect(world.get('ConfigMap', 'a'), 'a change of the global project is heard').toBeDefined();
  });

  it('give nothing to others', () => {
    const world = worldWith({}, (made) => {
      made.create(project('everywhere', { syncWindows: [night] }));
      made.create(settings('{ matchLabels: { team: other } }'));
    });
    expect(world.get('ConfigMap', 'a')).toBeDefined();
  });
});
