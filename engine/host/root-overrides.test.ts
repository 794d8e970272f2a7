import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '#kube/object.ts';
import { renderTemplate } from '#lib/gotemplate/index.ts';
import { kustomizeLibrary } from '../stages/render/kustomize.ts';
import { approvalPatch, approvalProblem, checkSignatures, checkWindow, isTrusted } from './approval/checks.ts';
import { approvalTag, computeRootOverrides, followedTag } from './root-overrides.ts';
import { templateExpression } from './template-expression.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const KEY = { id: '0123456789ABCDEF', armoured: 'a public key' };

const files = {
  readFile(path: string) {
    try {
      return readFileSync(join(REPOSITORY, path), 'utf8');
    } catch {
      return undefined;
    }
  },
  readDirectory(path: string) {
    try {
      return readdirSync(join(REPOSITORY, path));
    } catch {
      return undefined;
    }
  },
};
const render = (patches: readonly unknown[] = []) => kustomizeLibrary(files, 'pern-gitops', { patches }).manifests;
const named = (manifests: readonly Manifest[], kind: string, name: string) =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)?.spec as never as {
    signatureKeys: unknown[];
    sourceIntegrity: { git: { policies: { gpg: { keys: string[] } }[] } };
    syncWindows: { manualSync?: boolean }[];
    generators: unknown[];
    template: { spec: { source: { targetRevision: string } } };
  };

describe('the overrides of this repository’s own tree', () => {
  const plain = render();
  const inputs = { key: KEY, excludedPaths: [], followTags: true };
  const { patches, remarks, signedProjects } = computeRootOverrides(plain, inputs);
  const patched = render(patches);

  it('add the key, and leave the keys that git lists', () => {
    expect(signedProjects).toEqual(['pern-app-production']);
    const before = named(plain, 'AppProject', 'pern-app-production');
    const after = named(patched, 'AppProject', 'pern-app-production');
    expect(after.signatureKeys).toEqual([...before.signatureKeys, { keyID: KEY.id }]);
    expect(after.sourceIntegrity.git.policies[0]?.gpg.keys).toEqual([
      ...(before.sourceIntegrity.git.policies[0]?.gpg.keys ?? []),
      KEY.id,
    ]);
  });

  it('let people through every window, and change nothing else of them', () => {
    const before = named(plain, 'AppProject', 'pern-app-production').syncWindows;
    const after = named(patched, 'AppProject', 'pern-app-production').syncWindows;
    expect(after).toEqual(before.map((window) => ({ ...window, manualSync: true })));
  });

  it('lead production to its tag, and the others to what git says', () => {
    const { targetRevision } = named(patched, 'ApplicationSet', 'pern-app').template.spec.source;
    const revision = (project: string, basename: string) =>
      renderTemplate(targetRevision, { project, path: { basename } }, { missingKey: 'error' });
    expect(revision('pern-app-production', 'production')).toBe('refs/tags/approved/pern-app-production');
    expect(revision('pern-app', 'staging')).toBe('HEAD');
  });

  it('are few, and each is said', () => {
    expect(patches).toHaveLength(3);
    expect(remarks).toHaveLength(3);
    const untouched = (manifests: readonly Manifest[]) =>
      manifests.filter(({ kind, metadata }) => kind !== 'ApplicationSet' && metadata.name !== 'pern-app-production');
    expect(untouched(patched)).toEqual(untouched(plain));
  });

  it('are none without a key, and only the exclusions with --env', () => {
    expect(computeRootOverrides(plain, { excludedPaths: [], followTags: true })).toMatchObject({
      patches: [],
      remarks: [],
    });
    const path = 'pern-gitops/apps/pern-app/overlays/staging';
    const without = computeRootOverrides(plain, { excludedPaths: [path], followTags: true });
    expect(without.remarks).toEqual(['left out by --env: staging']);
    const { generators } = named(render(without.patches), 'ApplicationSet', 'pern-app');
    expect(JSON.stringify(generators)).toContain(JSON.stringify({ exclude: true, path }));
  });
});

