import { describe, expect, it } from 'vitest';
import {
  APPLICATION,
  conditionsOf,
  hook,
  installed,
  job,
  messageOf,
  OTHER,
  option,
  phaseOf,
  request,
  resultsOf,
  wave,
} from './testing/application-scenario.ts';
import { configMap, REPOSITORY, SyncWorld, shopApplication } from './testing/simulated-world.ts';

describe('several sources', () => {
  const two = {
    source: undefined,
    sources: [
      { repoURL: REPOSITORY, targetRevision: 'main', path: 'deploy' },
      { repoURL: OTHER, targetRevision: 'main', path: 'more' },
      { repoURL: OTHER, targetRevision: 'main', ref: 'values' },
    ],
  };

  function withTwo(spec: Record<string, unknown> = {}) {
    const world = new SyncWorld();
    const first = world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    const second = world.git.commit(OTHER, { 'more/b.yaml': configMap('b', '1') });
    world.create(shopApplication({ ...two, ...spec }));
    world.run();
    return { world, first, second };
  }

  it('are applied together; status and history speak of lists', () => {
    const { world, first, second } = withTwo();
    expect([world.get('ConfigMap', 'a'), world.get('ConfigMap', 'b')].map((map) => map?.data)).toEqual([
      { value: '1' },
      { value: '1' },
    ]);
    const { sync, history, operationState, sourceTypes, sourceType } = world.application().status ?? {};
    expect([sync?.status, sync?.revisions, sync?.revision]).toEqual(['Synced', [first, second, second], undefined]);
    expect([sourceTypes, sourceType]).toEqual([['Directory', 'Directory'], undefined]);
    expect(operationState?.syncResult?.revisions).toEqual([first, second, second]);
    expect(history?.map(({ id, revisions, sources }) => [id, revisions?.length, sources?.length])).toEqual([[0, 3, 3]]);
    const steps = world.steps.length;
    world.run(3_600_000);
    expect(world.steps.length).toBe(steps);
  });

  it('follow each its own commits, and name the one that fails', () => {
    const { world, first } = withTwo();
    const third = world.git.commit(OTHER, { 'more/b.yaml': configMap('b', '2') });
    world.run();
    expect(world.get('ConfigMap', 'b')?.data).toEqual({ value: '2' });
    expect(world.application().status?.sync?.revisions).toEqual([first, third, third]);
    world.git.commit(OTHER, { 'more/b.yaml': 'kind: [' });
    world.run();
    expect(conditionsOf(world)[0]).toMatch(/^ComparisonError: .*source 2 of 3/);
    expect(world.get('ConfigMap', 'b')?.data).toEqual({ value: '2' });
  });

  it('warn when one resource comes from two of them, and keep the last', () => {
    const { world } = withTwo();
    world.git.commit(OTHER, { 'more/a.yaml': configMap('a', 'other') });
    world.run();
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: 'other' });
    expect(conditionsOf(world)).toEqual([
      'RepeatedResourceWarning: Resource /ConfigMap/shop/a appeared 2 times among application resources.',
    ]);
  });

  it('go back together to an entry of the history (cd/C17)', () => {
    const { world, first, second } = withTwo({ syncPolicy: {} });
    request(world, { syncStrategy: { hook: {} } });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    world.run();
    request(world, {});
    const [entry] = world.application().status?.history ?? [];
    request(world, { revisions: entry?.revisions, sources: entry?.sources, syncStrategy: { apply: {} } });
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
    expect(world.application().status?.operationState?.syncResult?.revisions).toEqual([first, second, second]);
    expect(world.application().status?.sync?.status).toBe('OutOfSync');
  });
});

