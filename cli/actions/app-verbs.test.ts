import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { Api } from '../client/api.ts';
import type { Options } from '../command.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { historyLines, resourceListLines } from '../view/application-text.ts';
import type { Application } from '../view/environments.ts';
import { plainText } from '../view/lines.ts';
import { actionsOf } from './app-actions.ts';
import { diffApplication, diffLines } from './app-diff.ts';
import { sourceOfTruth, specPatch, unsetPatch } from './app-edit.ts';
import { planRollback } from './app-operations.ts';
import { planSync } from './app-sync.ts';

const SHA = 'abcdef0123456789abcdef0123456789abcdef01';

function application(spec: Record<string, unknown> = {}, status: Record<string, unknown> = {}): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { project: 'p', source: { repoURL: 'r', path: 'x' }, destination: { namespace: 'shop' }, ...spec },
    status,
  } as unknown as Application;
}

const refusal = (run: () => unknown): CliError => {
  try {
    run();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('app rollback', () => {
  const source = { repoURL: 'r', path: 'x' };
  const entry = (id: number) => ({
    id,
    revision: `${id}`.repeat(40),
    source,
    deployStartedAt: '',
    deployedAt: `2026-01-0${id + 1}T00:00:00Z`,
  });
  const request = { prune: false, dryRun: false, user: 'ann' };
  const withHistory = application({}, { history: [entry(0), entry(1), entry(2)] });

  it('asks for an earlier revision and source, without hooks', () => {
    expect(planRollback(withHistory, '0', { ...request, prune: true })).toEqual({
      operation: {
        initiatedBy: { username: 'ann' },
        sync: { revision: '0'.repeat(40), source, prune: true, syncStrategy: { apply: {} } },
      },
      status: { operationState: null },
    });
  });

  it('takes the deployment before the current one without an id', () => {
    expect(planRollback(withHistory, undefined, request)).toMatchObject({
      operation: { sync: { revision: '1'.repeat(40) } },
    });
  });

  it('is refused while auto-sync is on, for an unknown id, and when there is nothing to go back to', () => {
    const automated = application({ syncPolicy: { automated: {} } }, { history: [entry(0), entry(1)] });
    const blocked = refusal(() => planRollback(automated, '0', request));
    expect([blocked.exitCode, blocked.message]).toEqual([
      EXIT_CODES.blocked,
      'cannot roll back shop: rollback cannot be initiated when auto-sync is enabled',
    ]);
    expect(refusal(() => planRollback(withHistory, '9', request)).message).toContain(
      'does not have deployment id 9 in history',
    );
    expect(refusal(() => planRollback(application({}, { history: [entry(0)] }), undefined, request)).message).toContain(
      'no deployment before',
    );
    expect(
      refusal(() => planRollback(application({}, { operationState: { phase: 'Running' } }), '0', request)).message,
    ).toContain('another operation');
  });

  it('history shows id, date, revision and who', () => {
    const lines = historyLines([
      { ...entry(0), revision: SHA, initiatedBy: { automated: true } },
      {
        ...entry(1),
        revision: undefined,
        source: undefined,
        revisions: [SHA, SHA],
        sources: [source, { ...source, targetRevision: 'v1' }],
        initiatedBy: { username: 'ann' },
      },
    ]);
    expect(plainText(lines)).toBe(
      `ID   DATE                   REVISION                       INITIATED BY
0    2026-01-01T00:00:00Z   HEAD (abcdef0)                 automated
1    2026-01-02T00:00:00Z   HEAD (abcdef0), v1 (abcdef0)   ann
`,
    );
  });
});

describe('app sync', () => {
  const request = { prune: false, dryRun: false, resources: [], user: 'ann' };

  it('passes on strategy, force, options and retries', () => {
    const given = { ...request, strategy: 'apply', force: true, extraOptions: ['Replace=true'], retry: { limit: 2 } };
    expect(planSync(application({ syncPolicy: { syncOptions: ['PruneLast=true'] } }), given)).toMatchObject({
      operation: {
        sync: { syncStrategy: { apply: { force: true } }, syncOptions: ['PruneLast=true', 'Replace=true'] },
        retry: { limit: 2 },
      },
    });
  });

  it('applies a local folder only by hand, or as a dry run', () => {
    const automated = application({ syncPolicy: { automated: {} } });
    expect(refusal(() => planSync(automated, { ...request, manifests: ['{}'] })).exitCode).toBe(EXIT_CODES.blocked);
    expect(planSync(automated, { ...request, manifests: ['{}'], dryRun: true })).toMatchObject({
      operation: { sync: { manifests: ['{}'] } },
    });
  });
});

describe('app set and unset', () => {
  const options = (values: Record<string, string | string[] | true>): Options => ({
    flag: (name) => values[name] === true,
    text: (name) => (typeof values[name] === 'string' ? (values[name] as string) : undefined),
    texts: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
    durationMs: () => undefined,
    count: (name) => (values[name] === undefined ? undefined : Number(values[name])),
  });

  it('name the fields of the spec', () => {
    expect(
      specPatch(
        options({
          path: 'y',
          'sync-policy': 'automated',
          'self-heal': true,
          'sync-option': ['A=1'],
          'kustomize-image': ['a=b:1'],
        }),
      ),
    ).toEqual({
      source: { path: 'y', kustomize: { images: ['a=b:1'] } },
      syncPolicy: { automated: { selfHeal: true }, syncOptions: ['A=1'] },
    });
    expect(specPatch(options({ 'sync-policy': 'none' }))).toEqual({ syncPolicy: { automated: null } });
    expect(unsetPatch(['nameprefix', 'sync-policy'])).toEqual({
      source: { kustomize: { namePrefix: null } },
      syncPolicy: { automated: null },
    });
    expect(refusal(() => unsetPatch(['path'])).trouble.fix).toContain('kustomize-image');
  });

  it('know who declares an application', () => {
    const { metadata } = application();
    const of = (more: object) => sourceOfTruth({ metadata: { ...metadata, ...more } } as Application);
    expect(of({})).toBeUndefined();
    expect(of({ ownerReferences: [{ kind: 'ApplicationSet', name: 'set' }] })).toBe('ApplicationSet set');
    expect(of({ annotations: { 'argocd.argoproj.io/tracking-id': 'root:argoproj.io/Application:argocd/shop' } })).toBe(
      'Application root',
    );
  });
});

describe('app diff', () => {
  const tracked = (kind: string, name: string) => ({ 'argocd.argoproj.io/tracking-id': `shop:/${kind}:shop/${name}` });
  const live = (kind: string, name: string, body: object): KubeObject => ({
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: 'c',
      annotations: tracked(kind, name),
    },
    ...body,
  });
  const manifest = (kind: string, name: string, body: object) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name },
    ...body,
  });

  function apiWith(objects: readonly KubeObject[]): Api {
    const find = (kind: string, name: string) =>
      objects.find((object) => object.kind === kind && object.metadata.name === name);
    return {
      find: async (kind: string, _namespace: string, name: string) => find(kind, name),
      getKind: async ({ kind }: { kind: string }, _namespace: string, name: string) => {
        const found = find(kind, name);
        if (found !== undefined) return found;
        const { ApiFailure } = await import('../client/api.ts');
        throw new ApiFailure(404, 'NotFound', 'not found');
      },
    } as unknown as Api;
  }

  async function diffOf(
    objects: readonly KubeObject[],
    manifests: readonly object[],
    spec: Record<string, unknown> = {},
  ): Promise<string> {
    const resources = objects.map(({ kind, metadata }) => ({
      kind,
      name: metadata.name,
      namespace: 'shop',
      version: 'v1',
    }));
    const rendered = { sourceType: 'Directory' as const, manifests: manifests as never, warnings: [] };
    const diffs = await diffApplication(apiWith(objects), application(spec, { resources }), rendered);
    return plainText(diffs.flatMap(diffLines));
  }

  it('prints what would change, in creation, change and pruning, and nothing about what is the same', async () => {
    const objects = [
      live('ConfigMap', 'changed', { data: { a: '1', b: '2' } }),
      live('ConfigMap', 'same', { data: { a: '1' } }),
      live('ConfigMap', 'old', { data: { z: '1' } }),
    ];
    const manifests = [
      manifest('ConfigMap', 'changed', { data: { a: 'new' } }),
      manifest('ConfigMap', 'same', { data: { a: '1' } }),
      manifest('ConfigMap', 'fresh', { data: { n: '1' } }),
    ];
    expect(await diffOf(objects, manifests)).toBe(
      `===== /ConfigMap shop/changed ======
@@ -6,5 +6,5 @@
   annotations:
     argocd.argoproj.io/tracking-id: shop:/ConfigMap:shop/changed
 data:
-  a: "1"
+  a: new
   b: "2"
===== /ConfigMap shop/fresh ======
@@ -0,0 +1,9 @@
+apiVersion: v1
+kind: ConfigMap
+metadata:
+  name: fresh
+  namespace: shop
+  annotations:
+    argocd.argoproj.io/tracking-id: shop:/ConfigMap:shop/fresh
+data:
+  n: "1"
===== /ConfigMap shop/old ======
@@ -1,9 +0,0 @@
-apiVersion: v1
-kind: ConfigMap
-metadata:
-  name: old
-  namespace: shop
-  annotations:
-    argocd.argoproj.io/tracking-id: shop:/ConfigMap:shop/old
-data:
-  z: "1"
`
        .replace('+1,8 @@', '+1,9 @@')
        .replace('-1,8 +0,0', '-1,9 +0,0'),
    );
  });

  it('never shows the value of a Secret', async () => {
    const secret = live('Secret', 's', { type: 'Opaque', data: { password: 'b2xk', user: 'YQ==' } });
    const text = await diffOf(
      [secret],
      [manifest('Secret', 's', { stringData: { password: 'new' }, data: { user: 'YQ==' } })],
    );
    expect(text).toContain('-  password: ++++++++\n+  password: ++++++++++++ (another value)\n');
    expect(text).not.toMatch(/b2xk|bmV3|new$/m);
  });

  it('obeys ignored differences, of the application and of argocd-cm', async () => {
    const objects = [live('ConfigMap', 'a', { data: { x: 'by hand', y: 'by hand' } })];
    const manifests = [manifest('ConfigMap', 'a', { data: { x: '1', y: '1' } })];
    const cm = live('ConfigMap', 'argocd-cm', {
      data: { 'resource.customizations.ignoreDifferences.ConfigMap': 'jsonPointers: [/data/y]' },
    });
    const ignoreDifferences = [{ kind: 'ConfigMap', jqPathExpressions: ['.data.x'] }];
    const rendered = { sourceType: 'Directory' as const, manifests: manifests as never, warnings: [] };
    const listed = { resources: [{ kind: 'ConfigMap', name: 'a', namespace: 'shop', version: 'v1' }] };
    expect(
      await diffApplication(apiWith([...objects, cm]), application({ ignoreDifferences }, listed), rendered),
    ).toEqual([]);
    expect(await diffApplication(apiWith(objects), application({ ignoreDifferences }, listed), rendered)).toHaveLength(
      1,
    );
  });
});

it('app resources and actions name what there is', () => {
  const resources = [
    {
      group: 'argoproj.io',
      kind: 'Rollout',
      namespace: 'shop',
      name: 'web',
      status: 'Synced',
      health: { status: 'Healthy' },
    },
    { kind: 'Service', namespace: 'shop', name: 'old', status: 'OutOfSync', requiresPruning: true },
  ];
  expect(plainText(resourceListLines(application({}, { resources })))).toMatch(
    /^GROUP +KIND +NAMESPACE +NAME +STATUS +HEALTH +REQUIRES\nargoproj\.io +Rollout +shop +web +.*Synced +.*Healthy\n +Service +shop +old +.*OutOfSync +prune\n$/,
  );
  expect(actionsOf({ group: 'argoproj.io', kind: 'Rollout' })).toEqual([
    'abort',
    'pause',
    'promote-full',
    'restart',
    'resume',
    'retry',
    'skip-current-step',
  ]);
  expect(actionsOf({ group: '', kind: 'Service' })).toEqual([]);
});
