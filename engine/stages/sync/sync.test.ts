import { describe, expect, it } from 'vitest';
import { ApiError } from '#api/errors.ts';
import { configMap, HEALTH, REPOSITORY, SyncWorld, shopApplication } from './testing/simulated-world.ts';

const wave = (number: number) => ({ 'argocd.argoproj.io/sync-wave': String(number) });
const hook = (type: string, policy?: string) => ({
  'argocd.argoproj.io/hook': type,
  ...(policy === undefined ? {} : { 'argocd.argoproj.io/hook-delete-policy': policy }),
});

function workload(kind: 'Deployment' | 'Job', name: string, annotations: Record<string, string>): string {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  const template = { spec: { containers: [{ name: 'main', image: 'a:1' }] } };
  return JSON.stringify({ apiVersion, kind, metadata: { name, annotations }, spec: { template } });
}

function installed(files: Record<string, string>, spec: Record<string, unknown> = {}): SyncWorld {
  const world = new SyncWorld();
  world.git.commit(REPOSITORY, files);
  world.create(shopApplication(spec));
  world.run();
  return world;
}

const phaseOf = (world: SyncWorld) => world.application().status?.operationState?.phase;
const messageOf = (world: SyncWorld) => world.application().status?.operationState?.message ?? '';
const conditionsOf = (world: SyncWorld) =>
  (world.application().status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`);

describe('first install', () => {
  it('applies plain YAML and reports it as synced and healthy', () => {
    const world = installed({ 'deploy/all.yaml': `${configMap('one', '1')}\n---\n${configMap('two', '2')}` });
    expect(world.get('ConfigMap', 'one')?.data).toEqual({ value: '1' });
    expect(world.get('ConfigMap', 'two')?.metadata.annotations?.['argocd.argoproj.io/tracking-id']).toBe(
      'shop:/ConfigMap:shop/two',
    );
    const { sync, health, operationState, history } = world.application().status ?? {};
    expect([sync?.status, health?.status, operationState?.phase]).toEqual(['Synced', 'Healthy', 'Succeeded']);
    expect(history?.map(({ id }) => id)).toEqual([0]);
    expect(world.application().operation).toBeUndefined();
  });

  it('goes by waves, each after the one before is healthy (cd/E11)', () => {
    const world = installed({
      'deploy/0.json': workload('Deployment', 'first', wave(0)),
      'deploy/1.json': workload('Deployment', 'second', wave(1)),
    });
    expect(world.get('Deployment.apps', 'second')).toBeUndefined();
    expect(messageOf(world)).toBe('waiting for healthy state of apps/Deployment/first');
    world.setHealth('Deployment.apps', 'first', 'Healthy');
    world.run();
    expect(world.get('Deployment.apps', 'second')).toBeDefined();
    expect(phaseOf(world), 'the last wave is not waited for (cd/X02)').toBe('Succeeded');
    expect(world.application().status?.health?.status).toBe('Progressing');
  });

  it('comes to rest: a converged world plans no more', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    const steps = world.steps.length;
    world.run(3_600_000);
    expect(world.steps.length).toBe(steps);
  });

  it('makes the namespace with CreateNamespace (cd/E22)', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      {
        destination: { name: 'in-cluster', namespace: 'fresh' },
        syncPolicy: { automated: {}, syncOptions: ['CreateNamespace=true'] },
      },
    );
    expect(phaseOf(world)).toBe('Succeeded');
    expect(world.get('ConfigMap', 'a', 'fresh')).toBeDefined();
  });

  it('fails for a namespace that is not there, and says so', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      { destination: { name: 'in-cluster', namespace: 'nowhere' }, syncPolicy: { automated: {}, retry: { limit: 0 } } },
    );
    expect(messageOf(world)).toContain('namespaces "nowhere" not found (deploy/a.yaml:1:1)');
  });

  it('waits between waves as long as it is told', () => {
    const world = new SyncWorld({ syncWaveDelayMs: 2000 });
    world.git.commit(REPOSITORY, {
      'deploy/a.yaml': configMap('a', '1', wave(0)),
      'deploy/b.yaml': configMap('b', '1', wave(1)),
    });
    world.create(shopApplication());
    world.run(1900);
    expect(world.get('ConfigMap', 'b')).toBeUndefined();
    world.run(200);
    expect(world.get('ConfigMap', 'b')).toBeDefined();
  });
});

describe('commits', () => {
  it('applies a change, prunes what is gone and keeps history', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1'), 'deploy/b.yaml': configMap('b', '1') });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2'), 'deploy/b.yaml': null });
    world.run();
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '2' });
    expect(world.get('ConfigMap', 'b')).toBeUndefined();
    expect(phaseOf(world)).toBe('Succeeded');
    expect(world.application().status?.history?.map(({ id }) => id)).toEqual([0, 1]);
    const results = world.application().status?.operationState?.syncResult?.resources ?? [];
    expect(results.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(['a Synced', 'b Pruned']);
  });

  it('does not prune when the policy does not say so (cd/C07)', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1'), 'deploy/b.yaml': configMap('b', '1') },
      { syncPolicy: { automated: {} } },
    );
    world.git.commit(REPOSITORY, { 'deploy/b.yaml': null });
    world.run();
    expect(world.get('ConfigMap', 'b')).toBeDefined();
    const { sync, resources } = world.application().status ?? {};
    expect(sync?.status).toBe('OutOfSync');
    expect(resources?.filter(({ requiresPruning }) => requiresPruning).map(({ name }) => name)).toEqual(['b']);
  });

  it('keeps an object that says Prune=false (cd/E15)', () => {
    const world = installed({
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/b.yaml': configMap('b', '1', { 'argocd.argoproj.io/sync-options': 'Prune=false' }),
    });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2'), 'deploy/b.yaml': null });
    world.run();
    expect(world.get('ConfigMap', 'b')).toBeDefined();
    const results = world.application().status?.operationState?.syncResult?.resources ?? [];
    expect(results.find(({ name }) => name === 'b')?.message).toBe('ignored (no prune)');
  });

  it('refuses to wipe everything out (cd/C08)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1'), 'deploy/README.md': '' });
    const sha = world.git.commit(REPOSITORY, { 'deploy/a.yaml': null });
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeDefined();
    expect(conditionsOf(world)).toEqual([
      `SyncError: Skipping sync attempt to [${sha}]: auto-sync will wipe out all resources`,
    ]);
  });

  it('leaves everything as it is for a broken commit, says where it is broken, and recovers', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n' });
    world.run();
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
    expect(conditionsOf(world)[0]).toMatch(
      /^ComparisonError: Failed to load target state: deploy\/a\.yaml:\d+:\d+: invalid YAML/,
    );
    expect(world.application().status?.sync?.status).toBe('Unknown');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '3') });
    world.run();
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '3' });
    expect(conditionsOf(world)).toEqual([]);
  });

  it('survives a repository that is away for a while', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    world.git.setOutage(REPOSITORY, 'connection refused');
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeDefined();
    expect(conditionsOf(world)[0]).toContain('connection refused');
    world.git.setOutage(REPOSITORY, undefined);
    world.run();
    expect(world.application().status?.sync?.status).toBe('Synced');
  });

  it('follows a force-push back', () => {
    const world = new SyncWorld();
    const first = world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.create(shopApplication());
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    world.run();
    world.git.moveRef(REPOSITORY, 'main', first);
    world.run();
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
  });
});

describe('self-heal', () => {
  const drift = (world: SyncWorld) =>
    world.patch({ kind: 'ConfigMap', namespace: 'shop', name: 'a' }, { data: { value: 'drift' } });

  it('puts back what somebody changed, at first at once, then with growing delays (cd/C10)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    drift(world);
    world.run(100);
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
    drift(world);
    world.run(1000);
    expect(world.get('ConfigMap', 'a')?.data, 'the second heal waits').toEqual({ value: 'drift' });
    world.run(1500);
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
    expect(world.application().status?.history, 'a partial sync makes no history').toHaveLength(1);
  });

  it('brings back what somebody deleted', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1'), 'deploy/b.yaml': configMap('b', '1') });
    world.engine.resources.delete({ kind: 'ConfigMap', namespace: 'shop', name: 'a' });
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeDefined();
  });

  it('is off unless the policy says so (cd/C02)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, { syncPolicy: { automated: {} } });
    drift(world);
    world.run(600_000);
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: 'drift' });
    expect(world.application().status?.sync?.status).toBe('OutOfSync');
  });

  it('does not take ignored fields for drift', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      { ignoreDifferences: [{ kind: 'ConfigMap', jsonPointers: ['/data/value'] }] },
    );
    drift(world);
    world.run();
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: 'drift' });
    expect(world.application().status?.sync?.status).toBe('Synced');
  });
});

describe('failures', () => {
  it('ends with the failed wave and does not begin the next (cd/X01)', () => {
    const world = installed(
      {
        'deploy/0.json': workload('Deployment', 'first', wave(0)),
        'deploy/1.json': workload('Deployment', 'second', wave(1)),
      },
      { syncPolicy: { automated: {}, retry: { limit: 0 } } },
    );
    world.setHealth('Deployment.apps', 'first', 'Degraded');
    world.run();
    expect(phaseOf(world)).toBe('Failed');
    expect(messageOf(world)).toMatch(
      /^one or more synchronization tasks completed unsuccessfully, reason: the test says Degraded/,
    );
    expect(world.get('Deployment.apps', 'second')).toBeUndefined();
    expect(conditionsOf(world)[0]).toMatch(/^SyncError: Failed last sync attempt to/);
  });

  it('retries with back-off and takes the repairing commit on the way (cd/C12)', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1'), 'deploy/b.yaml': 'apiVersion: x.io/v1\nkind: Odd\nmetadata: {name: b}' },
      { syncPolicy: { automated: {}, retry: { limit: 3, refresh: true, backoff: { duration: '5s', factor: 2 } } } },
    );
    expect(phaseOf(world)).toBe('Running');
    expect(messageOf(world)).toContain('Retrying attempt #1 at 2026-01-05T09:00:10Z');
    world.git.commit(REPOSITORY, { 'deploy/b.yaml': null });
    world.run(11_000);
    expect(phaseOf(world)).toBe('Succeeded');
    expect(world.get('ConfigMap', 'a')).toBeDefined();
  });

  it('applies nothing when one kind is unknown, and says where it stands', () => {
    const world = installed(
      {
        'deploy/a.yaml': configMap('a', '1'),
        'deploy/b.yaml': '\napiVersion: x.io/v1\nkind: Odd\nmetadata: {name: b}',
      },
      { syncPolicy: { automated: {}, retry: { limit: 0 } } },
    );
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
    expect(messageOf(world)).toContain('could not find x.io/Odd for requested resource b');
    expect(messageOf(world)).toContain('(deploy/b.yaml:2:1)');
  });

  it('applies nothing when the API would refuse one object', () => {
    const refuse = (object: { metadata: { name: string } }) => {
      if (object.metadata.name === 'bad') throw new ApiError('Invalid', 'ConfigMap "bad" is invalid: data: no');
      return object as never;
    };
    const world = new SyncWorld({ normalise: refuse });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('good', '1'), 'deploy/b.yaml': configMap('bad', '1') });
    world.create(shopApplication({ syncPolicy: { automated: {}, retry: { limit: 0 } } }));
    world.run();
    expect(world.get('ConfigMap', 'good')).toBeUndefined();
    expect(messageOf(world)).toBe('one or more objects failed to apply (dry run)');
  });

  it.each([['destinationServiceAccounts', [{ server: '*', namespace: '*', defaultServiceAccount: 'deployer' }]]])(
    'deploys nothing under a project rule it does not enforce: %s',
    (field, rule) => {
      const world = new SyncWorld();
      world.create({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AppProject',
        metadata: { name: 'guarded', namespace: 'argocd' },
        spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], [field]: rule },
      });
      world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
      world.create(shopApplication({ project: 'guarded' }));
      world.run();
      expect(world.get('ConfigMap', 'a')).toBeUndefined();
      const condition = world.application().status?.conditions?.[0];
      expect(condition?.type).toBe('InvalidSpecError');
      expect(condition?.message).toContain(`spec.${field} is not reproduced`);
    },
  );

  it('refuses what the project forbids by the rule, before the first write', () => {
    const world = new SyncWorld();
    world.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'narrow', namespace: 'argocd' },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: 'shop' }],
        namespaceResourceWhitelist: [{ group: '', kind: 'ConfigMap' }],
      },
    });
    world.git.commit(REPOSITORY, {
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/s.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}',
    });
    world.create(shopApplication({ project: 'narrow', syncPolicy: { automated: {}, retry: { limit: 0 } } }));
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
    expect(messageOf(world)).toContain('resource :Secret is not permitted in project narrow');
    const secret = world.application().status?.resources?.find(({ kind }) => kind === 'Secret');
    expect(secret?.status).toBe('Unknown');
  });

  it.each([
    [{ source: { repoURL: REPOSITORY, path: 'deploy', helm: {} } }, 'spec.source.helm: not reproduced'],
    [{ project: 'missing' }, 'Application referencing project missing which does not exist'],
    [{ destination: { name: 'moon', namespace: 'shop' } }, 'there are no clusters with this name: moon'],
    [{ syncPolicy: { syncOptions: ['Validate=maybe'] } }, 'spec.syncPolicy.syncOptions[0]'],
    [{ sources: [{ repoURL: REPOSITORY, path: 'a' }, { repoURL: REPOSITORY }] }, 'spec.sources[1].repoURL and either'],
    [{ sources: [{ repoURL: REPOSITORY, chart: 'x' }] }, 'spec.sources[0].chart: not reproduced'],
    [
      { ignoreDifferences: [{ kind: 'X', jqPathExpressions: ['.a | def'] }] },
      'spec.ignoreDifferences[0].jqPathExpressions[0]',
    ],
  ])('refuses a spec it cannot follow: %j', (spec, message) => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, spec);
    expect(conditionsOf(world)[0]).toContain(`InvalidSpecError: ${message}`);
    expect(world.application().status?.sync?.status).toBe('Unknown');
    expect(world.application().status?.health?.status).toBe('Unknown');
  });
});

describe('hooks', () => {
  it('runs PreSync before anything else and PostSync after all is healthy (cd/X04)', () => {
    const world = installed({
      'deploy/pre.json': workload('Job', 'migrate', hook('PreSync')),
      'deploy/a.json': workload('Deployment', 'a', {}),
      'deploy/post.json': workload('Job', 'smoke', hook('PostSync', 'HookSucceeded')),
    });
    expect(messageOf(world)).toBe('waiting for completion of hook batch/Job/migrate');
    expect(world.get('Deployment.apps', 'a')).toBeUndefined();
    world.setHealth('Job.batch', 'migrate', 'Healthy');
    world.run();
    expect(messageOf(world)).toBe('waiting for healthy state of apps/Deployment/a');
    world.setHealth('Deployment.apps', 'a', 'Healthy');
    world.run();
    world.setHealth('Job.batch', 'smoke', 'Healthy');
    world.run();
    expect(phaseOf(world)).toBe('Succeeded');
    expect(world.get('Job.batch', 'smoke'), 'HookSucceeded deletes it').toBeUndefined();
    expect(world.get('Job.batch', 'migrate')?.metadata.finalizers, 'its finalizer is gone').toBeUndefined();
    expect(
      world.application().status?.resources?.map(({ name }) => name),
      'hooks have no status',
    ).toEqual(['a']);
  });

  it('stops at a failed PreSync hook and runs SyncFail (cd/E31, cd/X04)', () => {
    const world = installed(
      {
        'deploy/pre.json': workload('Job', 'migrate', hook('PreSync', 'HookFailed')),
        'deploy/a.json': workload('Deployment', 'a', {}),
        'deploy/fail.json': workload('Job', 'alarm', hook('SyncFail')),
      },
      { syncPolicy: { automated: {}, retry: { limit: 0 } } },
    );
    world.setHealth('Job.batch', 'migrate', 'Degraded');
    world.run();
    expect(world.get('Deployment.apps', 'a')).toBeUndefined();
    expect(phaseOf(world)).toBe('Running');
    world.setHealth('Job.batch', 'alarm', 'Healthy');
    world.run();
    expect(phaseOf(world)).toBe('Failed');
    expect(world.get('Job.batch', 'migrate'), 'HookFailed deletes it').toBeUndefined();
  });

  it('does not run SyncFail hooks when all is well (cd/E30)', () => {
    const world = installed({
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/fail.json': workload('Job', 'alarm', hook('SyncFail')),
    });
    expect(phaseOf(world)).toBe('Succeeded');
    expect(world.get('Job.batch', 'alarm')).toBeUndefined();
  });

  it('makes a hook anew in the next sync: BeforeHookCreation is the default (cd/E33)', () => {
    const world = installed({
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/pre.json': workload('Job', 'migrate', hook('PreSync')),
    });
    world.setHealth('Job.batch', 'migrate', 'Healthy');
    world.run();
    const first = world.get('Job.batch', 'migrate')?.metadata.uid;
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    world.run();
    const second = world.get('Job.batch', 'migrate');
    expect(second?.metadata.uid).not.toBe(first);
    expect(second?.metadata.annotations?.[HEALTH]).toBeUndefined();
    expect(world.get('ConfigMap', 'a')?.data, 'the hook has not finished').toEqual({ value: '1' });
  });

  it('can be terminated while a hook runs (cd/E35, cd/X06)', () => {
    const world = installed({
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/pre.json': workload('Job', 'migrate', hook('PreSync')),
    });
    world.patch(
      { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' },
      { status: { operationState: { phase: 'Terminating' } } },
    );
    world.run();
    expect([phaseOf(world), messageOf(world)]).toEqual(['Failed', 'Operation terminated']);
    expect(world.get('Job.batch', 'migrate')).toBeUndefined();
  });
});

describe('operations on request', () => {
  const request = (world: SyncWorld, sync: Record<string, unknown>) => {
    world.patch({ kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' }, { operation: { sync } });
    world.run();
  };

  it('syncs an Application without automation when asked', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, { syncPolicy: {} });
    expect(world.application().status?.sync?.status).toBe('OutOfSync');
    request(world, {});
    expect(world.get('ConfigMap', 'a')).toBeDefined();
    expect(phaseOf(world)).toBe('Succeeded');
  });

  it('syncs selected resources only, without history (cd/E20)', () => {
    const world = installed(
      { 'deploy/a.yaml': `${configMap('a', '1')}\n---\n${configMap('b', '1')}` },
      { syncPolicy: {} },
    );
    request(world, { resources: [{ kind: 'ConfigMap', name: 'b' }] });
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
    expect(world.get('ConfigMap', 'b')).toBeDefined();
    expect(world.application().status?.history).toBeUndefined();
  });

  it('writes nothing in a dry run', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, { syncPolicy: {} });
    request(world, { dryRun: true });
    expect(phaseOf(world)).toBe('Succeeded');
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
  });

  it.each([
    [
      { manifests: ['{}'] },
      'Failed to load local manifests: operation.sync.manifests[0]:1:1: manifest has no apiVersion',
    ],
    [{ sources: [{ repoURL: 'x' }] }, 'InvalidSpecError: operation.sync.sources[0].repoURL and either'],
    [{ source: { repoURL: 'x', path: 'y', helm: {} } }, 'InvalidSpecError: operation.sync.source.helm: not reproduced'],
    [{ syncOptions: ['Replace'] }, 'operation.sync.syncOptions[0]'],
  ])('refuses a request it cannot honour, and writes nothing: %j', (sync, message) => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, { syncPolicy: {} });
    request(world, sync);
    expect(phaseOf(world)).toBe('Error');
    expect(messageOf(world)).toContain(message);
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
  });

  it('goes back to an older revision (cd/C17)', () => {
    const world = new SyncWorld();
    const first = world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    world.create(shopApplication({ syncPolicy: {} }));
    world.run();
    request(world, { revision: first });
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
    expect(world.application().status?.history?.[0]?.revision).toBe(first);
  });

  it('removes the refresh annotation', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    const ref = { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' };
    world.run(60_000);
    world.patch(ref, { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'hard' } } });
    world.run();
    expect(world.application().metadata.annotations?.['argocd.argoproj.io/refresh']).toBeUndefined();
    expect(world.application().status?.reconciledAt).toBe('2026-01-05T09:01:01Z');
  });
});

describe('app of apps and deletion', () => {
  const child = (name: string) =>
    JSON.stringify({
      ...shopApplication({ source: { repoURL: REPOSITORY, path: `apps/${name}` } }),
      metadata: { name, namespace: 'argocd', finalizers: ['resources-finalizer.argocd.argoproj.io'] },
    });
  const parent = { destination: { name: 'in-cluster', namespace: 'argocd' } };

  it('syncs children, and cascades when one is taken out', () => {
    const world = installed(
      {
        'deploy/one.json': child('one'),
        'deploy/two.json': child('two'),
        'apps/one/a.yaml': configMap('one', '1'),
        'apps/two/a.yaml': configMap('two', '1'),
      },
      parent,
    );
    expect(world.get('ConfigMap', 'one')).toBeDefined();
    expect(world.get('ConfigMap', 'two')).toBeDefined();
    expect(world.application().status?.sync?.status).toBe('Synced');
    world.git.commit(REPOSITORY, { 'deploy/two.json': null });
    world.run();
    expect(world.get('Application.argoproj.io', 'two', 'argocd')).toBeUndefined();
    expect(world.get('ConfigMap', 'two')).toBeUndefined();
    expect(world.get('ConfigMap', 'one')).toBeDefined();
  });

  it('deletes in reverse waves, and keeps Delete=false (cd/C19, cd/C22)', () => {
    const world = new SyncWorld();
    world.git.commit(REPOSITORY, {
      'deploy/a.yaml': configMap('a', '1', wave(0)),
      'deploy/b.yaml': configMap('b', '1', wave(1)),
      'deploy/c.yaml': configMap('c', '1', { 'argocd.argoproj.io/sync-options': 'Delete=false' }),
    });
    world.create(shopApplication({}, { finalizers: ['resources-finalizer.argocd.argoproj.io'] }));
    world.run();
    const order: string[] = [];
    world.engine.store.subscribe(({ type, object }) => {
      if (type === 'DELETED') order.push(object.metadata.name);
    });
    world.engine.resources.delete({ kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' });
    world.run();
    expect(order.filter((name) => name !== 'c')).toEqual(['b', 'a', 'shop']);
    expect(world.get('ConfigMap', 'c')).toBeDefined();
  });

  it('leaves resources alone when an Application without finalizer goes', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    world.engine.resources.delete({ kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' });
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeDefined();
  });

  it('warns when two Applications claim one resource, and fails with FailOnSharedResource', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    world.create({
      ...shopApplication({
        syncPolicy: { automated: {}, syncOptions: ['FailOnSharedResource=true'], retry: { limit: 0 } },
      }),
      metadata: { name: 'other', namespace: 'argocd' },
    });
    world.run();
    const { conditions, operationState } = world.application('other').status ?? {};
    expect(conditions?.map(({ message }) => message)).toContain('ConfigMap/a is part of applications other and shop');
    expect(operationState?.message).toContain(
      'Shared resource found: ConfigMap/a is part of applications other and shop',
    );
  });
});

describe('application sets', () => {
  const set = (spec: Record<string, unknown> = {}) => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name: 'shops', namespace: 'argocd' },
    spec: {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      generators: [{ git: { repoURL: REPOSITORY, revision: 'HEAD', directories: [{ path: 'envs/*' }] } }],
      template: {
        metadata: { name: 'shop-{{.path.basename}}' },
        spec: { ...(shopApplication().spec as object), source: { repoURL: REPOSITORY, path: '{{.path.path}}' } },
      },
      ...spec,
    },
  });
  const names = (world: SyncWorld) =>
    world.engine.store.list('Application.argoproj.io').map(({ metadata }) => metadata.name);
  const start = (spec: Record<string, unknown> = {}) => {
    const world = new SyncWorld();
    world.git.commit(REPOSITORY, {
      'envs/dev/a.yaml': configMap('dev', '1'),
      'envs/prod/a.yaml': configMap('prod', '1'),
    });
    world.create(set(spec));
    world.run();
    return world;
  };

  it('makes an Application for each directory, and one more for a new one', () => {
    const world = start();
    expect(names(world)).toEqual(['shop-dev', 'shop-prod']);
    expect(world.get('ConfigMap', 'prod')).toBeDefined();
    world.git.commit(REPOSITORY, { 'envs/test/a.yaml': configMap('test', '1') });
    world.run();
    expect(names(world)).toEqual(['shop-dev', 'shop-prod', 'shop-test']);
    expect(world.get('ConfigMap', 'test')).toBeDefined();
  });

  it('deletes an Application, and what it deployed, when its directory goes', () => {
    const world = start();
    world.git.commit(REPOSITORY, { 'envs/dev/a.yaml': null });
    world.run();
    expect(names(world)).toEqual(['shop-prod']);
    expect(world.get('ConfigMap', 'dev')).toBeUndefined();
  });

  it('deletes nothing while the repository is away (cd/A40)', () => {
    const world = start();
    world.git.setOutage(REPOSITORY, 'connection refused');
    world.run();
    expect(names(world)).toEqual(['shop-dev', 'shop-prod']);
    const status = world.get('ApplicationSet.argoproj.io', 'shops', 'argocd')?.status as {
      conditions: { message: string }[];
    };
    expect(status.conditions[0]?.message).toContain('connection refused');
  });

  it('touches nothing when a template does not render (cd/A37)', () => {
    const world = start({ template: { metadata: { name: '{{.nope}}' }, spec: shopApplication().spec } });
    expect(names(world)).toEqual([]);
    const status = world.get('ApplicationSet.argoproj.io', 'shops', 'argocd')?.status as {
      conditions: { reason: string }[];
    };
    expect(status.conditions[0]?.reason).toBe('RenderTemplateParamsError');
  });

  it('keeps Applications under create-update (cd/A38)', () => {
    const world = start({ syncPolicy: { applicationsSync: 'create-update' } });
    world.git.commit(REPOSITORY, { 'envs/dev/a.yaml': null });
    world.run();
    expect(names(world)).toEqual(['shop-dev', 'shop-prod']);
  });

  it('puts back a changed spec, and keeps the operation that runs', () => {
    const world = start();
    world.patch(
      { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop-dev' },
      { spec: { project: 'other' } },
    );
    world.run();
    expect(world.application('shop-dev').spec.project).toBe('default');
  });

  it('keeps the first of two of one name (cd/A39)', () => {
    const world = start({ template: { metadata: { name: 'same' }, spec: shopApplication().spec } });
    expect(names(world)).toEqual(['same']);
    const status = world.get('ApplicationSet.argoproj.io', 'shops', 'argocd')?.status as {
      conditions: { message: string }[];
    };
    expect(status.conditions[0]?.message).toBe('ApplicationSet shops contains applications with duplicate name: same');
  });

  it('comes to rest', () => {
    const world = start();
    const steps = world.steps.length;
    world.run(3_600_000);
    expect(world.steps.length).toBe(steps);
  });
});