describe('operations', () => {
  it('apply manifests that come with the request (sync --local)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, { syncPolicy: {} });
    request(world, { manifests: [configMap('a', 'local'), configMap('b', 'local')] });
    expect([phaseOf(world), world.get('ConfigMap', 'b')?.data]).toEqual(['Succeeded', { value: 'local' }]);
    expect(world.application().status?.sync?.status).toBe('OutOfSync');
  });

  it('take the newest commit on a retry with refresh, and the first without (§3.6)', () => {
    const attempts = (refresh: boolean) => {
      const world = installed(
        { 'deploy/a.yaml': JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' } }) },
        { syncPolicy: {} },
      );
      request(world, {}, { retry: { limit: 3, refresh, backoff: { duration: '10s', factor: 1 } } });
      expect(messageOf(world)).toContain('Retrying attempt #1 at');
      world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
      world.run(11_000);
      return [phaseOf(world), world.application().status?.operationState?.retryCount];
    };
    expect(attempts(true)).toEqual(['Succeeded', 1]);
    // Without a given revision the branch is resolved anew by each attempt, as upstream resolves it when the attempt begins.
    expect(attempts(false)).toEqual(['Succeeded', 1]);
  });

  it('stay at the revision they were asked for on a retry without refresh', () => {
    const world = installed({
      'deploy/a.yaml': JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' } }),
    });
    expect(messageOf(world)).toContain('Retrying attempt #1');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.run(10 * 60_000);
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
  });

  it('keep as much history as the limit says, and none of dry runs and partial syncs (cd/C15)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '0') }, { syncPolicy: {}, revisionHistoryLimit: 2 });
    for (const value of ['1', '2', '3']) {
      world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', value) });
      request(world, {});
    }
    request(world, { dryRun: true });
    request(world, { resources: [{ kind: 'ConfigMap', name: 'a' }] });
    expect(world.application().status?.history?.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('end in Error for a comparison that cannot be made, without history (cd/C16)', () => {
    const world = installed({ 'deploy/a.yaml': 'kind: [' }, { syncPolicy: {} });
    request(world, {});
    expect(phaseOf(world)).toBe('Error');
    expect(messageOf(world)).toContain('ComparisonError: Failed to load target state: deploy/a.yaml:1:');
    expect(world.application().status?.history).toBeUndefined();
  });

  it('fail when a resource vanishes while it is waited for (cd/E12), and when it cannot be created (cd/E13)', () => {
    const world = installed(
      { 'deploy/a.yaml': job('first', wave(0)), 'deploy/b.yaml': configMap('b', '1', wave(1)) },
      { syncPolicy: {} },
    );
    request(world, {});
    world.engine.resources.delete({ kind: 'Job.batch', namespace: 'shop', name: 'first' });
    world.run();
    expect([phaseOf(world), messageOf(world)]).toEqual([
      'Failed',
      expect.stringContaining('Resource batch/Job/first is missing, it might have been deleted'),
    ]);
    world.patch(APPLICATION, { spec: { destination: { name: 'in-cluster', namespace: 'nowhere', server: null } } });
    world.run();
    request(world, {});
    expect(messageOf(world)).toMatch(/^one or more objects failed to apply, reason: namespaces "nowhere" not found/);
  });

  it('are not tried again without retries (cd/C13), nor when they are terminated with retries left (cd/C14)', () => {
    const unknown = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' } });
    const failing = installed({ 'deploy/x.yaml': unknown }, { syncPolicy: {} });
    request(failing, {});
    expect([phaseOf(failing), failing.application().status?.operationState?.retryCount]).toEqual(['Failed', undefined]);
    const hanging = installed({ 'deploy/pre.yaml': job('pre', hook('PreSync')) }, { syncPolicy: {} });
    request(hanging, {}, { retry: { limit: 5 } });
    hanging.patch(APPLICATION, { status: { operationState: { phase: 'Terminating' } } });
    hanging.run(600_000);
    expect([phaseOf(hanging), messageOf(hanging)]).toEqual(['Failed', 'Operation terminated']);
  });

  it('say what they wait for, and how much more (cd/E37)', () => {
    const waiting = (files: Record<string, string>) => {
      const world = installed(files, { syncPolicy: {} });
      request(world, {});
      return messageOf(world);
    };
    const last = { 'deploy/z.yaml': configMap('z', '1', wave(1)) };
    expect(waiting({ 'deploy/a.yaml': job('a', {}), 'deploy/b.yaml': job('b', {}), ...last })).toBe(
      'waiting for healthy state of batch/Job/a and 1 more resources',
    );
    expect(waiting({ 'deploy/a.yaml': job('a', hook('PreSync')), 'deploy/b.yaml': job('b', hook('PreSync')) })).toBe(
      'waiting for completion of hook batch/Job/a and 1 more hooks',
    );
  });

  it('apply on the server side under the name of Argo CD where that is asked for (cd/E19); Validate=false is taken (cd/E17)', () => {
    const own = option('ServerSideApply=true,Validate=false');
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1', own), 'deploy/b.yaml': configMap('b', '1') },
      { syncPolicy: {} },
    );
    request(world, { syncOptions: ['Validate=false'] });
    expect(phaseOf(world)).toBe('Succeeded');
    const applied = world.steps.flatMap(({ plan }) => (plan?.effects ?? []).filter(({ effect }) => effect === 'apply'));
    expect(applied.map((effect) => ('strategy' in effect ? [effect.manager, effect.strategy] : []))).toEqual([
      ['argocd-controller', 'server'],
      ['argocd-controller', 'client'],
    ]);
    const before = world.steps.length;
    request(world, { dryRun: true });
    const written = world.steps.slice(before).flatMap(({ plan }) => plan?.effects ?? []);
    expect(written.some(({ effect }) => effect === 'apply')).toBe(false);
  });

  it('say when SyncFail hooks fail too (cd/E32)', () => {
    const world = installed(
      { 'deploy/pre.yaml': job('pre', hook('PreSync')), 'deploy/rescue.yaml': job('rescue', hook('SyncFail')) },
      { syncPolicy: {} },
    );
    request(world, {});
    world.setHealth('Job.batch', 'pre', 'Degraded');
    world.run();
    expect(phaseOf(world)).toBe('Running');
    world.setHealth('Job.batch', 'rescue', 'Degraded');
    world.run();
    expect(phaseOf(world)).toBe('Failed');
    expect(messageOf(world)).toContain('\none or more SyncFail hooks failed, reason: ');
  });

  it('delete hooks by how the whole sync ended (cd/E34, cd/X04)', () => {
    const hooks = {
      'deploy/a.yaml': job('on-success', hook('PreSync', 'HookSucceeded')),
      'deploy/b.yaml': job('on-failure', hook('PreSync', 'HookFailed')),
      'deploy/c.yaml': job('last', hook('PostSync')),
    };
    const run = (last: 'Healthy' | 'Degraded') => {
      const world = installed(hooks, { syncPolicy: {} });
      request(world, {});
      for (const name of ['on-success', 'on-failure']) world.setHealth('Job.batch', name, 'Healthy');
      world.run();
      expect(world.get('Job.batch', 'on-success'), 'kept until the end').toBeDefined();
      world.setHealth('Job.batch', 'last', last);
      world.run();
      return ['on-success', 'on-failure'].filter((name) => world.get('Job.batch', name) !== undefined);
    };
    expect(run('Healthy')).toEqual(['on-failure']);
    expect(run('Degraded')).toEqual(['on-success', 'on-failure']);
  });

  it('run no hooks with the apply strategy, and none in a partial sync', () => {
    const files = { 'deploy/a.yaml': configMap('a', '1'), 'deploy/pre.yaml': job('pre', hook('PreSync')) };
    for (const sync of [{ syncStrategy: { apply: {} } }, { resources: [{ kind: 'ConfigMap', name: 'a' }] }]) {
      const world = installed(files, { syncPolicy: {} });
      request(world, sync);
      expect([phaseOf(world), world.get('Job.batch', 'pre')]).toEqual(['Succeeded', undefined]);
    }
  });

  it('never apply a hook that says Skip (cd/X04)', () => {
    const world = installed({
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/s.yaml': configMap('s', '1', hook('Skip')),
    });
    expect([phaseOf(world), world.get('ConfigMap', 's')]).toEqual(['Succeeded', undefined]);
    expect(world.application().status?.sync?.status).toBe('Synced');
  });

  it('create in order of waves and prune in reverse, one wave gone before the next (cd/E10, cd/X03)', () => {
    const files = {
      'deploy/a.yaml': configMap('a', '1', wave(0)),
      'deploy/b.yaml': configMap('b', '1', wave(1)),
      'deploy/c.yaml': configMap('c', '1', wave(2)),
    };
    const world = installed({ ...files, 'deploy/keep.yaml': configMap('keep', '1') });
    world.patch(
      { kind: 'ConfigMap', namespace: 'shop', name: 'c' },
      { metadata: { finalizers: ['example.com/hold'] } },
    );
    world.run();
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': null, 'deploy/b.yaml': null, 'deploy/c.yaml': null });
    world.run();
    expect([messageOf(world), world.get('ConfigMap', 'b') === undefined]).toEqual([
      'waiting for deletion of /ConfigMap/c',
      false,
    ]);
    world.patch({ kind: 'ConfigMap', namespace: 'shop', name: 'c' }, { metadata: { finalizers: null } });
    world.run();
    expect(phaseOf(world)).toBe('Succeeded');
    expect(resultsOf(world).filter((text) => text.endsWith('Pruned'))).toEqual(['c Pruned', 'b Pruned', 'a Pruned']);
  });
});
