import { describe, expect, it } from 'vitest';
import { ApiError } from '#api/errors.ts';
import type { ApplicationConfig } from './application/config.ts';
import {
  APPLICATION,
  annotate,
  conditionsOf,
  hook,
  installed,
  job,
  messageOf,
  option,
  phaseOf,
  request,
  resultsOf,
  settings,
  wave,
} from './testing/application-scenario.ts';
import { configMap, REPOSITORY, SyncWorld, shopApplication } from './testing/simulated-world.ts';

describe('sync options', () => {
  it('Force=true makes anew what cannot become what is declared', () => {
    const immutable: ApplicationConfig['normalise'] = (object, live) => {
      if (live?.data !== undefined && JSON.stringify(live.data) !== JSON.stringify(object.data)) {
        throw new ApiError('Invalid', 'field is immutable');
      }
      return object;
    };
    const world = new SyncWorld({ normalise: immutable });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.create(shopApplication({ syncPolicy: {} }));
    world.run();
    request(world, {});
    const before = world.get('ConfigMap', 'a')?.metadata.uid;
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    world.run();
    request(world, {});
    expect(messageOf(world)).toBe('one or more objects failed to apply (dry run)');
    request(world, { syncStrategy: { apply: { force: true } } });
    expect([phaseOf(world), world.get('ConfigMap', 'a')?.data]).toEqual(['Succeeded', { value: '2' }]);
    expect(world.get('ConfigMap', 'a')?.metadata.uid).not.toBe(before);
  });

  it('Prune=confirm waits for approval (cd/E16)', () => {
    const world = installed({
      'deploy/a.yaml': configMap('a', '1'),
      'deploy/b.yaml': configMap('b', '1', option('Prune=confirm')),
    });
    expect(
      world.application().status?.resources?.map(({ requiresDeletionConfirmation }) => requiresDeletionConfirmation),
    ).toEqual([undefined, true]);
    world.git.commit(REPOSITORY, { 'deploy/b.yaml': null });
    world.run();
    expect([phaseOf(world), messageOf(world)]).toEqual(['Running', 'waiting for pruning confirmation of /ConfigMap/b']);
    annotate(world, { 'argocd.argoproj.io/deletion-approved': '2026-01-05T10:00:00Z' });
    expect([phaseOf(world), world.get('ConfigMap', 'b')]).toEqual(['Succeeded', undefined]);
  });

  it('ApplyOutOfSyncOnly leaves alone what is in sync (cd/E14)', () => {
    const world = installed(
      { 'deploy/a.yaml': [configMap('a', '1'), configMap('b', '1'), configMap('c', '1')].join('\n---\n') },
      { syncPolicy: { syncOptions: ['ApplyOutOfSyncOnly=true'] } },
    );
    request(world, { resources: [{ kind: 'ConfigMap', name: 'b' }] });
    request(world, {});
    expect(resultsOf(world)).toEqual(['a Synced', 'c Synced']);
  });

  it('Replace=true puts the manifest in place of the object (cd/E18)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') }, { syncPolicy: {} });
    request(world, {});
    world.patch({ kind: 'ConfigMap', namespace: 'shop', name: 'a' }, { data: { extra: 'by hand' } });
    world.run();
    request(world, {});
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1', extra: 'by hand' });
    request(world, { syncOptions: ['Replace=true'] });
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
  });

  it('RespectIgnoreDifferences writes what is live where differences are ignored', () => {
    const ignoreDifferences = [{ kind: 'ConfigMap', jqPathExpressions: ['.data | .[("value")]'] }];
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      { ignoreDifferences, syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] } },
    );
    request(world, {});
    world.patch({ kind: 'ConfigMap', namespace: 'shop', name: 'a' }, { data: { value: 'scaled' } });
    world.run();
    expect(world.application().status?.sync?.status).toBe('Synced');
    request(world, {});
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: 'scaled' });
    request(world, { syncOptions: [] });
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '1' });
  });

  it('SkipDryRunOnMissingResource lets the rest be applied', () => {
    const unknown = JSON.stringify({
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'x', annotations: option('SkipDryRunOnMissingResource=true') },
    });
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1'), 'deploy/x.yaml': unknown },
      { syncPolicy: { automated: {}, retry: { limit: 0 } } },
    );
    expect(world.get('ConfigMap', 'a')).toBeDefined();
    expect(messageOf(world)).toContain('could not find example.com/Thing');
  });

  it('managedNamespaceMetadata is written, and a change of it is out of sync', () => {
    const policy = (label: string) => ({
      automated: { prune: true, selfHeal: true },
      syncOptions: ['CreateNamespace=true'],
      managedNamespaceMetadata: { labels: { team: label } },
    });
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      { destination: { name: 'in-cluster', namespace: 'fresh' }, syncPolicy: policy('one') },
    );
    const team = () => world.engine.store.get('Namespace', undefined, 'fresh')?.metadata.labels?.team;
    expect(team()).toBe('one');
    world.patch(APPLICATION, { spec: { syncPolicy: policy('two') } });
    world.run(60_000);
    expect(team()).toBe('two');
    expect(world.application().status?.sync?.status).toBe('Synced');
  });
});

