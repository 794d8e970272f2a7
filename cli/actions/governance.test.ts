import { expect, it } from 'vitest';
import { openCommandWorld } from '../testing/command-world.ts';

const application = (name: string) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name, namespace: 'argocd' },
  spec: {
    project: 'shop',
    source: { repoURL: 'https://example.com/x', path: '.', targetRevision: 'HEAD' },
    destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
  },
});
const project = (spec: Record<string, unknown>) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name: 'shop', namespace: 'argocd' },
  spec: { destinations: [{ server: '*', namespace: '*' }], sourceRepos: ['*'], ...spec },
});

it('proj windows changes the project, and app sync and app get go by it', async () => {
  const { store, resources, pern } = openCommandWorld();
  resources.create(project({}));
  resources.create(application('web'));
  const windows = () =>
    (store.get('AppProject.argoproj.io', 'argocd', 'shop')?.spec as { syncWindows?: unknown } | undefined)?.syncWindows;
  const given = ['--kind', 'deny', '--schedule', '0 10 * * *', '--duration', '2h', '--applications', 'web,batch'];
  const added = await pern('proj', 'windows', 'add', 'shop', ...given);
  expect([added.code, windows()]).toEqual([
    0,
    [{ kind: 'deny', schedule: '0 10 * * *', duration: '2h', applications: ['web', 'batch'], timeZone: 'UTC' }],
  ]);
  expect(await pern('app', 'sync', 'web')).toMatchObject({
    code: 4,
    trouble: {
      what: 'cannot sync: blocked by sync window',
      why: 'inside of deny window deny:0 10 * * *:2h',
      fix: expect.stringContaining('wait until 2026-01-05T12:00:00Z at the earliest'),
    },
  });
  expect(store.get('Application.argoproj.io', 'argocd', 'web')).not.toHaveProperty('operation');
  expect((await pern('app', 'get', 'web')).out).toMatch(
    /SyncWindow: +Sync Denied\nAssigned Windows: +deny:0 10 \* \* \*:2h\n/,
  );
  await pern('proj', 'windows', 'enable-manual-sync', 'shop', '0');
  expect((await pern('app', 'get', 'web')).out).toContain('Manual Allowed');
  expect((await pern('windows', 'explain', '--live', '--app', 'web', '--manual')).code).toBe(0);
  expect((await pern('proj', 'windows', 'update', 'shop', '0', '--duration', '5x')).trouble?.what).toContain(
    "cannot parse duration '5x'",
  );
  expect((await pern('proj', 'windows', 'delete', 'shop', '3')).trouble?.what).toBe("window with id '3' not found");
  await pern('proj', 'windows', 'delete', 'shop', '0');
  expect(windows()).toBeUndefined();
});

it('app orphans lists what nobody manages, and deletes it only with --prune --yes', async () => {
  const { store, resources, pern } = openCommandWorld();
  const config = (name: string, annotations?: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'shop', ...(annotations === undefined ? {} : { annotations }) },
  });
  resources.create(project({}));
  resources.create(application('web'));
  resources.create(config('managed', { 'argocd.argoproj.io/tracking-id': 'web:/ConfigMap:shop/managed' }));
  const { metadata } = resources.create(config('left-over'));
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'left-over', uid: metadata.uid };
  const child = config('owned');
  resources.create({ ...child, metadata: { ...child.metadata, ownerReferences: [owner] } });
  expect((await pern('app', 'orphans', 'web')).trouble?.what).toBe('project shop does not look for orphaned resources');
  resources.patch(
    { kind: 'AppProject.argoproj.io', namespace: 'argocd', name: 'shop' },
    { type: 'merge', patch: { spec: { orphanedResources: {} } } },
  );
  const listed = await pern('app', 'orphans', 'web', '-o', 'json');
  expect([listed.code, JSON.parse(listed.out).map(({ name }: { name: string }) => name)]).toEqual([
    1,
    ['left-over', 'owned'],
  ]);
  expect((await pern('app', 'orphans', 'web', '--prune')).trouble?.fix).toContain('add --yes');
  expect(store.get('ConfigMap', 'shop', 'left-over')).toBeDefined();
  expect((await pern('app', 'orphans', 'web', '--prune', '--yes')).code).toBe(0);
  expect(store.get('ConfigMap', 'shop', 'left-over')).toBeUndefined();
  expect(store.get('ConfigMap', 'shop', 'managed')).toBeDefined();
});
