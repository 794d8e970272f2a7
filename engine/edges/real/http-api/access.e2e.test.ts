import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { serveEngine } from './testing.ts';

const served = await serveEngine();
const { engine, port, token: adminToken, ca } = served;
const { resources } = engine;

afterAll(async () => {
  await served.close();
  expect(served.faults).toEqual([]);
});

interface Answer {
  code: number;
  body: Record<string, unknown> & { message?: string; items?: KubeObject[] };
}

async function send(
  bearer: string,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': type };
  const request = httpsRequest({ host: '127.0.0.1', port, ca, method, path, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('error', reject);
    response.on('end', () =>
      resolve({ code: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : { text } }),
    );
  });
  request.on('error', reject);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

const APPS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const ROLLOUTS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/rollouts';
const MERGE = 'application/merge-patch+json';
const namesOf = ({ body }: Answer) => (body.items ?? []).map(({ metadata }) => metadata.name);

const application = (name: string, project: string) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name, namespace: 'argocd' },
  spec: { project, source: { repoURL: 'r', path: 'p' }, destination: { server: 's', namespace: 'shop' } },
});

const project = (name: string, roles: object[]) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name, namespace: 'argocd' },
  spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], roles },
});

let alice = '';
let robot = '';

beforeAll(async () => {
  resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } });
  const data = { 'accounts.alice': 'apiKey', 'accounts.bob': 'login', 'accounts.chief': 'apiKey' };
  resources.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd', annotations: { 'groups.pern-gitops.dev/alice': 'shop-team' } },
    data,
  });
  const csv = [
    'p, role:dev, applications, get, shop/*, allow',
    'p, role:dev, applications, action/argoproj.io/Rollout/abort, shop/*, allow',
    'g, shop-team, role:dev',
    'p, chief, projects, update, bank, allow',
    'p, chief, projects, get, bank, allow',
  ];
  resources.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-rbac-cm', namespace: 'argocd' },
    data: { 'policy.csv': csv.join('\n') },
  });
  const policies = ['get', 'sync'].map((action) => `p, proj:shop:ci, applications, ${action}, shop/web, allow`);
  resources.create(project('shop', [{ name: 'ci', policies }]));
  resources.create(project('bank', []));
  for (const [name, of] of [
    ['web', 'shop'],
    ['api', 'shop'],
    ['vault', 'bank'],
  ] as const)
    resources.create(application(name, of));
  resources.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: {
      name: 'front',
      namespace: 'argocd',
      annotations: { 'argocd.argoproj.io/tracking-id': 'web:argoproj.io/Rollout:argocd/front' },
    },
    spec: { replicas: 1 },
  });
  alice = String((await send(adminToken, 'POST', '/pern/v1/accounts/alice/tokens', { id: 'laptop' })).body.token);
  robot = String(
    (await send(adminToken, 'POST', '/pern/v1/projects/shop/roles/ci/tokens', { id: 'pipeline', expiresIn: 3600 })).body
      .token,
  );
});