describe('overrides of other trees', () => {
  const project = (spec: Record<string, unknown>) =>
    ({ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name: 'p' }, spec }) as Manifest;
  const overrides = (...manifests: Manifest[]) =>
    computeRootOverrides(manifests, { key: KEY, excludedPaths: [], followTags: true });
  const set = (projectText: string, goTemplate = true) =>
    ({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      metadata: { name: 's' },
      spec: { goTemplate, template: { metadata: { name: 'a' }, spec: { project: projectText, source: {} } } },
    }) as Manifest;
  const signed = project({ signatureKeys: [{ keyID: 'A' }] });

  it('a project that asks for nothing gets nothing', () => {
    expect(overrides(project({}), set('p')).patches).toEqual([]);
    const none = { sourceIntegrity: { git: { policies: [{ repos: [{ url: '*' }], gpg: { mode: 'none' } }] } } };
    expect(overrides(project(none), set('p')).patches).toEqual([]);
  });

  it('a keyring in git gets the key, beside others or as the first', () => {
    const ring = (data?: Record<string, string>) =>
      ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-gpg-keys-cm' }, data }) as Manifest;
    const patch = (manifest: Manifest) => JSON.parse(overrides(manifest).patches[0]?.patch ?? '');
    expect(patch(ring({ X: 'x' }))).toEqual([{ op: 'add', path: `/data/${KEY.id}`, value: KEY.armoured }]);
    expect(patch(ring())).toEqual([{ op: 'add', path: '/data', value: { [KEY.id]: KEY.armoured } }]);
  });

  it('a set with a fixed project, an Application, and a project that a condition chooses', () => {
    const revisionOf = (manifest: Manifest) => {
      const found = overrides(signed, manifest).patches.find(({ target }) => target.kind === manifest.kind);
      return found === undefined ? undefined : (JSON.parse(found.patch)[0].value as string);
    };
    expect(revisionOf(set('p', false))).toBe('refs/tags/approved/a');
    expect(revisionOf(set('other'))).toBeUndefined();
    const chosen = set('{{ if .x }}p{{ else }}other{{ end }}');
    expect(revisionOf(chosen)).toBeUndefined();
    expect(overrides(signed, chosen).remarks.at(-1)).toContain('follows git as it is');
    const application = { ...set('p'), kind: 'Application', spec: { project: 'p', source: {} } } as Manifest;
    expect(revisionOf(application)).toBe('refs/tags/approved/s');
  });

  it.each([
    ['{{.a}}', 'x'],
    ['app-{{ .a }}-{{.b | upper}}', 'app-x-Y'],
    ['fixed', 'fixed'],
  ])('the text %s is one expression', (text, expected) => {
    expect(renderTemplate(`{{ ${templateExpression(text)} }}`, { a: 'x', b: 'y' })).toBe(expected);
  });

  it('the name of a tag leads back to it', () => {
    expect(followedTag(`refs/tags/${approvalTag('shop')}`)).toBe('approved/shop');
    expect([followedTag('HEAD'), followedTag('refs/tags/v1'), followedTag(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the checks of an approval', () => {
  const demand = { demand: 'signatures' as const, history: false, keys: [`${'0'.repeat(24)}${KEY.id}`] };
  const application = (spec: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
    ({ metadata: { name: 'a' }, spec: { source: { repoURL: 'u' }, destination: {}, ...spec }, ...more }) as never;

  it('signatures: none asked for, good, missing, foreign, and a policy that cannot be fulfilled', () => {
    const signature = { revision: 'r', result: 'signed' as const, keyId: KEY.id, identity: 'Ada <ada@x>' };
    expect(checkSignatures({ demand: 'none' }, 'p', []).ok).toBe(true);
    expect(checkSignatures(demand, 'p', [signature])).toMatchObject({
      ok: true,
      detail: expect.stringContaining('Ada'),
    });
    expect(checkSignatures(demand, 'p', []).ok).toBe(false);
    expect(checkSignatures(demand, 'p', [{ ...signature, keyId: 'F'.repeat(16) }]).detail).toContain('unallowed key');
    expect(checkSignatures({ demand: 'invalid', error: 'two policies' }, 'p', []).detail).toContain('two policies');
    expect([isTrusted(demand, KEY.id), isTrusted(demand, 'F'.repeat(16))]).toEqual([true, false]);
  });

  it('windows: those of a sync by hand', () => {
    const window = { kind: 'deny', schedule: '* * * * *', duration: '1h', applications: ['*'] };
    const check = (manualSync: boolean) => checkWindow(application(), { syncWindows: [{ ...window, manualSync }] }, 0);
    expect([check(false).ok, check(true).ok]).toEqual([false, true]);
  });

  it('what cannot be approved: automated, busy, going, of several sources', () => {
    expect(approvalProblem(application())).toBeUndefined();
    expect(approvalProblem(application({ syncPolicy: { automated: { enabled: false } } }))).toContain('automatically');
    expect(approvalProblem(application({}, { operation: {} }))).toContain('already in progress');
    expect(approvalProblem(application({}, { status: { operationState: { phase: 'Running' } } }))).toContain(
      'progress',
    );
    expect(approvalProblem(application({ sources: [] }))).toContain('several sources');
  });

  it('a retry of an approved sync does not move on to a newer commit', () => {
    const patch = approvalPatch(application({ syncPolicy: { retry: { limit: 3, refresh: true } } }), {
      sha: 's',
      username: 'u',
      reason: undefined,
    });
    expect(patch).toMatchObject({ operation: { sync: { revision: 's', prune: true }, retry: { limit: 3 } } });
    expect(JSON.stringify(patch)).not.toContain('refresh');
  });
});