describe('hooks of deletion (§3.9)', () => {
  const files = {
    'deploy/a.yaml': configMap('a', '1'),
    'deploy/before.yaml': job('before', hook('PreDelete', 'HookSucceeded')),
    'deploy/after.yaml': job('after', hook('PostDelete', 'HookSucceeded')),
  };
  const remove = (world: SyncWorld) => {
    world.engine.resources.delete(APPLICATION);
    world.run();
  };
  const there = (world: SyncWorld) => ['before', 'after'].filter((name) => world.get('Job.batch', name) !== undefined);
  const FINALIZERS = { finalizers: ['resources-finalizer.argocd.argoproj.io'] };

  it('are no part of a sync; the finalizers come and go with them', () => {
    const world = installed(files, {}, FINALIZERS);
    expect([phaseOf(world), there(world)]).toEqual(['Succeeded', []]);
    expect(world.application().metadata.finalizers).toEqual([
      'resources-finalizer.argocd.argoproj.io',
      'pre-delete-finalizer.argocd.argoproj.io',
      'pre-delete-finalizer.argocd.argoproj.io/cleanup',
      'post-delete-finalizer.argocd.argoproj.io',
      'post-delete-finalizer.argocd.argoproj.io/cleanup',
    ]);
    world.git.commit(REPOSITORY, { 'deploy/before.yaml': null, 'deploy/after.yaml': null });
    world.run();
    expect(world.application().metadata.finalizers).toEqual(FINALIZERS.finalizers);
  });

  it('run before and after everything else goes, and are cleaned up', () => {
    const world = installed(files, {}, FINALIZERS);
    remove(world);
    expect([there(world), world.get('ConfigMap', 'a') === undefined]).toEqual([['before'], false]);
    world.setHealth('Job.batch', 'before', 'Healthy');
    world.run();
    expect([there(world), world.get('ConfigMap', 'a') === undefined]).toEqual([['after'], true]);
    world.setHealth('Job.batch', 'after', 'Healthy');
    world.run();
    expect([there(world), world.get('Application.argoproj.io', 'shop', 'argocd')]).toEqual([[], undefined]);
  });

  it('that fail hold the deletion, say so, and are tried again (cd/X05)', () => {
    const world = installed(files, {}, FINALIZERS);
    remove(world);
    const first = world.get('Job.batch', 'before')?.metadata.uid;
    world.setHealth('Job.batch', 'before', 'Degraded');
    world.run();
    expect(conditionsOf(world)).toEqual([
      'DeletionError: error executing pre-delete hooks: PreDelete hook(s) failed: shop/before',
    ]);
    expect(world.get('ConfigMap', 'a')).toBeDefined();
    expect(world.get('Job.batch', 'before')?.metadata.uid).not.toBe(first);
    world.setHealth('Job.batch', 'before', 'Healthy');
    world.run();
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
  });

  it('wait for a commit that renders', () => {
    const world = installed(files, {}, FINALIZERS);
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': 'kind: [' });
    world.run();
    remove(world);
    expect(conditionsOf(world).join()).toContain(
      'DeletionError: error executing pre-delete hooks: Failed to load target state: deploy/a.yaml:1:',
    );
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.run();
    expect(there(world)).toEqual(['before']);
  });

  it('Delete=confirm waits for approval (cd/C22)', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1'), 'deploy/b.yaml': configMap('b', '1', option('Delete=confirm')) },
      {},
      FINALIZERS,
    );
    remove(world);
    expect(conditionsOf(world)).toEqual(['DeletionError: waiting for deletion confirmation of ConfigMap/b']);
    expect(world.get('ConfigMap', 'a')).toBeDefined();
    annotate(world, { 'argocd.argoproj.io/deletion-approved': '2026-01-05T10:00:00Z' });
    expect(world.get('Application.argoproj.io', 'shop', 'argocd')).toBeUndefined();
    expect([world.get('ConfigMap', 'a'), world.get('ConfigMap', 'b')]).toEqual([undefined, undefined]);
  });

  it('does not hold an Application whose cluster is not there', () => {
    const world = installed(files, {}, FINALIZERS);
    world.patch(APPLICATION, { spec: { destination: { server: 'https://gone.example.com' } } });
    remove(world);
    expect(world.get('Application.argoproj.io', 'shop', 'argocd')).toBeUndefined();
    expect(world.get('ConfigMap', 'a')).toBeDefined();
  });
});