describe('three identities at the API', () => {
  it('each is who the token says', async () => {
    const who = async (bearer: string) => (await send(bearer, 'GET', '/pern/v1/session')).body.username;
    expect([await who(adminToken), await who(alice), await who(robot)]).toEqual(['admin', 'alice', 'proj:shop:ci']);
    const review = await send(alice, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
    expect(review.body.status).toEqual({ userInfo: { username: 'alice', groups: ['shop-team'] } });
  });

  it('each sees the Applications that policies show it', async () => {
    const seen = async (bearer: string) => namesOf(await send(bearer, 'GET', APPS));
    expect(await seen(adminToken)).toEqual(['api', 'vault', 'web']);
    expect(await seen(alice)).toEqual(['api', 'web']);
    expect(await seen(robot)).toEqual(['web']);
    const hidden = await send(alice, 'GET', `${APPS}/vault`);
    const missing = await send(alice, 'GET', `${APPS}/nothing`);
    expect([hidden.code, missing.code]).toEqual([403, 403]);
    expect(hidden.body.message).toContain('permission denied: applications, get, bank/vault, sub: alice');
  });

  it('a page token opens the list of whoever asked for it only', async () => {
    const page = await send(adminToken, 'GET', `${APPS}?limit=1`);
    const next = (page.body.metadata as { continue: string }).continue;
    expect((await send(alice, 'GET', `${APPS}?limit=1&continue=${next}`)).code).toBe(410);
    expect(namesOf(await send(adminToken, 'GET', `${APPS}?limit=5&continue=${next}`))).toEqual(['vault', 'web']);
  });

  it('a watch shows the same, and what was seen it also sees go', async () => {
    const events: string[] = [];
    const aborting = new AbortController();
    const headers = { authorization: `Bearer ${robot}` };
    const options = { host: '127.0.0.1', port, ca, path: `${ROLLOUTS}?watch=true`, headers, signal: aborting.signal };
    const { promise: sawDeletion, resolve } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const request = httpsRequest(options, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n').filter((part) => part !== '')) {
          const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
          events.push(`${type} ${object.metadata.name}`);
          begin();
          if (type === 'DELETED') resolve();
        }
      });
      response.on('error', () => {});
    });
    request.on('error', () => {});
    request.end();
    await begun;
    const tracked = (name: string, app: string) => ({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: {
        name,
        namespace: 'argocd',
        annotations: { 'argocd.argoproj.io/tracking-id': `${app}:argoproj.io/Rollout:argocd/${name}` },
      },
      spec: {},
    });
    resources.create(tracked('secret', 'vault'));
    resources.create(tracked('back', 'web'));
    for (const name of ['secret', 'back']) resources.delete({ kind: 'Rollout.argoproj.io', namespace: 'argocd', name });
    await sawDeletion;
    aborting.abort();
    expect(events).toEqual(['ADDED front', 'ADDED back', 'DELETED back']);
  });

  it('a sync is for whoever may sync, in their own name', async () => {
    const operation = { operation: { initiatedBy: { username: 'somebody else' }, sync: {} } };
    const refused = await send(alice, 'PATCH', `${APPS}/web`, operation, MERGE);
    expect([refused.code, refused.body.message]).toEqual([
      403,
      expect.stringContaining('permission denied: applications, sync, shop/web, sub: alice, iat: ') as string,
    ]);
    expect(refused.body.message).toContain(
      'nearest: "p, role:dev, applications, get, shop/*, allow" (argocd-rbac-cm policy.csv:1)',
    );
    const done = await send(robot, 'PATCH', `${APPS}/web`, operation, MERGE);
    expect(done.code).toBe(200);
    expect(done.body.operation).toEqual({ initiatedBy: { username: 'proj:shop:ci' }, sync: {} });
    const manifests = { operation: { sync: { manifests: ['x'] } } };
    expect((await send(robot, 'PATCH', `${APPS}/web`, manifests, MERGE)).body.message).toContain(
      'applications, override, shop/web',
    );
    expect((await send(robot, 'PATCH', `${APPS}/web`, { spec: { project: 'bank' } }, MERGE)).body.message).toContain(
      'applications, create, bank/web',
    );
    expect((await send(robot, 'PATCH', `${APPS}/web`, { status: { health: { status: 'Healthy' } } }, MERGE)).code).toBe(
      403,
    );
    expect((await send(robot, 'DELETE', `${APPS}/web`)).code).toBe(403);
    expect((await send(adminToken, 'PATCH', `${APPS}/web`, { operation: null }, MERGE)).code).toBe(200);
  });

  it('a verb of a Rollout is an action of its own', async () => {
    const status = (fields: object) => send(alice, 'PATCH', `${ROLLOUTS}/front/status`, { status: fields }, MERGE);
    expect((await status({ abort: true })).code).toBe(200);
    expect((await status({ promoteFull: true })).body.message).toContain(
      'applications, action/argoproj.io/Rollout/promote-full, shop/web',
    );
    expect(
      (await send(alice, 'PATCH', `${ROLLOUTS}/front/scale`, { spec: { replicas: 5 } }, MERGE)).body.message,
    ).toContain('applications, update/argoproj.io/Rollout/argocd/front, shop/web');
    expect((await send(robot, 'DELETE', `${ROLLOUTS}/front`)).body.message).toContain(
      'delete/argoproj.io/Rollout/argocd/front',
    );
  });

  it('secrets, tokens of others and what no Application deploys stay closed', async () => {
    for (const path of ['/api/v1/namespaces/argocd/secrets', '/api/v1/namespaces/argocd/configmaps']) {
      expect(namesOf(await send(alice, 'GET', path))).toEqual([]);
    }
    expect((await send(alice, 'GET', '/api/v1/namespaces/argocd/secrets/argocd-secret')).code).toBe(403);
    const edit = { data: { 'policy.csv': 'g, alice, role:admin' } };
    expect((await send(alice, 'PATCH', '/api/v1/namespaces/argocd/configmaps/argocd-rbac-cm', edit, MERGE)).code).toBe(
      403,
    );
    expect((await send(alice, 'POST', '/pern/v1/projects/shop/roles/ci/tokens', {})).body.message).toContain(
      'projects, update, shop',
    );
    expect((await send(alice, 'POST', '/pern/v1/accounts/bob/tokens', {})).code).toBe(403);
    expect((await send(alice, 'POST', '/pern/v1/accounts/alice/tokens', { id: 'own' })).code).toBe(200);
    expect((await send(adminToken, 'POST', '/pern/v1/accounts/bob/tokens', {})).body.message).toContain(
      'does not have apiKey capability',
    );
  });

  it('a project is changed by whoever may, and only into a valid one', async () => {
    const chief = String((await send(adminToken, 'POST', '/pern/v1/accounts/chief/tokens', {})).body.token);
    const change = (roles: object[]) =>
      send(chief, 'PATCH', '/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/bank', { spec: { roles } }, MERGE);
    const wrong = await change([{ name: 'x', policies: ['p, proj:shop:x, applications, get, bank/*, allow'] }]);
    expect([wrong.code, wrong.body.message]).toEqual([
      422,
      expect.stringContaining("policy subject must be: 'proj:bank:x', not 'proj:shop:x'") as string,
    ]);
    expect((await change([{ name: 'x' }])).code).toBe(200);
  });

  it('answers can-i with the line that decides', async () => {
    const ask = (bearer: string, action: string) =>
      send(bearer, 'POST', '/pern/v1/can-i', { resource: 'app', action, object: 'shop/web' });
    expect((await ask(robot, 'sync')).body).toEqual({
      allowed: true,
      because: '"p, proj:shop:ci, applications, sync, shop/web, allow" (AppProject shop, role ci)',
    });
    expect((await ask(alice, 'sync')).body.allowed).toBe(false);
    expect((await ask(alice, 'fly')).code).toBe(400);
    const review = (name: string, verb: string) =>
      send(robot, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: {
          resourceAttributes: { group: 'argoproj.io', resource: 'applications', namespace: 'argocd', name, verb },
        },
      });
    const allowed = async (name: string, verb: string) =>
      ((await review(name, verb)).body.status as { allowed: boolean }).allowed;
    expect([await allowed('web', 'get'), await allowed('web', 'patch'), await allowed('vault', 'get')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('a deleted token lets nobody in any more', async () => {
    const spare = String(
      (await send(adminToken, 'POST', '/pern/v1/projects/shop/roles/ci/tokens', { id: 'spare' })).body.token,
    );
    expect((await send(spare, 'GET', `${APPS}/web`)).code).toBe(200);
    expect((await send(adminToken, 'DELETE', '/pern/v1/projects/shop/roles/ci/tokens/spare')).code).toBe(200);
    const refused = await send(spare, 'GET', `${APPS}/web`);
    expect([refused.code, refused.body.message]).toEqual([
      401,
      expect.stringContaining("does not exist in project 'shop'") as string,
    ]);
    const tampered = `${robot.slice(0, -3)}abc`;
    expect((await send(tampered, 'GET', `${APPS}/web`)).body.message).toBe(
      'invalid session: signature verification failed',
    );
  });

  it('records writes, refusals and tokens with the rule that decided', () => {
    const seen = (verb: string, identity: string, outcome: string) =>
      served.audited.find((entry) => entry.verb === verb && entry.identity === identity && entry.outcome === outcome);
    expect(seen('create-token', 'admin', 'allowed')).toMatchObject({
      object: 'account alice',
      message: 'token laptop',
    });
    expect(seen('update', 'proj:shop:ci', 'allowed')).toMatchObject({
      object: 'Application.argoproj.io argocd/web',
      tokenId: 'pipeline',
      rule: '"p, proj:shop:ci, applications, sync, shop/web, allow" (AppProject shop, role ci)',
      source: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
    });
    expect(seen('update', 'alice', 'refused')?.rule).toContain('permission denied: applications, sync, shop/web');
    expect(seen('get', 'alice', 'refused')?.rule).toContain('applications, get, bank/vault');
    expect(seen('authenticate', 'anonymous', 'refused')?.rule).toContain('invalid session');
    expect(JSON.stringify(served.audited)).not.toContain(robot);
  });
});
