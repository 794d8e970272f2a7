import { describe, expect, it } from 'vitest';
import type { SignatureResult } from '#machine/signatures.ts';
import { configMap, REPOSITORY, SyncWorld, shopApplication } from './testing/simulated-world.ts';

const KEY = '4AEE18F83AFDEB23';
const OTHER = 'AAAAAAAAAAAAAAAA';
const POLICY = { repos: [{ url: '*' }], gpg: { mode: 'head', keys: [KEY] } };
const AUTHOR = 'Simulated Author <author@example.com>';

function worldWith(project: Record<string, unknown>, spec: Record<string, unknown> = {}): SyncWorld {
  const world = new SyncWorld();
  world.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'signed', namespace: 'argocd' },
    spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], ...project },
  });
  world.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-gpg-keys-cm', namespace: 'argocd' },
    data: { [KEY]: 'armoured', [OTHER]: 'armoured' },
  });
  const automated = { syncPolicy: { automated: { prune: true }, retry: { limit: 0 } } };
  world.create(shopApplication({ project: 'signed', ...automated, ...spec }));
  return world;
}

/** Commits a new value, signed or not, and lets the engine look. */
function commit(world: SyncWorld, value: string, keyId?: string, result?: SignatureResult, message?: string): string {
  const signature = keyId === undefined ? undefined : { keyId, ...(result === undefined ? {} : { result }) };
  const sha = world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', value) }, message, {
    ...(signature === undefined ? {} : { signature }),
  });
  world.run();
  return sha;
}

const SIGNED = { sourceIntegrity: { git: { policies: [POLICY] } } };
const dataOf = (world: SyncWorld) => (world.get('ConfigMap', 'a')?.data as { value?: string } | undefined)?.value;
const statusOf = (world: SyncWorld) => world.application().status ?? {};
const errorsOf = (world: SyncWorld) =>
  (statusOf(world).conditions ?? []).filter(({ type }) => type === 'ComparisonError').map(({ message }) => message);

describe.each([
  ['sourceIntegrity', SIGNED],
  ['signatureKeys (cd/G12)', { signatureKeys: [{ keyID: KEY }] }],
])('a project with %s', (_field, project) => {
  it('deploys a commit that is signed with a key it lists', () => {
    const world = worldWith(project);
    commit(world, '1', KEY);
    expect([dataOf(world), errorsOf(world)]).toEqual(['1', []]);
  });

  it.each<[string, string | undefined, SignatureResult | undefined, string, string]>([
    ['is not signed', undefined, undefined, 'unsigned', ''],
    ['has a bad signature', KEY, 'bad signature', 'bad signature', KEY],
    ['is signed with an expired key', KEY, 'signed with expired key', 'signed with expired key', KEY],
    ['is signed with a revoked key', KEY, 'signed with revoked key', 'signed with revoked key', KEY],
    ['has an expired signature', KEY, 'expired signature', 'expired signature', KEY],
    ['is signed with a key it does not list', OTHER, undefined, 'signed with unallowed key', OTHER],
    [
      'is signed with a key nobody has',
      'BBBBBBBBBBBBBBBB',
      undefined,
      'signed with key not in keyring',
      'BBBBBBBBBBBBBBBB',
    ],
  ])('keeps what runs when the next commit %s', (_what, keyId, result, verdict, named) => {
    const world = worldWith(project);
    commit(world, '1', KEY);
    const sha = commit(world, '2', keyId, result);
    const problem = `GIT/GPG: Failed verifying revision ${sha} by '${AUTHOR}': ${verdict} (key_id=${named})`;
    expect([dataOf(world), errorsOf(world)]).toEqual(['1', [problem]]);
    expect(statusOf(world).sync, 'the comparison is made all the same').toMatchObject({
      status: 'OutOfSync',
      revision: sha,
    });
    expect(statusOf(world).operationState).toMatchObject({ phase: 'Error', message: `ComparisonError: ${problem}` });
    commit(world, '3', KEY);
    expect([dataOf(world), errorsOf(world)]).toEqual(['3', []]);
  });
});

