import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { Access } from './access.ts';
import { parseAccounts } from './accounts.ts';
import { identityOf, issueToken, verifyToken } from './tokens.ts';

const KEY = new TextEncoder().encode('a key of thirty-two bytes for tests');
const NOW_MS = Date.UTC(2026, 0, 1);
const issue = (subject: string, id: string, expiresInSeconds = 0) =>
  issueToken({ subject, id, nowMs: NOW_MS, expiresInSeconds }, KEY);

function world(parts: { accounts?: Record<string, string>; tokens?: string; project?: object }) {
  const store = new Store(volatileJournal);
  const put = (kind: string, apiVersion: string, name: string, body: object) =>
    store.put({
      apiVersion,
      kind,
      metadata: { name, namespace: 'argocd', uid: name },
      ...body,
    } as unknown as KubeObject);
  put('ConfigMap', 'v1', 'argocd-cm', { data: parts.accounts ?? {} });
  put('Secret', 'v1', 'argocd-secret', {
    data: { 'accounts.ci.tokens': Buffer.from(parts.tokens ?? '[]').toString('base64') },
  });
  if (parts.project !== undefined) put('AppProject', 'argoproj.io/v1alpha1', 'shop', parts.project);
  return { access: new Access(store), reader: store, controlPlane: 'argocd' };
}

describe('tokens', () => {
  it('are HS256 with issuer argocd, subject, id, issue and expiry', async () => {
    const { token, iat, exp } = await issue('ci:apiKey', 'one', 60);
    const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(header as string)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(JSON.parse(payload as string)).toEqual({
      iss: 'argocd',
      sub: 'ci:apiKey',
      jti: 'one',
      iat: NOW_MS / 1000,
      nbf: NOW_MS / 1000,
      exp: NOW_MS / 1000 + 60,
    });
    expect([iat, exp]).toEqual([NOW_MS / 1000, NOW_MS / 1000 + 60]);
  });

  it('let nobody in when expired, changed, signed with another key or by nothing', async () => {
    const { token } = await issue('ci:apiKey', 'one', 60);
    await expect(verifyToken(token, KEY, NOW_MS + 30_000)).resolves.toMatchObject({ sub: 'ci:apiKey' });
    await expect(verifyToken(token, KEY, NOW_MS + 62_000)).rejects.toThrow(
      'invalid session: "exp" claim timestamp check failed',
    );
    await expect(verifyToken(token, KEY, NOW_MS - 60_000)).rejects.toThrow('nbf');
    await expect(verifyToken(token, new Uint8Array(32), NOW_MS)).rejects.toThrow('signature verification failed');
    const [, payload] = token.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    await expect(verifyToken(none, KEY, NOW_MS)).rejects.toThrow('invalid session');
    for (const text of ['', 'a.b.c', '...', 'x'.repeat(10_000)]) {
      await expect(verifyToken(text, KEY, NOW_MS)).rejects.toThrow('invalid session');
    }
  });

  it('of accounts count while the account has the id, is enabled and has the capability', () => {
    const accounts = { 'accounts.ci': 'apiKey' };
    const tokens = '[{"id":"one","iat":1}]';
    const claims = { sub: 'ci:apiKey', jti: 'one', iat: 1 };
    expect(identityOf(claims, world({ accounts, tokens }))).toMatchObject({
      username: 'ci',
      tokenId: 'one',
      claims: { sub: 'ci' },
    });
    const refused = (parts: Parameters<typeof world>[0], text: string, given: Record<string, unknown> = claims) =>
      expect(() => identityOf(given, world(parts))).toThrow(text);
    refused({ accounts, tokens: '[]' }, 'account ci does not have token with id one');
    refused({ accounts, tokens: 'nonsense' }, 'account ci does not have token with id one');
    refused({ accounts: { ...accounts, 'accounts.ci.enabled': 'false' }, tokens }, 'account ci is disabled');
    refused({ accounts: { 'accounts.ci': 'login' }, tokens }, "account ci does not have 'apiKey' capability");
    refused({ tokens }, "account 'ci' does not exist");
    refused({ accounts, tokens }, 'does not have a unique identifier', { sub: 'ci:apiKey', iat: 1 });
  });

  it('of project roles count while the project lists them', () => {
    const project = {
      spec: { roles: [{ name: 'ci' }] },
      status: { jwtTokensByRole: { ci: { items: [{ iat: 7, id: 'one' }] } } },
    };
    const claims = { sub: 'proj:shop:ci', jti: 'one', iat: 7 };
    expect(identityOf(claims, world({ project })).username).toBe('proj:shop:ci');
    expect(identityOf({ ...claims, jti: undefined }, world({ project })).username).toBe('proj:shop:ci');
    expect(() => identityOf({ ...claims, jti: 'two', iat: 8 }, world({ project }))).toThrow(
      "JWT token for role 'ci' issued at '8' does not exist in project 'shop'",
    );
    expect(() => identityOf(claims, world({ project: { spec: { roles: [] }, status: project.status } }))).toThrow(
      'does not exist',
    );
    expect(() => identityOf(claims, world({}))).toThrow("project 'shop' does not exist");
  });
});

it('accounts: capabilities, enabled, groups by annotation, admin always', () => {
  const accounts = parseAccounts({
    configMap: {
      data: {
        'accounts.ann': 'apiKey, login, fly',
        'accounts.bob.enabled': 'false',
        'accounts.a.b.c': 'x',
        other: 'y',
      },
      annotations: { 'groups.pern-gitops.dev/ann': 'platform, dev' },
    },
    secret: { 'admin.tokens': '[{"id":"t","iat":1},{"id":2}]' },
  });
  expect(accounts).toEqual([
    { name: 'admin', enabled: true, capabilities: ['login'], groups: [], tokens: [{ id: 't', iat: 1 }] },
    { name: 'ann', enabled: true, capabilities: ['apiKey', 'login'], groups: ['platform', 'dev'], tokens: [] },
    { name: 'bob', enabled: false, capabilities: [], groups: [], tokens: [] },
  ]);
});