describe('which commits are news (§6.1, cd/C20)', () => {
  const files = { 'deploy/a.yaml': configMap('a', '1'), 'shared/x.yaml': configMap('x', '1'), 'README.md': '' };

  it('without paths every commit moves the revision', () => {
    const world = installed(files);
    const sha = world.git.commit(REPOSITORY, { 'README.md': 'changed' });
    world.run();
    expect(world.application().status?.sync?.revision).toBe(sha);
  });

  it('with manifest-generate-paths only those that touch them do; a refresh looks at the newest', () => {
    const world = installed(files, {}, { annotations: { 'argocd.argoproj.io/manifest-generate-paths': '.;/shared' } });
    const first = world.application().status?.sync?.revision;
    const steps = world.steps.length;
    const quiet = world.git.commit(REPOSITORY, { 'README.md': 'changed' });
    world.run();
    expect([world.application().status?.sync?.revision, world.steps.length]).toEqual([first, steps]);
    annotate(world, { 'argocd.argoproj.io/refresh': 'normal' });
    expect(world.application().metadata.annotations?.['argocd.argoproj.io/refresh']).toBeUndefined();
    expect(world.application().status?.sync?.revision).toBe(quiet);
    for (const path of ['shared/x.yaml', 'deploy/a.yaml']) {
      const sha = world.git.commit(REPOSITORY, { [path]: configMap(path === 'deploy/a.yaml' ? 'a' : 'x', '2') });
      world.run();
      expect(world.application().status?.sync?.revision).toBe(sha);
    }
    expect(world.get('ConfigMap', 'a')?.data).toEqual({ value: '2' });
  });

  it('a failed revision is not tried again at a commit that changes nothing for it (cd/C11)', () => {
    const broken = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' } });
    const world = installed(
      { ...files, 'deploy/a.yaml': broken },
      { syncPolicy: { automated: {}, retry: { limit: 0 } } },
      { annotations: { 'argocd.argoproj.io/manifest-generate-paths': '.' } },
    );
    const started = world.application().status?.operationState?.startedAt;
    world.git.commit(REPOSITORY, { 'README.md': 'changed' });
    world.run(60_000);
    annotate(world, { 'argocd.argoproj.io/refresh': 'hard' });
    expect(world.application().status?.operationState?.startedAt).toBe(started);
    expect(conditionsOf(world)[0]).toContain('Failed last sync attempt');
  });
});