describe('no way around', () => {
  const target = { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' };

  it.each<[string, (sha: string) => Record<string, unknown>]>([
    ['a sync by hand', (sha) => ({ revision: sha })],
    ['a sync of what is tracked', () => ({})],
    ['a selective sync', (sha) => ({ revision: sha, resources: [{ kind: 'ConfigMap', name: 'a' }] })],
    [
      'a rollback',
      (sha) => ({ revision: sha, source: { repoURL: REPOSITORY, path: 'deploy' }, syncStrategy: { apply: {} } }),
    ],
    ['a dry run', (sha) => ({ revision: sha, dryRun: true })],
  ])('by %s', (_what, sync) => {
    const world = worldWith(SIGNED, { syncPolicy: {} });
    const sha = commit(world, '1');
    world.patch(target, { operation: { sync: sync(sha) } });
    world.run();
    expect(dataOf(world)).toBeUndefined();
    expect(statusOf(world).operationState?.phase).toBe('Error');
    expect(statusOf(world).operationState?.message).toContain('unsigned');
  });

  it('by manifests that come with the request (cd/G17)', () => {
    const world = worldWith(SIGNED, { syncPolicy: {} });
    commit(world, '1', KEY);
    world.patch(target, { operation: { sync: { manifests: [configMap('a', 'local')] } } });
    world.run();
    expect(dataOf(world)).toBeUndefined();
    expect(statusOf(world).operationState?.message).toContain(
      'Cannot use local manifests when source integrity is enforced',
    );
  });

  it('by a project that is not clear (cd/G04): nothing is deployed until it is put right', () => {
    const world = worldWith({ sourceIntegrity: { git: { policies: [POLICY, POLICY] } } });
    commit(world, '1', KEY);
    expect(dataOf(world)).toBeUndefined();
    expect(errorsOf(world)[0]).toContain(
      `Failed to load target state: multiple (2) git source integrity policies found for repo URL: ${REPOSITORY}`,
    );
    world.patch(
      { kind: 'AppProject.argoproj.io', namespace: 'argocd', name: 'signed' },
      { spec: { sourceIntegrity: { git: { policies: [POLICY] } } } },
    );
    world.run();
    expect([dataOf(world), errorsOf(world)]).toEqual(['1', []]);
  });
});

it('looks again when the keys change', () => {
  const world = worldWith({ signatureKeys: [{ keyID: 'BBBBBBBBBBBBBBBB' }] }, { syncPolicy: {} });
  commit(world, '1', 'BBBBBBBBBBBBBBBB');
  expect(errorsOf(world)[0]).toContain('signed with key not in keyring');
  const keyring = { kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-gpg-keys-cm' };
  world.patch(keyring, { data: { BBBBBBBBBBBBBBBB: 'armoured' } });
  world.run();
  expect(errorsOf(world)).toEqual([]);
});

it('verifies an annotated tag instead of its commit, also when the sync names the commit (cd/G14)', () => {
  const world = worldWith(SIGNED, {
    source: { repoURL: REPOSITORY, path: 'deploy', targetRevision: 'v1' },
  });
  const sha = commit(world, '1');
  world.git.tag(REPOSITORY, 'v1', sha, { tagger: AUTHOR, signature: { keyId: KEY } });
  world.run();
  expect([dataOf(world), errorsOf(world), statusOf(world).sync?.revision]).toEqual(['1', [], sha]);
  const next = commit(world, '2', KEY);
  world.git.tag(REPOSITORY, 'v1', next, { tagger: AUTHOR });
  world.run();
  expect(dataOf(world), 'a signed commit under an unsigned annotated tag').toBe('1');
  expect(errorsOf(world)).toEqual([`GIT/GPG: Failed verifying revision v1 by '${AUTHOR}': unsigned (key_id=)`]);
});

describe('strict', () => {
  const strict = { sourceIntegrity: { git: { policies: [{ ...POLICY, gpg: { mode: 'strict', keys: [KEY] } }] } } };

  it('wants every commit of the history signed, until a signed seal (cd/G15, cd/G16)', () => {
    const world = worldWith(strict);
    const first = commit(world, '1');
    commit(world, '2', KEY);
    expect(dataOf(world)).toBeUndefined();
    expect(errorsOf(world)[0]).toContain(`Failed verifying revision ${first}`);
    commit(world, '3', KEY, undefined, 'reviewed\n\nArgocd-gpg-seal: up to here');
    expect([dataOf(world), errorsOf(world)]).toEqual(['3', []]);
    commit(world, '4', KEY);
    expect([dataOf(world), errorsOf(world)]).toEqual(['4', []]);
  });
});