describe('argocd-cm', () => {
  it('tracks by label when it says so, and changes over without drift (§3.4)', () => {
    const world = installed({ 'deploy/a.yaml': configMap('a', '1') });
    world.create(settings({ 'application.resourceTrackingMethod': 'annotation+label' }));
    world.run();
    const { labels, annotations } = world.get('ConfigMap', 'a')?.metadata ?? {};
    expect([labels?.['app.kubernetes.io/instance'], annotations?.['argocd.argoproj.io/tracking-id']]).toEqual([
      'shop',
      'shop:/ConfigMap:shop/a',
    ]);
    world.patch(
      { kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-cm' },
      { data: { 'application.resourceTrackingMethod': 'label' } },
    );
    world.run(60_000);
    expect(world.application().status?.sync?.status).toBe('Synced');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': null, 'deploy/b.yaml': configMap('b', '1') });
    world.run(60_000);
    expect(world.get('ConfigMap', 'a'), 'found by its label and pruned').toBeUndefined();
    expect(world.get('ConfigMap', 'b')?.metadata.annotations?.['argocd.argoproj.io/tracking-id']).toBeUndefined();
    world.patch({ kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-cm' }, { data: null });
    world.run(60_000);
    expect(world.application().status?.sync?.status).toBe('Synced');
  });

  it('keeps excluded kinds out, with a warning', () => {
    const world = new SyncWorld();
    world.create(settings({ 'resource.exclusions': '- apiGroups: ["batch"]\n  kinds: ["*"]\n' }));
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1'), 'deploy/j.yaml': job('j', {}) });
    world.create(shopApplication());
    world.run();
    expect([world.get('ConfigMap', 'a') === undefined, world.get('Job.batch', 'j')]).toEqual([false, undefined]);
    expect(conditionsOf(world)).toEqual(['ExcludedResourceWarning: Resource batch/Job j is excluded in the settings']);
  });

  it('ignores differences for every Application', () => {
    const world = new SyncWorld();
    world.create(settings({ 'resource.customizations.ignoreDifferences.ConfigMap': 'jsonPointers: [/data/value]' }));
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.create(shopApplication());
    world.run();
    world.patch({ kind: 'ConfigMap', namespace: 'shop', name: 'a' }, { data: { value: 'by hand' } });
    world.run();
    expect([world.application().status?.sync?.status, world.get('ConfigMap', 'a')?.data]).toEqual([
      'Synced',
      { value: 'by hand' },
    ]);
  });

  it('deploys nothing under a setting that it cannot read', () => {
    const world = new SyncWorld();
    world.create(settings({ 'resource.exclusions': 'a: [', 'application.resourceTrackingMethod': 'smell' }));
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
    world.create(shopApplication());
    world.run();
    expect(conditionsOf(world)).toEqual([
      'UnknownError: argocd-cm application.resourceTrackingMethod: "smell" is not one of annotation, label, annotation+label',
      expect.stringMatching(/^UnknownError: argocd-cm resource\.exclusions:1:\d+: invalid YAML/),
    ]);
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
  });

  const SCRIPT = `
    hs = {}
    hs.status = "Progressing"
    hs.message = ""
    if obj.status ~= nil then
      if obj.status.health ~= nil then
        hs.status = obj.status.health.status
        if obj.status.health.message ~= nil then
          hs.message = obj.status.health.message
        end
      end
    end
    return hs`;

  /** Two children, the second a wave later; the first one's commit does not render. */
  function parent(script: string | undefined): SyncWorld {
    const world = new SyncWorld();
    if (script !== undefined)
      world.create(settings({ 'resource.customizations.health.argoproj.io_Application': script }));
    const child = (name: string, number: number) =>
      JSON.stringify(
        shopApplication(
          { source: { repoURL: REPOSITORY, path: name }, syncPolicy: {} },
          { name, annotations: wave(number) },
        ),
      );
    world.git.commit(REPOSITORY, {
      'deploy/a.yaml': child('one', 0),
      'deploy/b.yaml': child('two', 1),
      'one/j.yaml': job('j', {}),
      'two/c.yaml': configMap('c', '1'),
    });
    world.create(shopApplication({ destination: { name: 'in-cluster', namespace: 'argocd' } }));
    world.run();
    return world;
  }

  it('gates a wave of children on their health when it has the documented script (§3.11)', () => {
    const world = parent(SCRIPT);
    expect(world.get('Application.argoproj.io', 'two', 'argocd')).toBeUndefined();
    expect(messageOf(world)).toBe('waiting for healthy state of argoproj.io/Application/one');
    world.patch({ kind: 'Application.argoproj.io', namespace: 'argocd', name: 'one' }, { operation: { sync: {} } });
    world.run();
    world.setHealth('Job.batch', 'j', 'Healthy');
    world.run();
    expect(world.get('Application.argoproj.io', 'two', 'argocd')).toBeDefined();
    expect(phaseOf(world)).toBe('Succeeded');
  });

  it('does not wait for children without the script, as upstream', () => {
    expect(parent(undefined).get('Application.argoproj.io', 'two', 'argocd')).toBeDefined();
  });

  it('shows what a script that is not reproduced decides as Unknown', () => {
    const world = parent('return {status = "Healthy"}');
    expect(world.get('Application.argoproj.io', 'two', 'argocd')).toBeUndefined();
    const health = world.application().status?.resources?.find(({ name }) => name === 'one')?.health;
    expect(health).toEqual({ status: 'Unknown', message: expect.stringContaining('Lua is not run') });
  });
});

describe('comparison', () => {
  it('does not count an extra object that says IgnoreExtraneous', () => {
    const extra = { 'argocd.argoproj.io/compare-options': 'IgnoreExtraneous' };
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1'), 'deploy/b.yaml': configMap('b', '1', extra) },
      { syncPolicy: { automated: {} } },
    );
    world.git.commit(REPOSITORY, { 'deploy/b.yaml': null });
    world.run();
    const { sync, resources } = world.application().status ?? {};
    expect([sync?.status, resources?.find(({ name }) => name === 'b')?.status]).toEqual(['Synced', 'OutOfSync']);
  });

  it('says that a rule about managers can do nothing for an object without owners', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      { ignoreDifferences: [{ kind: 'ConfigMap', managedFieldsManagers: ['x'] }] },
    );
    expect(conditionsOf(world)).toEqual([expect.stringMatching(/^IgnoreDifferencesWarning: .*ConfigMap\/a/)]);
  });

  it('names file and line of a Kustomize tree when an object cannot be applied', () => {
    const world = installed(
      {
        'deploy/kustomization.yaml': 'resources: [all.yaml]\n',
        'deploy/all.yaml': `${configMap('a', '1')}\n---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n`,
      },
      { syncPolicy: { automated: {}, retry: { limit: 0 } } },
    );
    expect(messageOf(world)).toContain('(deploy/all.yaml:3:1)');
    expect(world.get('ConfigMap', 'a')).toBeUndefined();
  });

  it('skip-reconcile leaves an Application alone', () => {
    const world = installed(
      { 'deploy/a.yaml': configMap('a', '1') },
      {},
      { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } },
    );
    expect(world.application().status).toBeUndefined();
  });
});
